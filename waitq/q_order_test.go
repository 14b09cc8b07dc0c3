package waitq

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// visitors links waiters with a Func that notes each visit.
type visitors struct {
	q   *Queue
	log []int
	ws  []*Waiter
}

func (v *visitors) waiter(a Action) *Waiter {
	id := len(v.ws)
	w := &Waiter{Func: func(any) Action { v.log = append(v.log, id); return a }}
	v.ws = append(v.ws, w)
	return w
}

func (v *visitors) expect(t *testing.T, what string, want ...int) {
	t.Helper()
	if !slices.Equal(v.log, want) {
		t.Errorf("%s visited %v, want %v", what, v.log, want)
	}
	v.log = nil
}

func (v *visitors) removeAll() {
	for _, w := range v.ws {
		v.q.Remove(w)
	}
}

func TestQ4_VisitingOrder(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		q.AddExclusive(v.waiter(Skip))      // 0
		q.Add(v.waiter(Skip))               // 1
		q.AddPriority(v.waiter(Skip), true) // 2
		q.AddExclusive(v.waiter(Skip))      // 3
		q.Add(v.waiter(Skip))               // 4
		q.AddPriority(v.waiter(Skip), false)
		q.Add(v.waiter(Skip))                // 6
		q.AddPriority(v.waiter(Skip), false) // 7
		q.WakeAll()
		v.expect(t, "WakeAll", 2, 5, 7, 6, 4, 1, 0, 3)
		v.removeAll()
	})
}

func TestQ4_SleepersAndCallbacksShareOneOrder(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		v := visitors{q: q}
		sleeper := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		q.AddPriority(v.waiter(Woke), true) // 0
		if n := q.Wake(); n != 1 {
			t.Errorf("Wake = %d, want 1", n)
		}
		v.expect(t, "Wake", 0)
		q.Add(v.waiter(Skip))                // 1
		q.AddExclusive(v.waiter(Woke))       // 2
		q.AddPriority(v.waiter(Skip), false) // 3
		x.n.Add(1)
		if n := q.Wake(); n != 1 {
			t.Errorf("Wake = %d, want 1", n)
		}
		v.expect(t, "Wake", 3, 1)
		returned(t, "the sleeper", sleeper, nil)

		var ready atomic.Bool
		shared := start(func() error { return q.Wait(bg, ready.Load) })
		synctest.Wait()
		ready.Store(true)
		q.Wake()
		v.expect(t, "Wake", 3, 1, 2)
		returned(t, "the shared sleeper", shared, nil)
		v.removeAll()
	})
}

func TestQ5_WakeWakesAllSharedAndOneExclusive(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		for range 5 {
			q.Add(v.waiter(Woke))
			q.AddExclusive(v.waiter(Woke))
		}
		if n := q.Wake(); n != 1 {
			t.Errorf("Wake = %d, want 1", n)
		}
		v.expect(t, "Wake", 8, 6, 4, 2, 0, 1)
		if n := q.Wake(); n != 1 {
			t.Errorf("the second Wake = %d, want 1", n)
		}
		v.expect(t, "the second Wake", 3)
		if n := q.WakeAll(); n != 3 {
			t.Errorf("WakeAll = %d, want 3", n)
		}
		v.expect(t, "WakeAll", 5, 7, 9)
	})
}

func TestQ5_SleepersAreWokenAlike(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var sharedCs, exclusiveCs []<-chan error
		var ready atomic.Bool
		var x tokens
		for range 4 {
			sharedCs = append(sharedCs, start(func() error { return q.Wait(bg, ready.Load) }))
			exclusiveCs = append(exclusiveCs, start(func() error { return q.WaitExclusive(bg, x.take) }))
			synctest.Wait()
		}
		ready.Store(true)
		for i := range 4 {
			x.n.Add(1)
			if n := q.Wake(); n != 1 {
				t.Errorf("Wake = %d, want 1", n)
			}
			if i == 0 {
				for _, c := range sharedCs {
					returned(t, "a shared wait", c, nil)
				}
			}
			returned(t, "the exclusive wait whose turn it is", exclusiveCs[i], nil)
			for _, c := range exclusiveCs[i+1:] {
				sleeps(t, "an exclusive wait behind it", c)
			}
		}
	})
}

