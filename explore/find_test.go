package explore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
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
	x.Go("ab", func() { a.Lock(); pass(b); a.Unlock() })
	x.Go("ba", func() { b.Lock(); pass(a); b.Unlock() })
}

// lostWakeup is a sleeper that tests its condition before it says that it
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

func lostUpdate(x *explore.Run) {
	n := cell(x, "n")
	for i := range 2 {
		x.Go(fmt.Sprint("add", i), func() { n.Store(n.Load() + 1) })
	}
	x.Check(func() {
		if n.Peek() != 2 {
			x.Errorf("n = %d, want 2", n.Peek())
		}
	})
}

// Each kind of finding, with a program that shows it in some schedules only.
var kinds = []struct {
	kind explore.Kind
	fn   func(*explore.Run)
	says string // part of the report
}{
	{explore.Deadlock, abba, "ab: lock of b, holds a, waits for ba"},
	{explore.LostWakeup, lostWakeup, "sleeper: sleeps in sleeper"},
	{explore.Broken, lostUpdate, "n = 1, want 2"},
	{explore.Failure, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("a", func() {
			v.Store(1)
			if got := v.Load(); got != 1 {
				x.Errorf("v = %d", got)
			}
		})
		x.Go("b", func() { v.Store(2) })
	}, "task a: v = 2"},
	{explore.Failure, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("a", func() {
			if v.Load() == 1 {
				x.Fatalf("saw it")
			}
		})
		x.Go("b", func() { v.Store(1) })
	}, "task a: saw it"},
	{alwaysKind, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("a", func() { v.Add(1); v.Add(-1) })
		x.Go("b", func() { v.Add(1); v.Add(-1) })
		if !raceDetector {
			x.Always(func() {
				if v.Peek() > 1 {
					x.Errorf("v = %d", v.Peek())
				}
			})
		} else { // Always is not called
			x.Go("c", func() {
				if v.Load() > 1 {
					x.Errorf("v = %d", v.Peek())
				}
			})
		}
	}, "v = 2"},
	{explore.Panic, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("a", func() {
			if v.Load() == 1 {
				explodeInTask()
			}
		})
		x.Go("b", func() { v.Store(1) })
	}, "explodeInTask"},
	{explore.Panic, func(x *explore.Run) {
		v := cell(x, "v")
		var p *sched.Int64
		x.Go("a", func() {
			if v.Load() == 1 {
				p.Load()
			}
		})
		x.Go("b", func() { v.Store(1) })
	}, "nil pointer"},
	{explore.Livelock, func(x *explore.Run) {
		a, b := cell(x, "a"), cell(x, "b")
		meet := func(mine, other *sched.Int64) func() {
			return func() {
				mine.Store(1)
				for other.Load() == 1 {
					x.Yield()
				}
				mine.Store(0)
			}
		}
		x.Go("left", meet(a, b))
		x.Go("right", meet(b, a))
	}, "yield"},
	{explore.Endless, func(x *explore.Run) {
		v := cell(x, "v")
		x.Go("spin", func() {
			for v.Load() == 0 {
			}
		})
		x.Go("set", func() { v.Store(1) })
	}, "must call Yield"},
	{explore.UseAfterEnd, func(x *explore.Run) {
		f := refcount.NewFrame(x.Scheduler(), "record", 0)
		x.Go("user", func() { f.Value() })
		x.Go("owner", func() { f.End() })
	}, "record"},
	{explore.Fault, func(x *explore.Run) {
		x.Go("a", func() { sched.Report(x.Scheduler(), errors.New("count of x/17 saturated")) })
	}, "saturated"},
	{explore.Leak, func(x *explore.Run) {
		v, m := cell(x, "v"), mutex(x, "m")
		x.Go("a", func() {
			m.Lock()
			if v.Load() == 0 {
				m.Unlock()
			}
		})
		x.Go("b", func() { v.Store(1) })
	}, "task a has ended and still holds m"},
	{explore.Leak, func(x *explore.Run) {
		var s sem.Semaphore
		s.Init(x.Scheduler(), "slots", 2)
		x.Balanced("slots")
		v := cell(x, "v")
		x.Go("a", func() {
			_ = s.Down(context.Background())
			if v.Load() == 0 {
				s.Up()
			}
		})
		x.Go("b", func() { v.Store(1) })
	}, "slots is not balanced: more downs than ups, by 1"},
	{explore.Misuse, func(x *explore.Run) {
		m := mutex(x, "m")
		x.Go("a", func() { pass(m) })
		m.Lock()
		m.Lock()
	}, "would block outside all tasks"},
	{explore.Panic, func(x *explore.Run) { panic("in the set-up") }, "set-up panicked"},
}

