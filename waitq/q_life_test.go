package waitq

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

func TestQ26_ReentryIsReported(t *testing.T) {
	for name, call := range map[string]func(q *Queue, w *Waiter){
		"Wake":    func(q *Queue, _ *Waiter) { q.Wake() },
		"WakeAll": func(q *Queue, _ *Waiter) { q.WakeAll() },
		"Add":     func(q *Queue, _ *Waiter) { q.Add(NewWaiter()) },
		"Prepare": func(q *Queue, _ *Waiter) { q.Prepare(NewWaiter(), false) },
		"Remove":  func(q *Queue, w *Waiter) { q.Remove(w) },
		"Close":   func(q *Queue, _ *Waiter) { q.Close(nil) },
		"Err":     func(q *Queue, _ *Waiter) { q.Err() },
		"Waiters": func(q *Queue, _ *Waiter) { q.Waiters() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var q, other Queue
				q.Debug(true)
				other.Debug(true)
				w := new(Waiter)
				w.Func = func(any) Action { call(&q, w); return Woke }
				q.Add(w)
				behind := start(func() error {
					var x tokens
					x.n.Store(1)
					return q.WaitExclusive(bg, func() bool { return q.Len() == 0 })
				})
				synctest.Wait()
				misused(t, "a wake function that uses its queue", func() { q.Wake() })
				returned(t, "the waiter behind it", behind, nil)
				if n := q.Len(); n != 0 {
					t.Errorf("%d entries are left", n)
				}
				// Another queue may be used, and this one by others meanwhile.
				in, open := make(chan bool), make(chan bool)
				other.Add(&Waiter{Func: func(any) Action { q.Wake(); return Woke }})
				q.Add(&Waiter{Func: func(any) Action { close(in); <-open; return Woke }})
				a := start(func() error { q.Wake(); return nil })
				<-in
				b := start(func() error { other.Wake(); return nil })
				for range 100 {
					runtime.Gosched() // b runs into the lock of q, and waits
				}
				close(open)
				returned(t, "Wake", a, nil)
				returned(t, "Wake of the other", b, nil)
			})
		})
	}
}

func TestQ31_WakeAllHoldsTheLockBriefly(t *testing.T) {
	// A waker of 100 000 is stopped in its first notification: others can
	// link, wake and leave, and it has not got further than a chunk.
	const n = 100_000
	var q Queue
	ws := make([]Waiter, n)
	for i := range ws {
		ws[i].internal = true
		q.prepare(&ws[i], i%2 == 0, "test")
	}
	g := &grain{}
	in, open := make(chan bool), make(chan bool)
	var once sync.Once
	g.at = unparkHook(func() { once.Do(func() { close(in); <-open }) })
	first := ws[n-1].p // the newest shared waiter
	first.Init(g, sched.Spec{})
	walker := start(func() error {
		if ex := q.WakeAll(); ex != n/2 {
			t.Errorf("WakeAll = %d, want %d", ex, n/2)
		}
		return nil
	})
	<-in
	if left := q.Len(); left != n-chunk {
		t.Errorf("%d entries are linked while the first is notified, want %d", left, n-chunk)
	}
	late := NewWaiter()
	q.Prepare(late, true)
	if !q.Remove(late) {
		t.Error("a newcomer was woken")
	}
	q.Prepare(late, false)
	if w := &ws[1]; !q.Remove(w) { // one of those that the walk has yet to visit
		t.Error("a waiter could not leave")
	}
	close(open)
	if err := <-walker; err != nil {
		t.Error(err)
	}
	if left := q.Len(); left != 1 || !q.Remove(late) {
		t.Errorf("%d entries are left, want the newcomer's", left)
	}
	for i := range ws {
		if i != 1 && !ws[i].p.Reset() {
			t.Fatalf("waiter %d was not notified", i)
		}
	}
}

// Work is counted, not timed: each entry is visited once.
func TestQ31_WakeAllIsLinear(t *testing.T) {
	for _, n := range []int{1000, 100_000} {
		var q Queue
		visits := 0
		ws := make([]Waiter, n)
		for i := range ws {
			ws[i].Func = func(any) Action { visits++; return Skip }
			q.AddExclusive(&ws[i])
		}
		q.WakeAll()
		if visits != n {
			t.Errorf("%d visits to %d entries", visits, n)
		}
	}
}

