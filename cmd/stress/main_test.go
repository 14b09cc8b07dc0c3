package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func stress(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = run(context.Background(), append([]string{"stress"}, args...), &o, &e)
	return status, o.String(), e.String()
}

func TestBadUsageIsStatus2AndSaysWhatIsAllowed(t *testing.T) {
	for _, c := range []struct {
		args string
		want string // in the message
	}{
		{"-generation G9", "G1"},
		{"-scenario R-z", "R-a"},
		{"-provider pthread", "xsync"},
		{"-rounds 0", "at least one"},
		{"-rounds -3", "at least one"},
		{"-rounds many", "rounds"},
		{"-duration -1s", "positive"},
		{"-duration 0s", "positive"},
		{"-noise 0", "positive"},
		{"-bogus", "bogus"},
		{"frobnicate", "no such command"},
	} {
		status, out, errs := stress(strings.Fields(c.args)...)
		if status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("stress %s: status %d, %q; want 2 and %q", c.args, status, errs, c.want)
		}
		if strings.Contains(out, "verdict") {
			t.Errorf("stress %s played all the same", c.args)
		}
	}
}

func TestTheStatusIsAboutTheDefaultProtocol(t *testing.T) {
	if status, out, errs := stress("-generation", "G1", "-scenario", "R-a", "-rounds", "20"); status != 0 {
		t.Errorf("a generation that is not the default hangs: status %d\n%s%s", status, out, errs)
	}
	if status, out, errs := stress("-generation", lookup.Best().ID, "-scenario", "R-h", "-rounds", "20"); status != 0 {
		t.Errorf("the default protocol in R-h: status %d\n%s%s", status, out, errs)
	}
}

func TestAnInterruptedRunIsStatus1(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	if status := run(ctx, []string{"stress", "-rounds", "5"}, &out, &errs); status != 1 {
		t.Errorf("status %d", status)
	}
}

func TestTheTableTellsTheStory(t *testing.T) {
	_, out, _ := stress("-generation", "G1", "-generation", "G4", "-scenario", "a", "-rounds", "20")
	for _, want := range []string{"R-a gated", "HANGS EVERY TIME", "clean", "wait-for cycle", "L9 down(i_sem)", "R13 sleep"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestJSON(t *testing.T) {
	_, out, _ := stress("-generation", "G1", "-scenario", "a", "-rounds", "20", "-json")
	var results []map[string]any
	if err := json.Unmarshal([]byte(out), &results); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if len(results) != 2 || results[0]["hung"] != 20.0 || results[0]["hang"] == nil {
		t.Errorf("%+v", results)
	}
}

func TestListNamesEverything(t *testing.T) {
	status, out, _ := stress("-list")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	for _, g := range lookup.All() {
		if !strings.Contains(out, g.ID) {
			t.Errorf("no %s", g.ID)
		}
	}
	for _, r := range scenario.Reproducers() {
		if !strings.Contains(out, r.ID) {
			t.Errorf("no %s", r.ID)
		}
	}
	for _, p := range scenario.Providers() {
		if !strings.Contains(out, p) {
			t.Errorf("no %s", p)
		}
	}
}
