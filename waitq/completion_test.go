package waitq

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// completions runs a test in a bubble for each scheduler.
func completions(t *testing.T, f func(t *testing.T, c *Completion)) {
	t.Helper()
	for name, s := range map[string]sched.Scheduler{"zero": nil, "noise": sched.NewNoise(3, 2), "inner": &grain{inner: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(Completion)
				if s != nil {
					c.Init(s, "c")
				}
				f(t, c)
			})
		})
	}
}

// waiters starts n waits one after the other.
func (c *Completion) waiters(n int) (cs []<-chan error) {
	for range n {
		cs = append(cs, start(func() error { return c.Wait(bg) }))
		synctest.Wait()
	}
	return cs
}

func TestC1_CompletionsAreRemembered(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		for n := range 6 {
			for range n {
				c.Complete()
			}
			for range n {
				if err := c.Wait(bg); err != nil {
					t.Error(err)
				}
			}
			next := c.waiters(1)[0]
			sleeps(t, "one Wait more", next)
			c.Complete()
			returned(t, "one Wait more", next, nil)
		}
	})
}

func TestC2_CompleteAllIsForEver(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		cs := c.waiters(3 * chunk)
		c.CompleteAll()
		for _, w := range cs {
			returned(t, "Wait", w, nil)
		}
		n := 1_000_000
		if raceEnabled || c.q.s != nil {
			n = 10_000
		}
		for range n {
			if err := c.Wait(bg); err != nil {
				t.Fatal(err)
			}
		}
		c.Complete()
		if c.done != forever {
			t.Errorf("the counter has moved to %d", c.done)
		}
	})
}

func TestC3_TheCounterSaturates(t *testing.T) {
	var c Completion
	c.done = forever - 2
	c.Complete()
	if c.done != forever-1 || !c.TryWait() || c.done != forever-2 {
		t.Fatalf("below its maximum the counter is %d", c.done)
	}
	c.Complete()
	for range 5 {
		c.Complete()
		if !c.Completed() || !c.TryWait() {
			t.Fatal("not complete after the maximum was reached")
		}
		if c.done != forever {
			t.Fatalf("the counter is %d, want it to stay at the maximum", c.done)
		}
	}
}

func TestC4_WaitsAreReleasedInOrder(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		cs := c.waiters(10)
		for i, w := range cs {
			c.Complete()
			returned(t, "the first Wait in line", w, nil)
			for _, later := range cs[i+1:] {
				sleeps(t, "a Wait behind it", later)
			}
		}
	})
}

func TestC5_ACancelledWaitConsumesNothing(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		ctx, cancel := context.WithCancel(bg)
		w := start(func() error { return c.Wait(ctx) })
		synctest.Wait()
		cancel()
		returned(t, "Wait", w, context.Canceled)
		if left, ok := c.WaitFor(time.Second); ok || left != 0 {
			t.Errorf("WaitFor = %v, %v", left, ok)
		}
		for _, d := range []time.Duration{0, -1} {
			if left, ok := c.WaitFor(d); ok || left != 0 {
				t.Errorf("WaitFor(%d) = %v, %v", d, left, ok)
			}
		}
		if n := c.q.n.Peek(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
		c.Complete()
		if !c.Completed() {
			t.Error("the completion is gone")
		}
		if err := c.Wait(ctx); err != nil { // there is one, though ctx has ended
			t.Error(err)
		}
		if err := c.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait = %v", err)
		}
		c.Complete()
		if left, ok := c.WaitFor(0); !ok || left < 1 {
			t.Errorf("WaitFor(0) of a completion = %v, %v", left, ok)
		}
		time.AfterFunc(time.Second, c.Complete)
		if left, ok := c.WaitFor(math.MaxInt64); !ok || left != math.MaxInt64-time.Second {
			t.Errorf("WaitFor(for ever) = %v, %v", left, ok)
		}
	})
}

// held makes c stop a waiter that is about to leave the queue because its
// context has ended.
func held(c *Completion) (in, open chan bool) {
	in, open = make(chan bool), make(chan bool)
	var once sync.Once
	c.Init(&grain{at: func(op sched.Op) {
		if op.Kind == sched.Dequeue {
			once.Do(func() { close(in); <-open })
		}
	}}, "c")
	return in, open
}

func TestC5_ACompletionThatCameFirstWins(t *testing.T) {
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var c Completion
			in, open := held(&c)
			ctx, cancel := context.WithCancel(bg)
			w := start(func() error { return c.Wait(ctx) })
			synctest.Wait()
			cancel()
			<-in
			if all {
				c.CompleteAll()
			} else {
				c.Complete()
			}
			close(open)
			returned(t, "Wait", w, nil)
			if c.Completed() != all {
				t.Error("the completion is there twice, or lost")
			}
		})
	}
}

func TestC5_ACompletionAtTheLastMomentWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Completion
		in, open := held(&c)
		w := start(func() error {
			if left, ok := c.WaitFor(time.Second); !ok || left < 1 {
				t.Errorf("WaitFor = %v, %v", left, ok)
			}
			return nil
		})
		<-in // time is up
		c.Complete()
		close(open)
		returned(t, "WaitFor", w, nil)
	})
}

func TestC6_ACancelledWaiterLosesNoCompletion(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var c Completion
			in, open := held(&c)
			ctx, cancel := context.WithCancel(bg)
			a := start(func() error { return c.Wait(ctx) })
			synctest.Wait()
			b := start(func() error { return c.Wait(bg) })
			synctest.Wait()
			cancel()
			<-in
			c.Complete() // finds the cancelled one in front
			close(open)
			synctest.Wait()
			if err := <-a; err == nil {
				sleeps(t, "the second Wait", b)
				c.Complete()
			}
			returned(t, "the second Wait", b, nil)
		})
	}
	completions(t, func(t *testing.T, c *Completion) {
		ctx, cancel := context.WithCancel(bg)
		a := start(func() error { return c.Wait(ctx) })
		synctest.Wait()
		b := c.waiters(1)[0]
		cancel()
		returned(t, "the cancelled Wait", a, context.Canceled)
		c.Complete()
		returned(t, "the next Wait", b, nil)
	})
}

func TestC7_TryWaitConservesCompletions(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		if c.TryWait() {
			t.Error("TryWait took what is not there")
		}
		const n = 400
		var got atomic.Int64
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				c.Complete()
				if i%2 == 0 {
					if err := c.Wait(bg); err != nil {
						t.Error(err)
					}
					got.Add(1)
				} else if c.TryWait() {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		for c.TryWait() {
			got.Add(1)
		}
		if got.Load() != n {
			t.Errorf("%d completions were taken of %d", got.Load(), n)
		}
	})
}

func TestC8_ACompletedObjectMayBeRecycled(t *testing.T) {
	// The race detector is the judge of the second part.
	pool := sync.Pool{New: func() any { return new(Completion) }}
	for range 2000 {
		c := pool.Get().(*Completion)
		if c.Completed() {
			t.Fatal("complete before its time")
		}
		go c.Complete()
		for !c.Completed() {
			runtime.Gosched()
		}
		if !c.Completed() {
			t.Fatal("Completed has consumed the completion")
		}
		*c = Completion{}
		pool.Put(c)
	}
}

func TestC9_ReinitRefusesWaiters(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		w := c.waiters(1)[0]
		misused(t, "Reinit with a waiter", c.Reinit)
		sleeps(t, "Wait", w)
		c.Complete()
		returned(t, "Wait", w, nil)
		c.CompleteAll()
		c.Reinit()
		if c.Completed() {
			t.Error("complete after Reinit")
		}
	})
}

func TestC10_ReleasedWaitsSucceedInSpiteOfReinit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 20 {
		completions(t, func(t *testing.T, c *Completion) {
			cs := c.waiters(5)
			c.CompleteAll()
			c.Reinit() // none of them has run
			for _, w := range cs {
				returned(t, "a released Wait", w, nil)
			}
			next := c.waiters(1)[0]
			sleeps(t, "a Wait after Reinit", next)
			c.Complete()
			returned(t, "a Wait after Reinit", next, nil)
		})
	}
}

func TestC11_NobodyTakesAnAssignedCompletion(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		w := c.waiters(1)[0]
		c.Complete()
		if c.TryWait() || c.Completed() {
			t.Error("the completion of a waiter can be taken by another")
		}
		newcomer := start(func() error { return c.Wait(bg) })
		returned(t, "the waiter", w, nil)
		sleeps(t, "the newcomer", newcomer)
		c.Complete()
		returned(t, "the newcomer", newcomer, nil)
	})
}

func TestC12_CompleteAllMeetsEverything(t *testing.T) {
	completions(t, func(t *testing.T, c *Completion) {
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				for range 20 {
					switch i % 4 {
					case 0:
						c.Complete()
					case 1:
						c.CompleteAll()
					default:
						if err := c.Wait(bg); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		if c.done != forever || c.q.n.Peek() != 0 {
			t.Errorf("the counter is %d with %d waiters", c.done, c.q.n.Peek())
		}
	})
}
