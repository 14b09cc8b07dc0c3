package waitq

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestQ12_ACancelledWaiterIsNotChosen(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		ctx, cancel := context.WithCancel(bg)
		a := start(func() error { return q.WaitExclusive(ctx, x.take) })
		synctest.Wait()
		b := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		cancel()
		returned(t, "the cancelled wait", a, context.Canceled)
		if n := q.Len(); n != 1 {
			t.Errorf("%d entries after the cancelled wait has returned, want 1", n)
		}
		x.n.Add(1)
		if n := q.Wake(); n != 1 {
			t.Errorf("Wake woke %d exclusive waiters, want 1", n)
		}
		returned(t, "the next wait", b, nil)
	})
}

func TestQ12_CancelledWaitsLeaveNothing(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		ctx, cancel := context.WithCancel(bg)
		var cs []<-chan error
		for range 10 {
			cs = append(cs, start(func() error { return q.Wait(ctx, never) }))
		}
		synctest.Wait()
		cancel()
		for _, c := range cs {
			returned(t, "Wait", c, context.Canceled)
		}
		if n := q.Len(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

// chosen starts two exclusive waits on q. The first is stopped in its test
// number at, after a wake has chosen it, with its answer taken before that. It
// is not the last test: the token is there for either of the two.
func chosen(t *testing.T, q *Queue, x *tokens, wait func(cond func() bool) error) (first *gate, a, b <-chan error) {
	t.Helper()
	first = newLinkedGate(q, 1, x.take)
	a = start(func() error { return wait(first.test) })
	<-first.in
	b = start(func() error { return q.WaitExclusive(bg, x.take) })
	synctest.Wait()
	x.n.Add(1)
	if n := q.Wake(); n != 1 {
		t.Fatalf("Wake woke %d exclusive waiters, want the first", n)
	}
	if n := q.Len(); n != 1 {
		t.Fatalf("%d entries after the wake, want the second waiter", n)
	}
	return first, a, b
}

// dropped waits for the second waiter of chosen. The token must be taken, by
// whomever, when nobody can go on.
func dropped(t *testing.T, q *Queue, x *tokens, b <-chan error) {
	t.Helper()
	synctest.Wait()
	if x.taken.Load() != 1 {
		t.Error("the token lies there and a waiter sleeps")
	}
	x.n.Add(1)
	q.Wake()
	synctest.Wait()
	select {
	case err := <-b:
		if err != nil {
			t.Errorf("the second wait = %v", err)
		}
	default:
		t.Error("the second waiter sleeps in spite of a second token")
		q.Close(nil)
	}
}

func TestQ13_ACancelledExclusivePassesItsWakeOn(t *testing.T) {
	for range 20 { // a select in the library would choose at random
		queues(t, func(t *testing.T, q *Queue) {
			var x tokens
			ctx, cancel := context.WithCancel(bg)
			first, a, b := chosen(t, q, &x, func(cond func() bool) error { return q.WaitExclusive(ctx, cond) })
			cancel()
			close(first.open)
			synctest.Wait()
			switch err := <-a; {
			case err != nil && !errors.Is(err, context.Canceled):
				t.Errorf("the cancelled wait = %v", err)
			case err == nil: // it used the token
			}
			dropped(t, q, &x, b)
		})
	}
}

// A condition that holds for others, but no more for the waiter that was
// cancelled: only passing on helps.
func TestQ13_ACancelledExclusivePassesOnWhatItCanNotUse(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		ctx, cancel := context.WithCancel(bg)
		first := newLinkedGate(q, 1, never)
		a := start(func() error { return q.WaitExclusive(ctx, func() bool { return ctx.Err() == nil && first.test() }) })
		<-first.in
		b := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		// Chosen, but not notified: a waker between its two halves.
		x.n.Add(1)
		var batch Batch
		if n := batch.Collect(q, 1, nil); n != 1 {
			t.Errorf("Collect chose %d exclusive waiters, want 1", n)
		}
		cancel()
		close(first.open)
		returned(t, "the cancelled wait", a, context.Canceled)
		returned(t, "the next wait", b, nil)
		batch.Flush()
	})
}