func TestQ6_TheBudgetCountsExclusives(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		for range 5 {
			q.Add(v.waiter(Woke))
			q.AddExclusive(v.waiter(Woke))
		}
		if n := q.WakeN(3); n != 3 {
			t.Errorf("WakeN(3) = %d", n)
		}
		v.expect(t, "WakeN(3)", 8, 6, 4, 2, 0, 1, 3, 5)
		if n := q.WakeN(10); n != 2 {
			t.Errorf("WakeN(10) of 2 = %d", n)
		}
		v.expect(t, "WakeN(10)", 7, 9)
		q.Add(v.waiter(Woke))
		for _, n := range []int{0, -1, math.MinInt} {
			misused(t, fmt.Sprintf("WakeN(%d)", n), func() { q.WakeN(n) })
			misused(t, fmt.Sprintf("WakeKey(%d)", n), func() { q.WakeKey(n, "k") })
			misused(t, fmt.Sprintf("Collect(%d)", n), func() { new(Batch).Collect(q, n, nil) })
		}
		v.expect(t, "misuse")
		v.removeAll()
	})
}

func TestQ7_SkipConsumesNothing(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		for range 9 {
			q.AddExclusive(v.waiter(Skip))
		}
		q.AddExclusive(v.waiter(Woke))
		q.AddExclusive(v.waiter(Woke))
		if n := q.Wake(); n != 1 {
			t.Errorf("Wake = %d, want 1", n)
		}
		v.expect(t, "Wake", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		if n := q.Len(); n != 10 {
			t.Errorf("%d entries are left, want 10", n)
		}
		v.removeAll()
	})
}

func TestQ8_StopEndsTheWalk(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		q.AddExclusive(v.waiter(Woke))
		q.AddExclusive(v.waiter(Woke))
		q.AddExclusive(v.waiter(Stop))
		q.AddExclusive(v.waiter(Woke))
		q.Add(v.waiter(Woke))
		if n := q.WakeAll(); n != 2 {
			t.Errorf("WakeAll = %d, want the 2 before the stop", n)
		}
		v.expect(t, "WakeAll", 4, 0, 1, 2)
		if n := q.Len(); n != 2 {
			t.Errorf("%d entries are left, want the one that stopped and the one behind", n)
		}
		v.removeAll()
	})
}

func TestQ9_WakeAllVisitsThoseThatWereThere(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		// More than a chunk of waiters that come back at once, under a
		// waker that lets them run between its chunks.
		const n = 5 * chunk
		ctx, cancel := context.WithCancel(bg)
		calls := make([]int, n)
		before := make([]int, n)
		var cs []<-chan error
		for i := range n {
			wait := q.Wait
			if i%2 == 0 {
				wait = q.WaitExclusive
			}
			cs = append(cs, start(func() error { return wait(ctx, func() bool { calls[i]++; return false }) }))
		}
		synctest.Wait()
		copy(before, calls)
		done := start(func() error { q.WakeAll(); return nil })
		returned(t, "WakeAll", done, nil)
		for i, n := range calls {
			if n -= before[i]; n != 2 { // before and after linking
				t.Errorf("waiter %d was tested %d times, want 2", i, n)
				break
			}
		}
		cancel()
		for _, c := range cs {
			returned(t, "Wait", c, context.Canceled)
		}
	})
}

// The same without luck: waiters come back while the walk stands between two
// chunks, held by the step of a parker.
func TestQ9_WhoComesBackDuringAWalkIsNotVisited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		g := &grain{}
		q.Init(g, "q")
		const n = 3 * chunk
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		var tests atomic.Int64
		for range n {
			go q.WaitExclusive(ctx, func() bool { tests.Add(1); return false })
			synctest.Wait()
		}
		tests.Store(0)
		unparks, in, open := 0, make(chan bool), make(chan bool)
		g.at = unparkHook(func() {
			if unparks++; unparks == chunk+1 {
				close(in)
				<-open
			}
		})
		walker := start(func() error { q.WakeAll(); return nil })
		<-in
		synctest.Wait() // the first chunk is back, the second chosen, the third waits
		if n := q.Len(); n < 2*chunk {
			t.Errorf("%d entries, want %d", n, 2*chunk)
		}
		newcomer, inFront := NewWaiter(), NewWaiter()
		q.Prepare(newcomer, true)
		q.Prepare(inFront, false)
		close(open)
		returned(t, "WakeAll", walker, nil)
		if !q.Remove(newcomer) || !q.Remove(inFront) {
			t.Error("a newcomer was woken by a WakeAll that had begun before")
		}
		if got := tests.Load(); got != 2*n {
			t.Errorf("%d tests, want %d: two for each wake", got, 2*n)
		}
	})
}

