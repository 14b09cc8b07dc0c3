package waitq

import (
	"context"
	"errors"
	"math"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func goexit() { runtime.Goexit() }

func TestQ1_NoWakeIsLost(t *testing.T) {
	// The condition becomes true, and the wake comes, while the waiter is in
	// its n-th test and holds a stale false.
	for at := 1; at <= 4; at++ {
		forms(t, func(t *testing.T, q *form) {
			var ready atomic.Bool
			g := newGate(at, ready.Load)
			c := start(func() error { return q.Wait(bg, g.test) })
			for synctest.Wait(); g.calls < at; synctest.Wait() {
				q.Wake() // the first tests are before linking, one is after, then there are more for each wake
			}
			<-g.in
			ready.Store(true)
			q.Wake()
			close(g.open)
			returned(t, "Wait", c, nil)
		})
	}
}

func TestQ2_StrayWakesAreInvisible(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var ready atomic.Bool
		calls := 0
		c := start(func() error { return q.Wait(bg, func() bool { calls++; return ready.Load() }) })
		for i := range 100 {
			sleeps(t, "Wait", c)
			if calls < i {
				t.Fatalf("%d tests after %d wakes", calls, i)
			}
			q.Wake()
		}
		ready.Store(true)
		q.Wake()
		returned(t, "Wait", c, nil)
	})
}

func TestQ3_TestsBeforeAndAfterLinking(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var lens []int
		if err := q.Wait(bg, func() bool { lens = append(lens, q.Len()); return lens[len(lens)-1] == 1 }); err != nil {
			t.Error(err)
		}
		if want := []int{0, 0, 1}; !slices.Equal(lens, want) && !slices.Equal(lens, want[1:]) {
			t.Errorf("entries linked at each test: %v, want 0, perhaps again, then 1", lens)
		}
	})
}

func TestQ10_WakesOfAnEmptyQueueLeaveNothing(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		for range 1000 {
			q.Wake()
			q.WakeAll()
		}
		var ready atomic.Bool
		c := start(func() error { return q.Wait(bg, ready.Load) })
		sleeps(t, "Wait", c)
		ready.Store(true)
		q.Wake()
		returned(t, "Wait", c, nil)
	})
}

func TestQ11_WakeWaitsForNobody(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var l hookLocker
		l.Lock()
		stuck := newGate(2, never) // linked: a wait with a locker does not yield
		ctx, cancel := context.WithCancel(bg)
		c := start(func() error { return q.WaitLocked(ctx, &l, stuck.test) }) // holds l in its condition
		<-stuck.in
		w := start(func() error { q.Wake(); q.WakeAll(); return nil })
		returned(t, "Wake", w, nil)
		close(stuck.open)
		cancel()
		returned(t, "Wait", c, context.Canceled)
	})
}

func TestQ17_SuccessWinsOverCancel(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var ready atomic.Bool
		g := newGate(2, ready.Load)
		ctx, cancel := context.WithCancel(bg)
		c := start(func() error { return q.Wait(ctx, g.test) })
		<-g.in
		ready.Store(true) // and no wake
		cancel()
		close(g.open)
		returned(t, "Wait", c, nil)
	})
}

func TestQ17_SuccessWinsOverTimeout(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var ready atomic.Bool
		c := start(func() error {
			if left, ok := q.WaitFor(time.Second, ready.Load); !ok || left < 1 {
				t.Errorf("WaitFor = %v, %v; want success", left, ok)
			}
			return nil
		})
		sleeps(t, "WaitFor", c)
		ready.Store(true) // and no wake
		time.Sleep(time.Second)
		returned(t, "WaitFor", c, nil)
	})
}