func explodeInTask() { panic(fmt.Sprint("boom ", 1)) }

func TestEachKindIsFoundAndReplayed(t *testing.T) {
	for _, tc := range kinds {
		t.Run(strings.ReplaceAll(tc.kind.String(), " ", "-"), func(t *testing.T) {
			f := only(t, tc.fn, explore.MaxSteps(300))
			if f.Kind != tc.kind || !strings.Contains(f.Report(0), tc.says) {
				t.Errorf("want %v saying %q, got\n%s", tc.kind, tc.says, f.Report(0))
			}
			if f.Token == "" {
				if f.Kind != explore.Misuse && !strings.Contains(f.Message, "set-up") {
					t.Errorf("no token")
				}
				return
			}
			if f.Schedule.Len() > 3 {
				t.Errorf("schedule %v is not short", f.Schedule)
			}
			r, err := explore.Follow(f.Token, tc.fn, explore.MaxSteps(300))
			if err != nil || r.Finding == nil || r.Finding.Signature != f.Signature {
				t.Errorf("replay of %s: %v, %v", f.Token, r, err)
			}
			if svg := f.Timeline.SVG(); !strings.HasPrefix(svg, "<svg") || !strings.HasSuffix(svg, "</svg>\n") {
				t.Errorf("no picture: %q", svg)
			}
		})
	}
}

// A watched program that is right has no finding under any strategy.
func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	r := explore.Explore(context.Background(), func(x *explore.Run) {
		m, n := mutex(x, "m"), cell(x, "n")
		for i := range 3 {
			x.Go(fmt.Sprint("add", i), func() {
				m.Lock()
				n.Store(n.Load() + 1)
				m.Unlock()
			})
		}
		x.Check(func() {
			if n.Peek() != 3 {
				x.Errorf("n = %d, want 3", n.Peek())
			}
		})
	}, explore.Plan(explore.Uniform(50), explore.POS(50), explore.PCT(3, 50), explore.DPOR(0),
		explore.SleepSets(0), explore.Exhaustive(0), explore.Preemptions(1, 0)))
	if len(r.Findings) > 0 {
		t.Errorf("%v", r.Findings)
	}
	for _, p := range r.Certificate.Phases[3:] {
		if !p.Exhausted {
			t.Errorf("%v", p.String())
		}
	}
}

func TestStuckTaskIsNamed(t *testing.T) {
	release := make(chan struct{})
	f := only(t, func(x *explore.Run) {
		v := cell(x, "before")
		x.Go("fine", func() { v.Load() })
		x.Go("blocker", func() {
			v.Store(1)
			<-release
		})
	}, explore.Watchdog(50*time.Millisecond))
	close(release)
	if f.Kind != explore.Stuck || !strings.Contains(f.Message, "task blocker") || !strings.Contains(f.Message, "store of before") {
		t.Errorf("%s", f.Report(0))
	}
	goleak.VerifyNone(t)
}

func TestProgramsThatDoNotRepeatThemselves(t *testing.T) {
	n := 0
	f := only(t, func(x *explore.Run) {
		a, b := cell(x, "a"), cell(x, "b")
		x.Go("t", func() {
			a.Load()
			if n++; n%3 == 0 {
				b.Store(1)
			} else {
				a.Store(1)
			}
		})
		x.Go("u", func() { a.Store(2); b.Store(2) })
	}, explore.Plan(explore.DPOR(0)))
	if f.Kind != explore.Nondeterminism {
		t.Errorf("%s", f.Report(0))
	}
}

// What t.FailNow does in a task: the test ends, and nothing is left behind.
func TestGoexitInATask(t *testing.T) {
	ended := make(chan bool)
	go func() {
		returned := false
		defer func() { ended <- returned }()
		explore.Explore(context.Background(), func(x *explore.Run) {
			m := mutex(x, "m")
			for i := range 3 {
				x.Go(fmt.Sprint("t", i), func() {
					m.Lock()
					defer m.Unlock()
					if i == 1 {
						runtime.Goexit()
					}
				})
			}
		})
		returned = true
	}()
	if <-ended {
		t.Error("Explore returned")
	}
	goleak.VerifyNone(t)
}