func TestQ29_ALoserKeepsItsPlace(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		victim := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		other := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		for range 100 { // a thief takes the token before the victim runs
			if n := q.Wake(); n != 1 {
				t.Fatalf("Wake = %d", n)
			}
			sleeps(t, "the victim", victim)
		}
		sleeps(t, "the other", other)
		x.n.Add(1)
		q.Wake()
		returned(t, "the victim", victim, nil)
		sleeps(t, "the other", other)
		x.n.Add(1)
		q.Wake()
		returned(t, "the other", other, nil)
	})
}

func TestQ29_ALowLevelLoserKeepsItsPlace(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		a, b := NewWaiter(), NewWaiter()
		q.Prepare(a, true)
		q.Prepare(b, true)
		for range 3 {
			q.Wake()
			if err := a.Park(bg); err != nil {
				t.Fatal(err)
			}
			q.Prepare(a, true) // lost the race
		}
		q.Wake()
		if !q.Finish(a) || q.Finish(b) {
			t.Error("the wake went to the one behind")
		}
		q.Prepare(b, true)
		q.Prepare(a, true) // after Finish it is a newcomer
		q.Wake()
		if q.Finish(a) || !q.Finish(b) {
			t.Error("a finished waiter has kept its place")
		}
	})
}

func TestQ30_SharedWaitersDoNotStarveExclusives(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		ctx, cancel := context.WithCancel(bg)
		var cs []<-chan error
		for range 50 {
			// Shared waiters that come back again and again, always in front.
			cs = append(cs, start(func() error { return q.Wait(ctx, never) }))
			c := start(func() error { return q.WaitExclusive(bg, x.take) })
			synctest.Wait()
			x.n.Add(1)
			if n := q.Wake(); n != 1 {
				t.Errorf("Wake = %d, want 1", n)
			}
			returned(t, "the exclusive wait", c, nil)
		}
		cancel()
		for _, c := range cs {
			returned(t, "a shared wait", c, context.Canceled)
		}
	})
}

func TestQ35_PrepareAndFinishMayBeRepeated(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		a, b := NewWaiter(), NewWaiter()
		if !q.Prepare(a, true) {
			t.Error("the first Prepare found somebody")
		}
		if q.Prepare(b, true) {
			t.Error("the second waiter's Prepare found nobody")
		}
		if q.Prepare(a, true) {
			t.Error("a repeated Prepare found nobody")
		}
		if n := q.Len(); n != 2 {
			t.Errorf("%d entries, want 2", n)
		}
		q.Wake()
		if !q.Finish(a) {
			t.Error("the first in line was not woken: it has lost its place")
		}
		if q.Finish(a) || q.Remove(a) || q.Finish(a) {
			t.Error("a repeated Finish has found something")
		}
		if !q.Remove(b) || q.Remove(b) {
			t.Error("Remove does not tell whether it was linked")
		}
		q.Prepare(a, true)
		q.Prepare(a, false) // becomes shared, and stays where it is
		q.Prepare(b, true)
		if n := q.Wake(); n != 1 || !q.Finish(a) || !q.Finish(b) {
			t.Errorf("Wake = %d; it should wake the shared one and one exclusive", n)
		}
	})
}