func TestQ18_Durations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		for _, d := range []time.Duration{math.MinInt64, -1, 0} {
			calls := 0
			if left, ok := q.WaitFor(d, func() bool { calls++; return false }); ok || left != 0 || calls != 1 {
				t.Errorf("WaitFor(%d) = %v, %v after %d tests; want 0, false after 1", d, left, ok, calls)
			}
			if left, ok := q.WaitFor(d, always); !ok || left < 1 {
				t.Errorf("WaitFor(%d) of true = %v, %v", d, left, ok)
			}
		}
		for _, d := range []time.Duration{1, time.Millisecond, time.Hour} {
			begin := time.Now()
			if left, ok := q.WaitFor(d, never); ok || left != 0 || time.Since(begin) != d {
				t.Errorf("WaitFor(%v) = %v, %v after %v", d, left, ok, time.Since(begin))
			}
			begin = time.Now()
			left, ok := q.WaitFor(d, func() bool { return time.Since(begin) >= d }) // true when time is up
			if !ok || left < 1 {
				t.Errorf("WaitFor(%v) of true at the end = %v, %v; want success with time left", d, left, ok)
			}
		}
		var ready atomic.Bool
		c := start(func() error {
			if left, ok := q.WaitFor(math.MaxInt64, ready.Load); !ok || left != math.MaxInt64-time.Minute {
				t.Errorf("WaitFor(for ever) = %d, %v", left, ok)
			}
			return nil
		})
		time.Sleep(time.Minute)
		sleeps(t, "WaitFor", c)
		ready.Store(true)
		q.Wake()
		returned(t, "WaitFor", c, nil)
	})
}

func TestQ19_ConditionsMayUseTheQueue(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		calls := 0
		c := start(func() error {
			return q.Wait(bg, func() bool {
				calls++
				q.Wake()
				q.WakeAll()
				if q.HasWaiters() != (q.Len() > 0) {
					t.Error("HasWaiters and Len differ")
				}
				q.Waiters()
				if calls == 3 {
					q.Close(errCause)
				}
				return calls == 100
			})
		})
		returned(t, "Wait", c, errCause)
	})
}

func TestQ20_ConditionsRunOnTheirGoroutine(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var ready atomic.Bool
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				calls, in := 0, false // no synchronization: the race detector looks on
				err := q.Wait(bg, func() bool {
					if in {
						t.Error("a condition is called in itself")
					}
					in = true
					defer func() { in = false }()
					calls++
					runtime.Gosched()
					return ready.Load()
				})
				if err != nil || calls == 0 {
					t.Errorf("Wait = %v after %d tests", err, calls)
				}
			})
		}
		for range 200 {
			q.WakeAll()
			runtime.Gosched()
		}
		ready.Store(true)
		q.WakeAll()
		wg.Wait()
	})
}

func TestQ21_ConditionsMaySleep(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var ready atomic.Bool
		c := start(func() error {
			return q.Wait(bg, func() bool {
				ok := ready.Load()
				time.Sleep(50 * time.Millisecond)
				return ok
			})
		})
		time.Sleep(75 * time.Millisecond) // in the middle of the second test
		ready.Store(true)
		q.Wake()
		time.Sleep(100 * time.Millisecond)
		returned(t, "Wait", c, nil)
	})
}

func TestQ22_WaitsNest(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var other Queue
		var inner, same, outer atomic.Bool
		c := start(func() error {
			return q.Wait(bg, func() bool {
				if err := other.Wait(bg, inner.Load); err != nil {
					t.Error(err)
				}
				if err := q.Wait(bg, same.Load); err != nil {
					t.Error(err)
				}
				return outer.Load()
			})
		})
		sleeps(t, "Wait", c)
		inner.Store(true)
		other.Wake()
		sleeps(t, "Wait", c)
		same.Store(true)
		q.Wake()
		sleeps(t, "Wait", c)
		outer.Store(true)
		q.Wake()
		returned(t, "Wait", c, nil)
	})
}