func TestQ14_AnExpiredExclusivePassesItsWakeOn(t *testing.T) {
	for range 20 {
		queues(t, func(t *testing.T, q *Queue) {
			var x tokens
			ctx, cancel := context.WithTimeout(bg, time.Second)
			defer cancel()
			first, a, b := chosen(t, q, &x, func(cond func() bool) error { return q.WaitExclusive(ctx, cond) })
			time.Sleep(2 * time.Second)
			close(first.open)
			synctest.Wait()
			if err := <-a; err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the expired wait = %v", err)
			}
			dropped(t, q, &x, b)
		})
	}
}

func TestQ14_AnExpiredExclusivePassesOnWhatItCanNotUse(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		ctx, cancel := context.WithTimeout(bg, time.Second)
		defer cancel()
		first, a, b := chosen(t, q, &x, func(cond func() bool) error {
			return q.WaitExclusive(ctx, func() bool { return ctx.Err() == nil && cond() })
		})
		time.Sleep(2 * time.Second)
		close(first.open)
		returned(t, "the expired wait", a, context.DeadlineExceeded)
		returned(t, "the next wait", b, nil)
	})
}

func TestQ14_AnExpiredWaitForLeavesNoTrace(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		// Time is up and a wake comes while the waiter is in its test.
		g := newGate(2, never)
		c := start(func() error {
			if left, ok := q.WaitFor(time.Second, g.test); ok || left != 0 {
				t.Errorf("WaitFor = %v, %v", left, ok)
			}
			return nil
		})
		<-g.in
		q.Wake()
		time.Sleep(2 * time.Second)
		close(g.open)
		time.Sleep(2 * time.Second)
		returned(t, "WaitFor", c, nil)
		if n := q.Len(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

func TestQ15_AConditionThatUnwindsPassesItsWakeOn(t *testing.T) {
	for _, u := range unwindings {
		for at := 1; at <= 2; at++ { // while linked, and after it was chosen
			t.Run(u.name, func(t *testing.T) {
				queues(t, func(t *testing.T, q *Queue) {
					var x tokens
					calls := 0
					in, open := make(chan bool), make(chan bool)
					a := start(func() error {
						return unwound(func() {
							q.WaitExclusive(bg, func() bool {
								if calls > 0 || q.Len() > 0 {
									calls++ // linked
								}
								if calls == 1 {
									close(in)
									<-open
								}
								if calls == at {
									u.do()
								}
								return false
							})
						})
					})
					<-in
					b := start(func() error { return q.WaitExclusive(bg, x.take) })
					synctest.Wait()
					x.n.Add(1)
					q.Wake()
					close(open)
					returned(t, "the unwound wait", a, nil)
					returned(t, "the next wait", b, nil)
				})
			})
		}
	}
}

func TestQ15_AnAbandonedWaiterPassesItsWakeOn(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		ctx, cancel := context.WithCancel(bg)
		w := NewWaiter()
		q.Prepare(w, true)
		b := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		x.n.Add(1)
		q.Wake()
		cancel()
		select { // a loop that looks at ctx first
		case <-ctx.Done():
			if !q.Abort(w) {
				t.Error("Abort of a chosen waiter passed nothing on")
			}
		case <-w.C():
			q.Abort(w)
		}
		returned(t, "the next wait", b, nil)
		if q.Abort(w) {
			t.Error("a second Abort passed something on")
		}
		q.Prepare(w, true)
		if q.Abort(w) {
			t.Error("Abort of a waiter that nobody chose passed something on")
		}
	})
}

func TestQ16_PassingOnComesToItsEnd(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		const n = 1000
		var x tokens
		ctx, cancel := context.WithCancel(bg)
		var gates []*gate
		var cs []<-chan error
		for i := range n {
			g := newLinkedGate(q, i+1, never)
			gates = append(gates, g)
			cs = append(cs, start(func() error { return q.WaitExclusive(ctx, g.test) }))
			<-g.in
		}
		last := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		cancel()
		x.n.Add(1)
		for i, g := range gates { // each is chosen in its turn while it looks away
			if i == 0 {
				if q.Wake() != 1 {
					t.Fatal("the first was not chosen")
				}
			}
			if q.Len() != n-i {
				t.Fatalf("%d entries before waiter %d goes on, want %d", q.Len(), i, n-i)
			}
			close(g.open)
			returned(t, "a cancelled wait", cs[i], context.Canceled)
		}
		returned(t, "the last wait", last, nil)
	})
}
