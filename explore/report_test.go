package explore_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
)

// recorder is a TB that keeps what it is told.
type recorder struct {
	errors, logs []string
	fatal        bool
}

func (r *recorder) Helper()                    {}
func (r *recorder) Name() string               { return "TestThing/case_1" }
func (r *recorder) Logf(f string, args ...any) { r.logs = append(r.logs, fmt.Sprintf(f, args...)) }
func (r *recorder) Errorf(f string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); r.fatal = true }
func (r *recorder) says(t *testing.T, s ...string) {
	t.Helper()
	all := strings.Join(append(r.errors, r.logs...), "\n")
	for _, want := range s {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in:\n%s", want, all)
		}
	}
}

func TestATestSaysHowToReplay(t *testing.T) {
	r := &recorder{}
	explore.Test(r, abba)
	if len(r.errors) != 1 {
		t.Fatalf("%d errors: %v", len(r.errors), r.errors)
	}
	r.says(t, "deadlock: ab ⇄ ba", "when ab is at its step 2, run ba", "zz lock b",
		"replay: go test -run '^TestThing$/^case_1$' -explore.replay='")
	_, token, _ := strings.Cut(r.errors[0], "-explore.replay='")
	token, _, _ = strings.Cut(token, "'")

	again := &recorder{}
	explore.Replay(again, token, abba)
	if len(again.errors) != 1 || again.fatal {
		t.Errorf("replay: %v", again.errors)
	}
	again.says(t, "deadlock: ab ⇄ ba", "zz lock b")

	other := &recorder{}
	explore.Replay(other, token, lostWakeup)
	if len(other.errors) != 1 || !other.fatal {
		t.Errorf("replay of another program: %v", other.errors)
	}
	other.says(t, "stale token")
}

func TestATestThatPassesSaysWhatItCovered(t *testing.T) {
	r := &recorder{}
	explore.Test(r, lockRounds(3, 3))
	if len(r.errors) > 0 {
		t.Fatal(r.errors)
	}
	r.says(t, "POS: 300 executions, 5,400 steps", "PCT(3): 300 executions",
		"DPOR: exhausted every order of dependent steps: 1,680 executions, 1,680 traces, 30,240 steps in")
}

func TestACutSearchIsNotExhausted(t *testing.T) {
	for name, opts := range map[string][]explore.Option{
		"executions": {explore.Plan(explore.DPOR(0).Most(100))},
		"steps":      {explore.Plan(explore.DPOR(0)), explore.MaxSteps(17), explore.CollectAll()},
	} {
		r := explore.Explore(context.Background(), lockRounds(3, 3), opts...)
		if r.Certificate.Exhausted() || !strings.Contains(r.Certificate.String(), "not exhausted") {
			t.Errorf("%s: %v", name, r.Certificate.String())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r := explore.Explore(ctx, lockRounds(3, 3)); r.Certificate.Exhausted() {
		t.Errorf("with an ended context: %v", r.Certificate.String())
	}
}

// The picture is well-formed, and has what the text has.
func TestSVG(t *testing.T) {
	f := only(t, abba)
	d := xml.NewDecoder(strings.NewReader(f.Timeline.SVG()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"a ab", "b ba", "zz lock b", "a held by ab", "stroke-dasharray"} {
		if !strings.Contains(f.Timeline.SVG(), want) {
			t.Errorf("no %q", want)
		}
	}
}

// An arrow goes from the wake to the one that wakes.
func TestTimelineShowsWakes(t *testing.T) {
	f := only(t, func(x *explore.Run) {
		p := sleepIn(x, "p")
		x.Go("<sleeper>", func() {
			_ = p.Park(x.Context(), nil)
			x.Logf("awake & %d", 1)
			x.Errorf("woken")
		})
		x.Go("waker", func() { p.Unpark() })
	})
	text := f.Timeline.Text(0)
	for _, want := range []string{"zz park p", "→ <sleeper>", "# awake & 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	svg := f.Timeline.SVG()
	for _, want := range []string{"&lt;sleeper&gt;", "marker-end", "awake &amp; 1"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
}

// Long runs of one task are folded in the short form, and it ends with the end.
func TestTextFolds(t *testing.T) {
	f := only(t, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("long", func() {
			for i := range 100 {
				v.Store(int64(i))
			}
			x.Errorf("at the end")
		})
	})
	short, long := f.Timeline.Text(30), f.Timeline.Text(0)
	if n := strings.Count(short, "\n"); n > 10 || !strings.Contains(short, "(94 steps)") || !strings.Contains(short, "store v = 99") {
		t.Errorf("%d lines:\n%s", n, short)
	}
	if n := strings.Count(long, "\n"); n != 102 {
		t.Errorf("%d lines, want 102", n)
	}
}

// signed is an error that says what tells it apart.
type signed struct{ n int }

func (s signed) Error() string     { return fmt.Sprint("number ", s.n) }
func (s signed) Signature() string { return fmt.Sprint("parity ", s.n%2) }

func TestFindingsAreDistinct(t *testing.T) {
	distinct := func(fn func(*explore.Run)) int {
		r := explore.Explore(context.Background(), fn, explore.CollectAll(), explore.Plan(explore.DPOR(0)))
		for _, f := range r.Findings {
			if f.Seen < 1 || f.Token == "" {
				t.Errorf("%+v", f)
			}
		}
		return len(r.Findings)
	}
	if n := distinct(func(x *explore.Run) {
		i := x.Choose(6)
		x.Go("t", func() { x.Error(signed{i}) })
	}); n != 2 {
		t.Errorf("%d findings of two signatures", n)
	}
	if n := distinct(func(x *explore.Run) {
		i := x.Choose(6)
		x.Go("t", func() { x.Errorf("number %d", i) })
	}); n != 1 {
		t.Errorf("%d findings of one format", n)
	}
	if n := distinct(func(x *explore.Run) {
		i := x.Choose(3)
		x.Go(fmt.Sprint("t", i), func() { x.Errorf("number %d", i) })
	}); n != 3 {
		t.Errorf("%d findings by three tasks", n)
	}
	f := only(t, func(x *explore.Run) { x.Go("t", func() { x.Error(signed{7}) }) })
	if !errors.Is(f.Err, signed{7}) {
		t.Errorf("Err = %v", f.Err)
	}
}