func TestQ32_CloseEndsAllWaits(t *testing.T) {
	forms(t, func(t *testing.T, f *form) {
		if f.Queue == nil {
			return // the table of variables is never closed
		}
		q := f.Queue
		var ready atomic.Bool
		g1, g2 := newGate(1, never), newLinkedGate(q, 3, never)
		var cs []<-chan error
		cs = append(cs, start(func() error { return q.Wait(bg, never) }))
		cs = append(cs, start(func() error { return q.WaitExclusive(ctxOf(t), never) }))
		cs = append(cs, start(func() error { return q.Wait(bg, g1.test) })) // not linked yet
		synctest.Wait()
		cs = append(cs, start(func() error { return q.Wait(bg, g2.test) })) // linked, not asleep
		<-g2.in
		lucky := start(func() error { return q.Wait(bg, ready.Load) })
		expired := start(func() error {
			if left, ok := q.WaitFor(time.Hour, never); ok || left != 0 {
				t.Errorf("WaitFor = %v, %v", left, ok)
			}
			return nil
		})
		w := NewWaiter()
		q.Prepare(w, false)
		var key any
		q.Add(&Waiter{Sticky: true, Func: func(k any) Action { key = k; return Skip }})
		synctest.Wait()
		ready.Store(true)
		q.Close(errCause)
		q.Close(errors.New("too late"))
		close(g1.open)
		close(g2.open)
		for _, c := range cs {
			synctest.Wait()
			select {
			case err := <-c:
				if !errors.Is(err, errCause) || !errors.Is(err, ErrClosed) {
					t.Errorf("a wait = %v, want one that matches the reason and ErrClosed", err)
				}
			default:
				t.Error("a wait goes on after Close")
			}
		}
		returned(t, "the wait whose condition holds", lucky, nil)
		returned(t, "WaitFor", expired, nil)
		if err := w.Park(bg); !errors.Is(err, errCause) {
			t.Errorf("Park = %v", err)
		}
		if err, ok := key.(error); !ok || !errors.Is(err, ErrClosed) || !errors.Is(err, errCause) {
			t.Errorf("the wake function got %v", key)
		}
		if n := q.Len(); n != 0 {
			t.Errorf("%d entries on a closed queue", n)
		}
		if err := q.Wait(bg, never); !errors.Is(err, errCause) {
			t.Errorf("a later wait = %v", err)
		}
		if err := q.Wait(bg, always); err != nil {
			t.Errorf("a later wait whose condition holds = %v", err)
		}
		q.Prepare(w, true)
		if err := w.Park(bg); !errors.Is(err, errCause) {
			t.Errorf("Park after Prepare on a closed queue = %v", err)
		}
		if err := q.Add(NewWaiter()); !errors.Is(err, errCause) {
			t.Errorf("Add to a closed queue = %v", err)
		}
		if n := q.WakeAll() + q.Wake(); n != 0 {
			t.Errorf("wakes of a closed queue woke %d", n)
		}
		if err := q.Err(); !errors.Is(err, errCause) {
			t.Errorf("Err = %v", err)
		}
	})
}

func TestQ32_CloseWithoutAReason(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		if err := q.Err(); err != nil {
			t.Errorf("Err of an open queue = %v", err)
		}
		ctx, cancel := context.WithCancelCause(bg)
		cancel(ErrClosed) // not this queue
		if err := q.Wait(ctx, never); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait = %v", err)
		}
		g := newLinkedGate(q, 1, never)
		ctx, cancel = context.WithCancelCause(bg)
		c := start(func() error { return q.Wait(ctx, g.test) })
		<-g.in
		cancel(ErrClosed)
		close(g.open)
		returned(t, "Wait", c, context.Canceled)
		q.Close(nil)
		if err := q.Wait(bg, never); err != ErrClosed {
			t.Errorf("Wait = %v, want ErrClosed", err)
		}
	})
}

func TestQ33_ARecycledWaiterIsNotWokenByTheOldWaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The waker has chosen the waiter and has yet to notify it. Its wait
		// is cancelled and returns; the pool gives the same waiter to a wait
		// on another queue.
		for range 20 {
			var old, q Queue
			ctx, cancel := context.WithCancel(bg)
			g := newLinkedGate(&old, 1, never)
			a := start(func() error { return old.WaitExclusive(ctx, g.test) })
			<-g.in
			var waker Batch
			if waker.Collect(&old, 1, nil) != 1 {
				t.Fatal("nobody was chosen")
			}
			cancel()
			close(g.open)
			returned(t, "the cancelled wait", a, context.Canceled)
			const n = 20
			calls := make([]int, n)
			ctx, cancel = context.WithCancel(bg)
			var cs []<-chan error
			for i := range n {
				cs = append(cs, start(func() error { return q.Wait(ctx, func() bool { calls[i]++; return false }) }))
			}
			synctest.Wait()
			before := slices.Clone(calls)
			waker.Flush()
			synctest.Wait()
			if !slices.Equal(calls, before) {
				t.Errorf("waiters were tested %v times, and %v before another queue's waker came", calls, before)
			}
			cancel()
			for _, c := range cs {
				returned(t, "Wait", c, context.Canceled)
			}
		}
	})
}