// Deferred functions of a task that is unwound may take steps, too.
func TestNothingLeaksAfterFindings(t *testing.T) {
	for _, tc := range kinds {
		explore.Explore(context.Background(), tc.fn, explore.MaxSteps(300), explore.CollectAll(), explore.Plan(explore.POS(20), explore.DPOR(0).Most(100)))
	}
	explore.Explore(context.Background(), func(x *explore.Run) {
		m, k := mutex(x, "m"), mutex(x, "k")
		for i := range 2 {
			x.Go(fmt.Sprint(i), func() {
				m.Lock()
				defer m.Unlock()
				k.Lock()
				defer k.Unlock()
				defer func() { _ = recover() }()
				m.Lock()
			})
		}
	}, explore.CollectAll(), explore.Plan(explore.DPOR(0)))
	goleak.VerifyNone(t)
}

func TestATaskThatSwallowsItsEnd(t *testing.T) {
	f := only(t, func(x *explore.Run) {
		m := mutex(x, "m")
		m.Lock()
		x.Go("stubborn", func() {
			for {
				func() {
					defer func() { _ = recover() }()
					m.Lock()
				}()
			}
		})
	}, explore.Plan(explore.POS(1)))
	if f.Kind != explore.Misuse || !strings.Contains(f.Message, "task stubborn recovers") {
		t.Errorf("%s", f.Report(0))
	}
	goleak.VerifyNone(t)
}

func TestTokens(t *testing.T) {
	f := only(t, abba)
	changed := func(x *explore.Run) {
		a, b := mutex(x, "a"), mutex(x, "b")
		x.Go("ab", func() { pass(a); pass(b) })
		x.Go("ba", func() { b.Lock(); pass(a); b.Unlock() })
	}
	renamed := func(x *explore.Run) {
		a, b := mutex(x, "a"), mutex(x, "b")
		x.Go("ab", func() { a.Lock(); pass(b); a.Unlock() })
		x.Go("other", func() { b.Lock(); pass(a); b.Unlock() })
	}
	shorter := func(x *explore.Run) { x.Go("ab", func() {}) }
	for name, fn := range map[string]func(*explore.Run){"changed": changed, "renamed": renamed, "shorter": shorter} {
		if r, err := explore.Follow(f.Token, fn); !errors.Is(err, explore.ErrStale) {
			t.Errorf("%s: token followed: %v, %v", name, r, err)
		}
	}
	for _, bad := range []string{"", "x", "abc", "ABCDEF", "abcdef.", "abcdef.a>b", "abcdef.a2", "abcdef.a2>", "abcdef.a2>bc",
		"abcdef.a2=-1", "abcdef.a0>b", "abcdef.?2>b", "abcdef..a2>b", "abcdef.aZZZZZZZZZZ>b", f.Token + "."} {
		if r, err := explore.Follow(bad, abba); !errors.Is(err, explore.ErrToken) {
			t.Errorf("%q: %v, %v", bad, r, err)
		}
	}
}

// A token is the same on every machine, and with and without the race detector.
func TestTokensTravel(t *testing.T) {
	for _, tc := range []struct {
		fn    func(*explore.Run)
		token string
	}{{abba, "fp2lqx.a2>b"}, {lostWakeup, "y9dqrv.a2>b"}, {lostUpdate, "11aibk.a2>b"}} {
		if f := only(t, tc.fn); f.Token != tc.token {
			t.Errorf("token %s, want %s", f.Token, tc.token)
		}
	}
}

// One seed, one result; and what is sampled does not depend on the workers.
func TestOneSeedOneResult(t *testing.T) {
	three := func(x *explore.Run) {
		v := cell(x, "v")
		for i := range 3 {
			x.Go(fmt.Sprint("t", i), func() {
				for range 4 {
					v.Store(v.Load() + 1)
				}
			})
		}
		x.Check(func() {
			if v.Peek() < 5 {
				x.Errorf("v = %d", v.Peek())
			}
		})
	}
	for _, ph := range []explore.Phase{explore.POS(2000), explore.PCT(3, 2000), explore.Uniform(2000)} {
		var first *explore.Finding
		for _, workers := range []int{1, 1, 2, 3} {
			f := only(t, three, explore.Plan(ph), explore.Seed(7), explore.Workers(workers))
			if first == nil {
				first = f
			}
			if f.Execution != first.Execution || f.Token != first.Token {
				t.Errorf("%v with %d workers: execution %d, %s; want %d, %s", ph, workers, f.Execution, f.Token, first.Execution, first.Token)
			}
		}
		other := only(t, three, explore.Plan(ph), explore.Seed(8))
		if other.Execution == first.Execution && other.Token == first.Token {
			t.Logf("%v: seeds 7 and 8 find the same", ph)
		}
	}
}