func TestQ23_LockerIsHeld(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(q *form, ready *atomic.Bool, cancel func())
		want error
	}{
		"nil":    {func(q *form, ready *atomic.Bool, _ func()) { ready.Store(true); q.Wake() }, nil},
		"cancel": {func(_ *form, _ *atomic.Bool, cancel func()) { cancel() }, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			forms(t, func(t *testing.T, q *form) {
				var l hookLocker
				var ready atomic.Bool
				ctx, cancel := context.WithCancel(bg)
				defer cancel()
				c := start(func() error {
					l.Lock()
					defer l.Unlock()
					err := q.WaitLocked(ctx, &l, func() bool { l.mustHold(t, "in the condition"); return ready.Load() })
					l.mustHold(t, "on return")
					return err
				})
				sleeps(t, "WaitLocked", c)
				if l.held.Load() {
					t.Error("the locker is held in the sleep")
				}
				end.do(q, &ready, cancel)
				returned(t, "WaitLocked", c, end.want)
			})
		})
	}
	t.Run("timeout", func(t *testing.T) {
		forms(t, func(t *testing.T, q *form) {
			var l hookLocker
			ctx, cancel := context.WithTimeout(bg, time.Second)
			defer cancel()
			l.Lock()
			if err := q.WaitLocked(ctx, &l, never); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			l.mustHold(t, "on return")
			l.Unlock()
		})
	})
	for _, u := range unwindings {
		for at := 1; at <= 3; at++ {
			t.Run(u.name, func(t *testing.T) {
				forms(t, func(t *testing.T, q *form) {
					var l hookLocker
					calls := 0
					c := start(func() error {
						return unwound(func() {
							l.Lock()
							defer l.mustHold(t, "on unwinding")
							q.WaitLocked(bg, &l, func() bool {
								if calls++; calls == at {
									u.do()
								}
								return false
							})
						})
					})
					synctest.Wait()
					q.Wake()
					returned(t, "WaitLocked", c, nil)
				})
			})
		}
	}
}

func TestQ24_NoGapAfterUnlock(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		var l hookLocker
		ready := false
		l.afterUnlock = func() { // the waiter has just let go of it
			l.afterUnlock = nil
			l.Lock()
			ready = true
			l.Unlock()
			q.Wake()
		}
		c := start(func() error {
			l.Lock()
			err := q.WaitLocked(bg, &l, func() bool { return ready })
			l.afterUnlock = nil
			l.Unlock()
			return err
		})
		returned(t, "WaitLocked", c, nil)
	})
}

func TestQ25_SleepHooksAlternate(t *testing.T) {
	alternate := regexp.MustCompile(`^(BA)*$`)
	for name, end := range map[string]struct {
		do   func(q *Queue, ready *atomic.Bool, explode *atomic.Bool, cancel func())
		want error
	}{
		"success": {func(q *Queue, ready, _ *atomic.Bool, _ func()) { ready.Store(true); q.Wake() }, nil},
		"cancel":  {func(_ *Queue, _, _ *atomic.Bool, cancel func()) { cancel() }, context.Canceled},
		"close":   {func(q *Queue, _, _ *atomic.Bool, _ func()) { q.Close(errCause) }, errCause},
		"panic":   {func(q *Queue, _, explode *atomic.Bool, _ func()) { explode.Store(true); q.Wake() }, errCause},
	} {
		t.Run(name, func(t *testing.T) {
			queues(t, func(t *testing.T, q *Queue) {
				var trace []byte
				var l hookLocker
				var ready, explode atomic.Bool
				ctx, cancel := context.WithCancel(bg)
				defer cancel()
				c := start(func() (err error) {
					defer func() {
						if r := recover(); r != nil {
							err = r.(error)
						}
					}()
					l.Lock()
					defer l.mustHold(t, "on return")
					return q.WaitOpts(ctx, func() bool {
						if explode.Load() {
							panic(errCause)
						}
						return ready.Load()
					}, Options{
						Locker: &l,
						BeforeSleep: func() {
							trace = append(trace, 'B')
							if l.held.Load() {
								t.Error("BeforeSleep runs with the locker held")
							}
						},
						AfterSleep: func() {
							trace = append(trace, 'A')
							if l.held.Load() {
								t.Error("AfterSleep runs with the locker held")
							}
						},
					})
				})
				for range 3 {
					sleeps(t, "Wait", c)
					q.Wake()
				}
				synctest.Wait()
				end.do(q, &ready, &explode, cancel)
				returned(t, "Wait", c, end.want)
				if !alternate.Match(trace) || len(trace) < 8 {
					t.Errorf("hooks ran in the order %s", trace)
				}
			})
		})
	}
}