func TestQ33_ALowLevelWaiterMayMoveAtOnce(t *testing.T) {
	for name, collect := range map[string]bool{"wake": false, "batch": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var old, q Queue
				w := NewWaiter()
				old.Prepare(w, true)
				var b Batch
				if collect {
					b.Collect(&old, 1, nil)
				} else {
					old.Wake()
				}
				q.Prepare(w, true) // without Finish: the wake is forgotten
				b.Flush()
				ctx, cancel := context.WithCancel(bg)
				cancel()
				if err := w.Park(ctx); err == nil {
					t.Error("the waiter was woken on its new queue by the old one's waker")
				}
				if !q.Remove(w) {
					t.Error("the waiter is not linked on its new queue")
				}
			})
		})
	}
}

func TestQ33_AQueueMayBeRecycledAtOnce(t *testing.T) {
	// The sleeper reuses the queue as soon as its wait has returned, while
	// the waker may still be on its way out of Wake.
	var wg sync.WaitGroup
	pool := sync.Pool{New: func() any { return new(Queue) }}
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				q := pool.Get().(*Queue)
				ready := false
				var mu sync.Mutex
				go func() {
					mu.Lock()
					ready = true
					mu.Unlock()
					q.Wake()
				}()
				mu.Lock()
				if err := q.WaitLocked(bg, &mu, func() bool { return ready }); err != nil {
					t.Error(err)
				}
				mu.Unlock()
				if n := q.Len(); n != 0 {
					t.Errorf("%d entries in a queue that nobody uses", n)
				}
				pool.Put(q)
			}
		})
	}
	wg.Wait()
}

// The story that the library began with: the queue is a part of something that
// the waker takes away as soon as it has woken the sleepers. The race detector
// sees a sleeper that still looks at it.
func TestQ33X1_ASleeperLeavesTheQueueAloneAfterItsWake(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, q *Queue, cond func() bool) error{
		"Wait":          func(_ context.Context, q *Queue, cond func() bool) error { return q.Wait(bg, cond) },
		"cancellable":   func(ctx context.Context, q *Queue, cond func() bool) error { return q.Wait(ctx, cond) },
		"WaitExclusive": func(ctx context.Context, q *Queue, cond func() bool) error { return q.WaitExclusive(ctx, cond) },
		"WaitFor": func(_ context.Context, q *Queue, cond func() bool) error {
			q.WaitFor(time.Hour, cond)
			return nil
		},
		"WaitLocked": func(_ context.Context, q *Queue, cond func() bool) error {
			var mu sync.Mutex
			mu.Lock()
			defer mu.Unlock()
			return q.WaitLocked(bg, &mu, cond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				synctest.Test(t, func(t *testing.T) {
					q := new(Queue)
					var ready atomic.Bool
					var cs []<-chan error
					for range 3 {
						cs = append(cs, start(func() error { return wait(ctxOf(t), q, ready.Load) }))
					}
					synctest.Wait()
					ready.Store(true)
					q.WakeAll()
					*q = Queue{}
					for _, c := range cs {
						returned(t, "a wait", c, nil)
					}
				})
			}
		})
	}
}

func TestQ34_AnEntryIsLinkedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q, other Queue
		for name, w := range map[string]*Waiter{"func": {Func: func(any) Action { return Skip }}, "sticky": {Sticky: true}, "plain": {}} {
			if err := q.Add(w); err != nil {
				t.Error(err)
			}
			misused(t, name+": Add twice", func() { q.Add(w) })
			misused(t, name+": AddExclusive on a second queue", func() { other.AddExclusive(w) })
			misused(t, name+": AddPriority on a second queue", func() { other.AddPriority(w, true) })
			misused(t, name+": Prepare on a second queue", func() { other.Prepare(w, false) })
			misused(t, name+": Finish on a second queue", func() { other.Finish(w) })
			misused(t, name+": Remove on a second queue", func() { other.Remove(w) })
			if q.Len() != 1 || other.Len() != 0 {
				t.Errorf("%s: %d and %d entries after misuse, want 1 and 0", name, q.Len(), other.Len())
			}
			if !q.Remove(w) {
				t.Errorf("%s: not linked any more", name)
			}
			if err := other.Add(w); err != nil || !other.Remove(w) {
				t.Errorf("%s: can not be used on another queue after Remove", name)
			}
		}
		misused(t, "Park before Prepare", func() { NewWaiter().Park(bg) })
		misused(t, "C before Prepare", func() { NewWaiter().C() })
		misused(t, "Prepare of a waiter with a Func", func() { q.Prepare(&Waiter{Func: func(any) Action { return Skip }}, false) })
		if NewWaiter(); q.Finish(NewWaiter()) || q.Remove(NewWaiter()) || q.Abort(NewWaiter()) {
			t.Error("a waiter that was never linked was found")
		}
	})
}