func TestQ37_KeyedWakes(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		for i := range 6 {
			w := v.waiter(Woke)
			w.Key = string("ab"[i%2])
			q.AddExclusive(w) // 0 a, 1 b, 2 a, …
		}
		any := v.waiter(Woke)
		q.Add(any) // 6
		if n := q.WakeKey(1, "b"); n != 1 {
			t.Errorf("WakeKey(1, b) = %d", n)
		}
		v.expect(t, "WakeKey(1, b)", 6, 1)
		if n := q.WakeKey(9, "b"); n != 2 {
			t.Errorf("WakeKey(9, b) = %d", n)
		}
		v.expect(t, "WakeKey(9, b)", 3, 5)
		if n := q.WakeKey(1, "c"); n != 0 {
			t.Errorf("WakeKey(1, c) = %d", n)
		}
		v.expect(t, "WakeKey(1, c)")
		if n := q.WakeKey(2, nil); n != 2 {
			t.Errorf("WakeKey(2, nil) = %d", n)
		}
		v.expect(t, "WakeKey(2, nil)", 0, 2)
		q.WakeAll()
		v.expect(t, "WakeAll", 4)
		misused(t, "WakeKey with a key that can not be compared", func() { q.WakeKey(1, []int{}) })
		misused(t, "WakeKey with a key that holds one", func() { q.WakeKey(1, [1]error{uncomparable{}}) })
		misused(t, "Add with a key that can not be compared", func() { q.Add(&Waiter{Key: []int{}}) })
		misused(t, "WaitOpts with a key that can not be compared", func() { q.WaitOpts(bg, never, Options{Key: func() {}}) })
	})
}

func TestQ37_KeyedSleepers(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var a, b tokens
		wait := func(x *tokens, key any) <-chan error {
			c := start(func() error { return q.WaitOpts(bg, x.take, Options{Exclusive: true, Key: key}) })
			synctest.Wait()
			return c
		}
		a1, b1, a2, b2 := wait(&a, 'a'), wait(&b, 'b'), wait(&a, 'a'), wait(&b, 'b')
		b.n.Add(1)
		if n := q.WakeKey(1, 'b'); n != 1 {
			t.Errorf("WakeKey = %d", n)
		}
		returned(t, "the first of b", b1, nil)
		sleeps(t, "the first of a", a1)
		a.n.Add(2)
		b.n.Add(1)
		q.WakeKey(2, 'a')
		returned(t, "the first of a", a1, nil)
		returned(t, "the second of a", a2, nil)
		sleeps(t, "the second of b", b2)
		q.WakeAll()
		returned(t, "the second of b", b2, nil)
	})
}

func TestQ40_LeaversDoNotReorder(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		const n = 12
		var cs [n]<-chan error
		var cancels [n]context.CancelFunc
		for i := range n {
			var ctx context.Context
			ctx, cancels[i] = context.WithCancel(bg)
			cs[i] = start(func() error { return q.WaitExclusive(ctx, x.take) })
			synctest.Wait()
		}
		for i := 0; i < n; i += 3 {
			cancels[i]()
			returned(t, "a cancelled wait", cs[i], context.Canceled)
		}
		for i := range n {
			if i%3 == 0 {
				continue
			}
			x.n.Add(1)
			q.Wake()
			returned(t, fmt.Sprintf("waiter %d", i), cs[i], nil)
			cancels[i]()
		}
	})
}

func TestQ41_OnePriorityExclusive(t *testing.T) {
	queues(t, func(t *testing.T, q *Queue) {
		v := visitors{q: q}
		q.Add(v.waiter(Skip))                                       // 0
		q.AddExclusive(v.waiter(Skip))                              // 1
		if err := q.AddPriority(v.waiter(Skip), true); err != nil { // 2
			t.Error(err)
		}
		if err := q.AddPriority(v.waiter(Skip), true); !errors.Is(err, ErrBusy) { // 3
			t.Errorf("a second priority-exclusive: %v, want ErrBusy", err)
		}
		if err := q.WaitOpts(bg, never, Options{Exclusive: true, Priority: true}); !errors.Is(err, ErrBusy) {
			t.Errorf("a wait for the front place: %v, want ErrBusy", err)
		}
		if err := q.AddPriority(v.waiter(Skip), false); err != nil { // 4
			t.Error(err)
		}
		if n := q.Len(); n != 4 {
			t.Errorf("%d entries, want 4", n)
		}
		q.WakeAll()
		v.expect(t, "WakeAll", 2, 4, 0, 1)
		if n := q.Len(); n != 4 {
			t.Errorf("%d entries, want 4", n)
		}
		v.removeAll()
	})
}

// uncomparable is an error that can not be compared.
type uncomparable []int

func (uncomparable) Error() string { return "" }
