package explore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

func only(t *testing.T, fn func(*explore.Run), opts ...explore.Option) *explore.Finding {
	t.Helper()
	r := explore.Explore(context.Background(), fn, opts...)
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings, want 1: %v\n%v", len(r.Findings), r.Findings, r.Certificate.String())
	}
	return r.Findings[0]
}

func abba(x *explore.Run) {
	a, b := mutex(x, "a"), mutex(x, "b")
	x.Go("ab", func() { a.Lock(); b.Lock(); b.Unlock(); a.Unlock() })
	x.Go("ba", func() { b.Lock(); a.Lock(); a.Unlock(); b.Unlock() })
}

func TestDeadlock(t *testing.T) {
	f := only(t, abba, explore.Plan(explore.DPOR(0)))
	if f.Kind != explore.Deadlock || len(f.Stuck) != 2 || f.Schedule.Len() != 1 {
		t.Errorf("%s", f.Report(0))
	}
	t.Logf("%s", f.Report(0))
	r, err := explore.Follow(f.Token, abba)
	if err != nil || r.Finding == nil || r.Finding.Signature != f.Signature {
		t.Errorf("replay: %v, %v", r, err)
	}
}

// lostWakeup is a sleeper that tests its condition before it announces that it
// sleeps, and a waker that sees nobody.
func lostWakeup(x *explore.Run) {
	ready, waiting := cell(x, "ready"), cell(x, "waiting")
	var p sched.Parker
	p.Init(x.Scheduler(), sched.Spec{Name: "sleeper"})
	x.Go("sleeper", func() {
		if ready.Load() == 0 {
			waiting.Store(1)
			_ = p.Park(context.Background(), nil)
		}
	})
	x.Go("waker", func() {
		ready.Store(1)
		if waiting.Load() == 1 {
			p.Unpark()
		}
	})
}

func TestLostWakeup(t *testing.T) {
	f := only(t, lostWakeup)
	if f.Kind != explore.LostWakeup {
		t.Errorf("kind %v", f.Kind)
	}
	t.Logf("%s\n%d bytes of SVG", f.Report(0), len(f.Timeline.SVG()))
}

func TestPanicKeepsTheStack(t *testing.T) {
	f := only(t, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("a", func() {
			if v.Load() == 1 {
				explodeInTask()
			}
		})
		x.Go("b", func() { v.Store(1) })
	})
	if f.Kind != explore.Panic || !strings.Contains(f.Detail, "explodeInTask") {
		t.Errorf("%s", f.Report(0))
	}
}

func explodeInTask() { panic(fmt.Sprint("boom ", 1)) }