func TestQ36_AStickyWaiterLatchesOneWake(t *testing.T) {
	for name, add := range map[string]func(q *Queue, w *Waiter){
		"Add":     func(q *Queue, w *Waiter) { q.Add(w) },
		"Prepare": func(q *Queue, w *Waiter) { q.Prepare(w, false) },
	} {
		for _, cancellable := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				queues(t, func(t *testing.T, q *Queue) {
					ctx := bg
					if cancellable {
						ctx = ctxOf(t)
					}
					w := &Waiter{Sticky: true}
					add(q, w)
					for range 3 {
						q.Wake() // while the body of the loop runs
					}
					if err := w.Park(ctx); err != nil {
						t.Error(err)
					}
					c := start(func() error { return w.Park(ctx) })
					sleeps(t, "a second Park", c)
					q.Wake()
					returned(t, "the second Park", c, nil)
					if !q.Remove(w) {
						t.Error("the waiter is not linked any more")
					}
				})
			})
		}
	}
}

func TestQ42_BatchWakesLater(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		var mu sync.Mutex
		ctx, cancel := context.WithCancel(bg)
		cancelled := start(func() error { return q.WaitExclusive(ctx, x.take) })
		synctest.Wait()
		a := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		b := start(func() error { return q.WaitOpts(bg, x.take, Options{Exclusive: true, Key: "b"}) })
		synctest.Wait()
		sticky := &Waiter{Sticky: true}
		q.Add(sticky)

		var batch Batch
		mu.Lock()
		x.n.Store(2)
		if n := batch.Collect(q, 2, nil); n != 2 {
			t.Errorf("Collect = %d, want 2", n)
		}
		if n := batch.Collect(q, 1, "no such key"); n != 0 { // the sticky one, again
			t.Errorf("Collect = %d, want 0", n)
		}
		if n := q.Len(); n != 2 { // b and the sticky one
			t.Errorf("%d entries after Collect, want 2", n)
		}
		sleeps(t, "a collected wait", a)
		cancel() // between Collect and Flush
		synctest.Wait()
		mu.Unlock()
		returned(t, "the cancelled wait, which finds a token", cancelled, nil)
		if n := batch.Flush(); n != 3 {
			t.Errorf("Flush = %d, want each of those collected once", n)
		}
		if n := batch.Flush(); n != 0 {
			t.Errorf("a second Flush = %d", n)
		}
		returned(t, "a collected wait", a, nil)
		sleeps(t, "the wait behind", b)
		if err := sticky.Park(bg); err != nil {
			t.Error(err)
		}
		x.n.Add(1)
		batch.Collect(q, 1, nil)
		batch.Flush()
		returned(t, "the wait behind", b, nil)
		q.Remove(sticky)
	})
}

func TestQ42_BatchPassesOnWhatACancelledWaiterCanNotUse(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		ctx, cancel := context.WithCancel(bg)
		a := start(func() error { return q.WaitExclusive(ctx, never) })
		synctest.Wait()
		b := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		var batch Batch
		x.n.Add(1)
		batch.Collect(q, 1, nil)
		cancel()
		returned(t, "the cancelled wait", a, context.Canceled)
		returned(t, "the wait behind", b, nil)
		batch.Flush()
	})
}

func TestInspection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		q.Init(nil, "doors")
		task := sched.NewTask("ls", sched.TaskConfig{PID: 7})
		quiet := start(func() error { return q.Wait(ctxOf(t), never) })
		synctest.Wait()
		q.Debug(true)
		loud := start(func() error {
			return q.WaitOpts(task.Context(), never, Options{Exclusive: true, Key: "k"})
		})
		synctest.Wait()
		w := NewWaiter()
		time.Sleep(time.Minute)
		begin := time.Now()
		q.Prepare(w, false)
		ws := q.Waiters()
		if len(ws) != 3 {
			t.Fatalf("%d waiters, want 3", len(ws))
		}
		if s := ws[2].String(); !strings.HasPrefix(s, "ls/7: exclusive key k since ") {
			t.Errorf("the exclusive waiter is described as %q", s)
		}
		if !ws[0].Since.Equal(begin) || ws[0].Exclusive || len(ws[0].Stack) == 0 {
			t.Errorf("the low-level waiter is described as %+v", ws[0])
		}
		if !ws[1].Since.IsZero() || ws[1].String() != "shared" {
			t.Errorf("a waiter from before debug mode is described as %v", ws[1])
		}
		q.Remove(w)
		q.Close(nil)
		returned(t, "Wait", quiet, ErrClosed)
		returned(t, "Wait", loud, ErrClosed)
		if s := q.String(); s != "queue doors" {
			t.Errorf("String = %q", s)
		}
	})
}
