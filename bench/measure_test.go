package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got := parse([]byte(`goos: linux
cpu: some 2.60GHz
BenchmarkA/op=down+up/impl=floodgate-single-2         	   50130	       551.2 ns/op	       1.50 max/min	       0 B/op	       2 allocs/op
BenchmarkA/op=down+up/impl=floodgate-single         	   50130	       7 ns/op
BenchmarkB-16	1	1e+09 ns/op
BenchmarkBroken-2	12	many ns/op
BenchmarkLogs-2
    x_test.go:3: BenchmarkNo 1 2 ns/op
--- BENCH: BenchmarkB-16
PASS
`))
	for name, want := range map[string]sample{
		"BenchmarkA/op=down+up/impl=floodgate-single": {"ns/op": 7},
		"BenchmarkB": {"ns/op": 1e9},
	} {
		if !maps.Equal(got[name], want) {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if len(got) != 2 {
		t.Errorf("%v", got)
	}
	line := parse([]byte("BenchmarkA-2 5 551.2 ns/op 1.50 max/min 0 B/op 2 allocs/op\n"))["BenchmarkA"]
	if want := (sample{"ns/op": 551.2, "max/min": 1.5, "B/op": 0, "allocs/op": 2}); !maps.Equal(line, want) {
		t.Errorf("%v, want %v", line, want)
	}
}

func TestTrimProcs(t *testing.T) {
	for in, want := range map[string]string{
		"BenchmarkX-2": "BenchmarkX", "BenchmarkX": "BenchmarkX", "BenchmarkX/impl=floodgate-sem": "BenchmarkX/impl=floodgate-sem",
		"BenchmarkX/impl=floodgate-sem-128": "BenchmarkX/impl=floodgate-sem", "BenchmarkX-": "BenchmarkX-",
	} {
		if got := trimProcs(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Package testing takes the pattern apart at slashes and matches each part.
func TestOnlySelectsOne(t *testing.T) {
	parts := strings.Split(only("BenchmarkUncontended/op=down+up/impl=floodgate"), "/")
	for i, c := range []struct{ yes, no string }{
		{"BenchmarkUncontended", "BenchmarkUncontendedToo"}, {"op=down+up", "op=downnup"}, {"impl=floodgate", "impl=floodgate-single"},
	} {
		if re := regexp.MustCompile(parts[i]); !re.MatchString(c.yes) || re.MatchString(c.no) {
			t.Errorf("%s: %s %v, %s %v", parts[i], c.yes, re.MatchString(c.yes), c.no, re.MatchString(c.no))
		}
	}
}

// program runs the program.
func program(ctx context.Context, args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = run(ctx, append([]string{"bench"}, args...), &o, &e)
	return status, o.String(), e.String()
}

func TestBadUsageIsStatus2AndSaysWhatIsAllowed(t *testing.T) {
	for _, c := range []struct {
		args string
		want string // in the message
	}{
		{"-run (", "-run"},
		{"-run nosuchthing", "-list"},
		{"-count 0", "at least one"},
		{"-count -2", "at least one"},
		{"-count many", "count"},
		{"-benchtime 0s", "100ms"},
		{"-benchtime 0x", "1000x"},
		{"-benchtime -5ms", "100ms"},
		{"-benchtime soon", "100ms"},
		{"-html /no/such/directory/page.html", "-html"},
		{"-bogus", "bogus"},
		{"frobnicate", "no such command"},
	} {
		status, out, errs := program(context.Background(), strings.Fields(c.args)...)
		if status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("bench %s: status %d, %q; want 2 and %q", c.args, status, errs, c.want)
		}
		if strings.Contains(out, "ratio") {
			t.Errorf("bench %s ran all the same", c.args)
		}
	}
}

func TestListAndHelpAreStatus0(t *testing.T) {
	status, out, _ := program(context.Background(), "-list")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	for _, q := range grid {
		if !strings.Contains(out, q.name+"\n") || !strings.Contains(out, q.about) {
			t.Errorf("no %s", q.name)
		}
	}
	if n := strings.Count(out, "aim:"); n != len(aims) {
		t.Errorf("%d aims, want %d", n, len(aims))
	}
	if status, out, _ = program(context.Background(), "-h"); status != 0 || !strings.Contains(out, "benchtime") {
		t.Errorf("-h: status %d\n%s", status, out)
	}
}

func TestRunSelectsByNameOfEitherSide(t *testing.T) {
	_, out, _ := program(context.Background(), "-list", "-run", "wakeone/parked=10/.*XSYNC")
	if want := "WakeOne/parked=10\n  " + aboutWakeOne + "\n    floodgate : xsync\n    floodgate-sem : xsync\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

// The whole way, with real processes.
func TestARunPrintsTheTableAndThePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	status, out, errs := program(context.Background(), "-run", "op=wait", "-count", "2", "-benchtime", "10x", "-html", page)
	if status != 0 || !strings.Contains(out, "Uncontended/op=wait") || !strings.Contains(out, "2 turns of 10x") {
		t.Errorf("status %d\n%s\n%s", status, out, errs)
	}
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("<svg")) {
		t.Errorf("no page: %v", err)
	}
	_, out, _ = program(context.Background(), "-run", "op=wait", "-count", "1", "-benchtime", "10x", "-json")
	var rep report
	if err := json.Unmarshal([]byte(out), &rep); err != nil || len(rep.Results) != 1 || len(rep.Results[0].Our) != 1 {
		t.Errorf("%v in\n%s", err, out)
	}
}

func TestAnInterruptedRunIsStatus1(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	status, _, errs := program(ctx, "-run", "op=wait", "-count", "1")
	if status != 1 || !strings.Contains(errs, "interrupted") {
		t.Errorf("status %d, %q", status, errs)
	}
}

// What was measured before the end is kept.
func TestAnInterruptedRunReturnsWhatThereIs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	jobs := []job{{&grid[1], grid[1].pairs[0]}, {&grid[1], grid[1].pairs[0]}}
	measured := 0
	rep, err := measureWith(ctx, jobs, 3, "1x", func(context.Context, string, string) (sample, error) {
		if measured++; measured > 5 { // in the second turn
			cancel()
			return nil, cause(ctx, errors.New("killed"))
		}
		return sample{"ns/op": float64(measured)}, nil
	}, func(job) {})
	if !errors.Is(err, errInterrupted) {
		t.Errorf("%v", err)
	}
	if got := rep.measured(); len(got) != 2 || len(got[0].Our) != 1 || got[1].Their[0].ns() != 4 {
		t.Errorf("%+v", got)
	}
}

func TestABenchmarkThatFailsIsStatus1AndShowsItsOutput(t *testing.T) {
	_, err := measure(context.Background(), os.Args[0], "NoSuchThing", "floodgate", "1x")
	if err == nil || !strings.Contains(err.Error(), "no result") {
		t.Errorf("%v", err)
	}
}
