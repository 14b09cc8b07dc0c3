package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The names in the grid are those of the benchmarks, and the other way round:
// each benchmark runs once, in a process of its own.
func TestTheGridNamesTheBenchmarks(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("runs every benchmark once; the race detector allows 8128 goroutines")
	}
	want := map[string]bool{}
	for _, q := range grid {
		for _, p := range q.pairs {
			want["Benchmark"+q.name+"/impl="+p.ours] = true
			want["Benchmark"+q.name+"/impl="+p.rival] = true
		}
	}
	out, err := exec.Command(os.Args[0], "-test.run", "^$", "-test.bench", ".", "-test.benchtime", "1x").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := parse(out)
	for name := range got {
		if !want[name] {
			t.Errorf("%s is not in the grid", name)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is no benchmark", name)
		}
	}
}

func TestNoPairIsInTheGridTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range grid {
		for _, p := range q.pairs {
			key := q.name + p.ours + p.rival
			if seen[key] {
				t.Errorf("%s: %s and %s again", q.name, p.ours, p.rival)
			}
			seen[key] = true
			if !strings.HasPrefix(p.ours, "floodgate") || strings.HasPrefix(p.rival, "floodgate") {
				t.Errorf("%s: %s is not ours, or %s is no rival", q.name, p.ours, p.rival)
			}
		}
	}
}

func TestEachAimIsMeasured(t *testing.T) {
	for _, a := range aims {
		if !slices.ContainsFunc(grid, func(q question) bool { return q.name == a.bench && slices.Contains(q.pairs, a.pair) }) {
			t.Errorf("%s: %s has no pair %v", a.what, a.bench, a.pair)
		}
		if got := aimOf(a.bench, a.pair); got == nil || *got != a {
			t.Errorf("%s: found %v", a.what, got)
		}
	}
	if a := aimOf("Uncontended/op=wake", pair{"floodgate", "chan"}); a != nil {
		t.Errorf("an aim that nobody set: %v", a)
	}
}
