package explore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// ends explores fn to the end and returns the different strings it hands to
// its argument.
func ends(t *testing.T, fn func(x *explore.Run, end func(string)), opts ...explore.Option) []string {
	t.Helper()
	seen := map[string]bool{}
	opts = append([]explore.Option{explore.Plan(explore.DPOR(0)), explore.CollectAll()}, opts...)
	r := explore.Explore(context.Background(), func(x *explore.Run) { fn(x, func(s string) { seen[s] = true }) }, opts...)
	for _, f := range r.Findings {
		t.Errorf("%s", f.Report(0))
	}
	if len(r.Findings) == 0 && !r.Certificate.Exhausted() {
		t.Errorf("not exhausted: %v", r.Certificate.String())
	}
	var all []string
	for s := range seen {
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func sleepIn(x *explore.Run, name string) *sched.Parker {
	p := new(sched.Parker)
	p.Init(x.Scheduler(), sched.Spec{Name: name})
	return p
}

// A deadline may pass before, while and after others act; a wake that is there
// wins.
func TestTimeoutFallsAnywhere(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		p := sleepIn(x, "p")
		x.Go("sleeper", func() {
			ctx, cancel := x.WithTimeout(context.Background(), time.Second)
			defer cancel()
			end(fmt.Sprint(p.Park(ctx, nil)))
		})
		x.Go("waker", func() { p.Unpark() })
	}), "<nil>", "context deadline exceeded")
}

// Without a waker time passes when nobody else can run.
func TestTimePassesWhenAllSleep(t *testing.T) {
	begin := time.Now()
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		from := x.Scheduler().Now()
		x.Go("sleeper", func() {
			x.Sleep(1000 * time.Hour)
			if d := sched.Now(x.Scheduler()).Sub(from); d != 1000*time.Hour {
				x.Errorf("%v have passed", d)
			}
			end("awake")
		})
	}), "awake")
	if d := time.Since(begin); d > time.Minute {
		t.Errorf("took %v of real time", d)
	}
}

// Timers go off in the order of their times.
func TestTimersKeepTheirOrder(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		var log []int
		m := mutex(x, "m")
		for _, d := range []int{3, 1, 2} {
			sched.AfterFunc(x.Scheduler(), time.Duration(d)*time.Second, func() {
				m.Lock()
				log = append(log, d)
				m.Unlock()
			})
		}
		x.Check(func() { end(fmt.Sprint(slices.Sorted(slices.Values(log)))) })
	}), "[1 2 3]")
}

func TestStoppedTimerDoesNotGoOff(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		ran := cell(x, "ran")
		x.Go("stopper", func() {
			stop := sched.AfterFunc(x.Scheduler(), time.Second, func() { ran.Store(1) })
			stopped := stop()
			x.Check(func() {})
			if stopped && stop() {
				x.Errorf("stopped twice")
			}
			if stopped {
				end("stopped")
			} else {
				end("too late")
			}
		})
	}), "stopped", "too late")
}

func TestCancelIsAStep(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		ctx, cancel := x.WithCancel(context.Background())
		derived, stop := context.WithCancel(ctx) // as the code under test does
		p := sleepIn(x, "p")
		x.Go("sleeper", func() {
			defer stop()
			err := p.Park(derived, nil)
			if err != nil && !errors.Is(context.Cause(derived), context.Canceled) {
				x.Errorf("cause %v", context.Cause(derived))
			}
			end(fmt.Sprint(err))
		})
		x.Go("canceller", func() { cancel() })
		x.Go("waker", func() { p.Unpark() })
	}), "<nil>", "context canceled")
}

// The environment ends the context of the run at any time, and so one child of
// it; without a waker it is what ends the sleep.
func TestContextOfTheRun(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		p := sleepIn(x, "p")
		child, cancel := x.WithCancel(x.Context())
		x.Go("sleeper", func() {
			before := x.Context().Err()
			err := p.Park(child, nil)
			end(fmt.Sprint(before, " ", err))
			cancel()
		})
	}), "<nil> context canceled", "context canceled context canceled")
}

func TestChooseTriesEveryInput(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		a := x.Choose(2)
		v := cell(x, "v")
		x.Go("t", func() {
			b := x.Choose(3)
			v.Store(int64(b))
			end(fmt.Sprint(a, b, x.Choose(1)))
		})
		x.Go("u", func() { v.Load() })
	}), "0 0 0", "0 1 0", "0 2 0", "1 0 0", "1 1 0", "1 2 0")
}

// A choice is part of the token.
func TestChoiceIsReplayed(t *testing.T) {
	fn := func(x *explore.Run) {
		a := x.Choose(4)
		x.Go("t", func() {
			if b := x.Choose(50); a == 2 && b == 37 {
				x.Errorf("that one")
			}
		})
	}
	f := only(t, fn, explore.Plan(explore.DPOR(0)))
	if f.Schedule.String() != "-1=2.a1=11" {
		t.Errorf("schedule %v", f.Schedule)
	}
	if r, err := explore.Follow(f.Token, fn); err != nil || r.Finding == nil {
		t.Errorf("replay: %v, %v", r, err)
	}
}

func TestDaemonsMayStayBlocked(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		p, served := sleepIn(x, "requests"), cell(x, "served")
		x.Daemon("server", func() {
			for {
				_ = p.Park(context.Background(), nil)
				served.Add(1)
			}
		})
		x.Go("client", func() { p.Unpark() })
		x.Check(func() { end(fmt.Sprint(served.Peek())) }) // the daemon has done what it could
	}), "1")
}

// Tasks start tasks; what the parent did before is done.
func TestTasksStartTasks(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		v := cell(x, "v")
		parent := sched.NewTask("parent", sched.TaskConfig{})
		x.GoTask(parent, func() {
			v.Store(1)
			sched.Go(x.Scheduler(), sched.NewTask("child", sched.TaskConfig{Parent: parent}), func() { end(fmt.Sprint(v.Load())) })
			v.Store(2)
		})
	}), "1", "2")
}

// Code that yields without waiting for anything is not a livelock, and a loop
// that waits sees each change.
func TestYield(t *testing.T) {
	same(t, ends(t, func(x *explore.Run, end func(string)) {
		x.Go("t", func() {
			x.Yield()
			x.Yield()
			end("done")
		})
	}), "done")
	// Peterson's lock, whose loops look at two variables.
	explore.Test(t, func(x *explore.Run) {
		flag := []*sched.Int64{cell(x, "flag0"), cell(x, "flag1")}
		turn := cell(x, "turn")
		inside := 0
		for i := range 2 {
			x.Go(fmt.Sprint("t", i), func() {
				flag[i].Store(1)
				turn.Store(int64(1 - i))
				for flag[1-i].Load() == 1 && turn.Load() == int64(1-i) {
					x.Yield()
				}
				if inside++; inside != 1 {
					x.Errorf("%d inside", inside)
				}
				inside--
				flag[i].Store(0)
			})
		}
	}, explore.Plan(explore.POS(200), explore.DPOR(0)))
	// A lock of compare and swap: failed attempts are no changes.
	explore.Test(t, func(x *explore.Run) {
		l, n := cell(x, "lock"), cell(x, "n")
		for i := range 3 {
			x.Go(fmt.Sprint("t", i), func() {
				for !l.CompareAndSwap(0, 1) {
					x.Yield()
				}
				n.Store(n.Load() + 1)
				l.Store(0)
			})
		}
		x.Check(func() {
			if n.Peek() != 3 {
				x.Errorf("n = %d", n.Peek())
			}
		})
	}, explore.Plan(explore.DPOR(0)))
}
