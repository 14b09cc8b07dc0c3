//go:build !race

// Not under the race detector: the checks keep books of their own, in plain
// memory that every task of an exploration writes to.

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A hunt finds the hang of the mail; its token replays and is explained; a page
// shows it.
func TestAHuntAndWhatItFinds(t *testing.T) {
	page := filepath.Join(t.TempDir(), "hunt.html")
	status, out, errs := stress("hunt", "-g", "G1", "-s", "stat(a)+unlink(a)/nop", "-b", "10s", "-json", "-html", page)
	if status != 0 {
		t.Fatalf("status %d: a failure of G1 is not one of the default protocol\n%s", status, errs)
	}
	var found []jsonQuarry
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	token := ""
	for _, r := range found[0].Rows {
		if r.Statement == "LV-2" {
			token = r.Token
		}
	}
	if token == "" {
		t.Fatalf("no hang in %s", out)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(html); strings.Count(s, "<svg") != len(found[0].Rows) || !strings.Contains(s, token[:2]) {
		t.Errorf("the page has %d pictures for %d failures", strings.Count(s, "<svg"), len(found[0].Rows))
	}

	status, out, _ = stress("replay", token)
	if status != 1 || !strings.Contains(out, "LV-2") || !strings.Contains(out, "zz") {
		t.Errorf("replay: status %d\n%s", status, out)
	}
	status, out, _ = stress("explain", token)
	if status != 1 || !strings.Contains(out, "down(i_sem)") || !strings.Contains(out, "Nobody waits for itself") {
		t.Errorf("explain: status %d\n%s", status, out)
	}
}

func TestTheHuntInTheDefaultProtocolDecides(t *testing.T) {
	status, out, errs := stress("hunt", "-g", "floodgate", "-s", "stat(a)+unlink(a)/nop", "-b", "2s")
	if status != 0 || !strings.Contains(out, "nothing found") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestBadHuntsAndTokensAreStatus2(t *testing.T) {
	for _, args := range [][]string{
		{"hunt", "-g", "G9"}, {"hunt", "-s", "chmod(a)/nop"}, {"hunt", "-b", "0s"}, {"hunt", "-b", "soon"}, {"hunt", "now"},
		{"hunt", "-html", filepath.Join(t.TempDir(), "no", "such", "dir.html")},
		{"replay"}, {"replay", "g1"}, {"replay", "g1:stat(a)/nop:000000"}, {"explain", "a", "b"},
	} {
		if status, out, errs := stress(args...); status != 2 || errs == "" {
			t.Errorf("%v: status %d, %q, %q", args, status, out, errs)
		}
	}
}

func TestTheFamilyIsListed(t *testing.T) {
	status, out, errs := stress("hunt", "-pairs", "-list")
	if status != 0 || !strings.Contains(out, "stat(a)+unlink(a)/nop\n") || !strings.Contains(errs, "scenarios") {
		t.Errorf("status %d, %d bytes, %q", status, len(out), errs)
	}
}