func TestQ25_HooksThatUnwind(t *testing.T) {
	for _, u := range unwindings {
		for hook, want := range map[string]string{"before": "B", "after": "BA"} {
			t.Run(hook+" "+u.name, func(t *testing.T) {
				queues(t, func(t *testing.T, q *Queue) {
					var trace []byte
					var l hookLocker
					call := func(name string, c byte) func() {
						return func() {
							trace = append(trace, c)
							if name == hook {
								u.do()
							}
						}
					}
					c := start(func() error {
						return unwound(func() {
							l.Lock()
							defer l.mustHold(t, "on unwinding")
							q.WaitOpts(bg, never, Options{Exclusive: true, Locker: &l, BeforeSleep: call("before", 'B'), AfterSleep: call("after", 'A')})
						})
					})
					var x tokens
					synctest.Wait()
					next := start(func() error { return q.WaitExclusive(bg, x.take) })
					synctest.Wait()
					x.n.Add(1)
					q.Wake() // the unwound one has gone, or passes it on
					returned(t, "Wait", c, nil)
					returned(t, "the next waiter", next, nil)
					if string(trace) != want {
						t.Errorf("hooks ran in the order %s, want %s", trace, want)
					}
				})
			})
		}
	}
}

func TestQ27_HasWaitersMayReplaceAWake(t *testing.T) {
	for name, hold := range map[string]func(q *Queue, cond func() bool) *gate{
		"before linking":            func(_ *Queue, cond func() bool) *gate { return newGate(1, cond) },
		"between linking and sleep": func(q *Queue, cond func() bool) *gate { return newLinkedGate(q, 1, cond) },
	} {
		t.Run(name, func(t *testing.T) {
			queues(t, func(t *testing.T, q *Queue) {
				var ready atomic.Bool
				g := hold(q, ready.Load)
				c := start(func() error { return q.Wait(bg, g.test) })
				<-g.in
				ready.Store(true)
				if q.HasWaiters() {
					q.Wake()
				}
				close(g.open)
				returned(t, "Wait", c, nil)
			})
		})
	}
}

func TestQ38_WakeFromAnywhere(t *testing.T) {
	for name, call := range map[string]func(wake func()){
		"timer":     func(wake func()) { time.AfterFunc(time.Second, wake); time.Sleep(time.Second) },
		"AfterFunc": func(wake func()) { ctx, cancel := context.WithCancel(bg); context.AfterFunc(ctx, wake); cancel() },
		"condition": func(wake func()) { new(Queue).Wait(bg, func() bool { wake(); return true }) },
		"lock":      func(wake func()) { var mu sync.Mutex; mu.Lock(); defer mu.Unlock(); wake() },
		"wake function": func(wake func()) {
			var other Queue
			other.Add(&Waiter{Func: func(any) Action { wake(); return Woke }})
			other.Wake()
		},
	} {
		t.Run(name, func(t *testing.T) {
			forms(t, func(t *testing.T, q *form) {
				var ready atomic.Bool
				c := start(func() error { return q.Wait(bg, ready.Load) })
				synctest.Wait()
				ready.Store(true)
				call(q.Wake)
				returned(t, "Wait", c, nil)
			})
		})
	}
	t.Run("cleanup", func(t *testing.T) { // outside a bubble: cleanups run on a goroutine of the runtime
		var q Queue
		var ready atomic.Bool
		c := start(func() error { return q.Wait(bg, ready.Load) })
		x := new([64]byte)
		runtime.AddCleanup(x, func(q *Queue) { ready.Store(true); q.Wake() }, &q)
		x = nil
		for {
			runtime.GC()
			select {
			case err := <-c:
				if err != nil {
					t.Error(err)
				}
				return
			default:
				runtime.Gosched()
			}
		}
	})
}
