package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 100, 1, 2}, 3},
	} {
		if got := median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	vs := []float64{3, 1, 2}
	if median(vs); vs[0] != 3 {
		t.Error("median sorts its argument")
	}
}

// resultOf is a pair, from times taken in turns.
func resultOf(t *testing.T, bench string, p pair, ours, rival []sample) *result {
	t.Helper()
	r := &result{Bench: bench, Ours: p.ours, Rival: p.rival}
	for i := range ours {
		r.add(ours[i], rival[i])
	}
	return r
}

func times(ns ...float64) (samples []sample) {
	for _, v := range ns {
		samples = append(samples, sample{"ns/op": v})
	}
	return samples
}

func TestTheRatioIsTakenTurnByTurn(t *testing.T) {
	// The machine was ten times slower in the second turn, for both.
	r := resultOf(t, "x", pair{"floodgate", "y"}, times(10, 200, 30), times(20, 200, 10))
	if want := (spread{Median: 1, Min: 0.5, Max: 3}); r.Ratio != want {
		t.Errorf("%+v, want %+v", r.Ratio, want)
	}
	if r.Met != nil || r.Aim != 0 {
		t.Errorf("no aim, but %v %v", r.Aim, *r.Met)
	}
}

func TestAnAimIsMetByTheMedian(t *testing.T) {
	a := aims[0]
	for _, c := range []struct {
		ours []sample
		want bool
	}{
		{times(10, 10, 500), true},
		{times(a.most*100, a.most*100, a.most*100), true}, // at most
		{times(10, 95, 95), false},
	} {
		r := resultOf(t, a.bench, a.pair, c.ours, times(100, 100, 100))
		if r.Met == nil || *r.Met != c.want || r.Aim != a.most {
			t.Errorf("%+v: met %v, aim %v", r.Ratio, r.Met, r.Aim)
		}
	}
}

func TestFasterButLessFairDoesNotMeetAnAimOfEqualFairness(t *testing.T) {
	var a *aim
	for i := range aims {
		if aims[i].fair {
			a = &aims[i]
		}
	}
	shares := func(ns, share float64) []sample { return []sample{{"ns/op": ns, fairness: share}} }
	for _, c := range []struct {
		ours, rival float64
		want        string
	}{
		{1, 1, "met"}, {1.15, 1, "met"}, {3, 2.9, "met"}, {1.5, 1, "not met: less fair"}, {20, 1, "not met: less fair"},
	} {
		r := resultOf(t, a.bench, a.pair, shares(10, c.ours), shares(100, c.rival))
		if _, met := verdict(r); met != c.want || *r.Met != (c.want == "met") {
			t.Errorf("shares %v and %v: %s", c.ours, c.rival, met)
		}
	}
	if _, met := verdict(resultOf(t, a.bench, a.pair, shares(100, 1), shares(100, 1))); met != "not met" {
		t.Errorf("as fast as the rival: %s", met)
	}
}

// someReport is a report of one pair with an aim, one without, and one that was not reached.
func someReport(t *testing.T) *report {
	t.Helper()
	a := aims[0]
	ours := []sample{{"ns/op": 1.5, allocs: 0}, {"ns/op": 1.6, allocs: 0}}
	rival := []sample{{"ns/op": 3, allocs: 2}, {"ns/op": 4, allocs: 2}}
	return &report{Go: "go1.26", OS: "plan9", Arch: "mips", CPUs: 2, Benchtime: "1ms", Results: []*result{
		resultOf(t, a.bench, a.pair, ours, rival),
		resultOf(t, "WakeAll/parked=10", pair{"floodgate", "callback"}, times(2500), times(1000)),
		resultOf(t, "WakeAll/parked=100", pair{"floodgate", "callback"}, times(25000), times(12345)),
		resultOf(t, "WakeAll/parked=1000", pair{"floodgate", "chan"}, nil, nil),
	}}
}

func TestTheTable(t *testing.T) {
	var out strings.Builder
	show(&out, someReport(t))
	for _, want := range []string{"0.45", "0.40–0.50", "0/2", "≤ 0.90", "met", "2.50", "12345", "wake on an empty queue"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "parked=1000") {
		t.Error("a pair that was not measured is shown")
	}
	out.Reset()
	show(&out, &report{})
	if got := out.String(); got != "nothing was measured\n" {
		t.Errorf("%q", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.516: "0.52", 9: "9", 12.34: "12.3", 40: "40", 99.96: "100", 332706: "332706"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	var out strings.Builder
	if err := writeJSON(&out, someReport(t)); err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if len(got.Results) != 3 || got.Results[0].Met == nil || !*got.Results[0].Met || got.Results[1].Met != nil ||
		math.Abs(got.Results[0].Ratio.Median-0.45) > 1e-9 || got.Results[0].Our[1].ns() != 1.6 {
		t.Errorf("%s", out.String())
	}
}

func TestThePageNeedsNoOtherFile(t *testing.T) {
	var out strings.Builder
	if err := writePage(&out, someReport(t)); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if n := strings.Count(page, "<svg"); n != 2 { // ratios, and WakeAll over the number parked
		t.Errorf("%d plots", n)
	}
	for _, want := range []string{"</html>", "Uncontended/op=wake", "0.45", `class="met"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, no := range []string{"<script", "<link", "src=", "@import", "<?xml"} {
		if strings.Contains(page, no) {
			t.Errorf("the page has %q", no)
		}
	}
	out.Reset()
	if err := writePage(&out, &report{}); err != nil || strings.Contains(out.String(), "<svg") {
		t.Errorf("nothing measured: %v", err)
	}
}
