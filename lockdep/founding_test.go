package lockdep_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// The founding bug as a model of two goroutines. The sleeper waits on the
// queue with the semaphore in its hands; the waker needs the semaphore, before
// the wake in the buggy order, after it in the fixed one.
func foundingRace(w *lockdep.Watch, s *sem.Semaphore, buggy bool) (sleeper, waker *sched.Task) {
	q := queue(w, "lookup")
	held := queue(w, "held") // the window: the waker goes on when the sleeper has the semaphore
	var has, found sched.Int64
	sleeper, waker = task("sleeper"), task("waker")
	w.Go(sleeper, func() {
		t := sleeper
		down(t, s)
		defer s.Up()
		has.Store(1)
		held.WakeAll()
		t.Must(q.Wait(t.Uninterruptible(), func() bool { return found.Load() == 1 }))
	})
	w.Go(waker, func() {
		t := waker
		t.Must(held.Wait(t.Uninterruptible(), func() bool { return has.Load() == 1 }))
		if buggy {
			down(t, s)
			defer s.Up()
		}
		found.Store(1)
		q.WakeAll()
		if !buggy {
			down(t, s)
			s.Up()
		}
	})
	return sleeper, waker
}

func TestX2_FoundingRace(t *testing.T) {
	for _, procs := range []int{1, max(4, runtime.NumCPU())} {
		t.Run(fmt.Sprintf("procs=%d", procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			rounds := 500
			if testing.Short() {
				rounds = 50
			}
			for i := range rounds {
				c := lockdep.Config{}
				if i%2 == 1 {
					c.Inner = sched.NewNoise(uint64(i), 3)
				}
				buggyOrder(t, lockdep.New(c))
				w := lockdep.New(c)
				foundingRace(w, semaphore(w, "i_sem", 1), false)
				finish(t, w)
			}
		})
	}
}

func buggyOrder(t *testing.T, w *lockdep.Watch) {
	t.Helper()
	s := semaphore(w, "i_sem", 1, sem.Track())
	sleeper, waker := foundingRace(w, s, true)
	h := lockdep.AsHang(w.Wait(limit(t)))
	if h == nil || h.Cause != nil || h.Partial {
		t.Fatalf("Wait returns %v, want a hang", h)
	}
	if last, ok := s.LastHolder(); !ok || !last.Task.Is(sleeper) {
		t.Errorf("the semaphore's last holder is %v", last)
	}
	teardown(t, w)
	at := make(map[string]lockdep.Sleeper)
	for _, z := range h.Tasks {
		at[z.Name] = z
	}
	zs, zw := at["sleeper"], at["waker"]
	switch {
	case len(h.Tasks) != 2,
		zs.PID != sleeper.PID(), zs.Op != sched.Park, zs.Object.Name != "lookup",
		len(zs.Holds) != 1, zs.Holds[0].Object.Name != "i_sem",
		zw.PID != waker.PID(), zw.Op != sched.Down, zw.Object.Name != "i_sem", len(zw.Holds) != 0,
		len(zw.Waits) != 1, zw.Waits[0].For.Name != "sleeper", zw.Waits[0].Why != lockdep.Holds,
		len(h.Cycle) != 2:
		t.Fatalf("%+v", h)
	}
}

// The order checker sees it in the run that hangs as well: when the waker
// takes the semaphore the edge is there, if it was announced as the waker.
func TestX2_FoundingRaceIsAnOrderToo(t *testing.T) {
	order := lockdep.NewOrder(lockdep.OrderConfig{})
	w := lockdep.New(lockdep.Config{Order: order})
	q := w.Object(sched.Spec{Kind: sched.KindQueue, Name: "lookup"})
	s := semaphore(w, "i_sem", 1)
	var slot sched.Parker
	slot.Init(w, sched.Spec{Name: "slot"})
	ls, rm := task("ls"), task("rm")
	sched.SetWaker(q, rm)
	w.Go(ls, func() {
		down(ls, s)
		defer s.Up()
		ls.Must(slot.Park(ls.Uninterruptible(), q))
	})
	w.Go(rm, func() {
		w.Settle(rm, 0) // until ls sleeps
		down(rm, s)
		slot.Unpark()
	})
	h := hang(t, w)
	list, _ := order.Violations()
	if len(list) != 1 || list[0].Kind != lockdep.Circular || len(h.Cycle) != 2 {
		t.Errorf("%+v\n%v", h, list)
	}
}

// A holder is what a look-up publishes for those who come while it is under
// way, and what the founding bug kept in a stack frame.
type holder struct {
	q    waitq.Queue
	uses int
}

// The looker recycles the holder at once after the wake, while the sleeper is
// held before its second look at the condition. The queue that is now in the
// holder's place is closed: a sleeper that came back to it would get an error.
func TestX1_HolderRecycledAfterTheWake(t *testing.T) {
	for range 100 {
		w := lockdep.New(lockdep.Config{})
		h := new(holder)
		h.q.Init(w, "lookup")
		found := false
		var reused *waitq.Queue
		sleepers, looker := [3]*sched.Task{}, task("looker")
		for i := range sleepers {
			s := task("sleeper")
			sleepers[i] = s
			looks := 0
			w.Go(s, func() {
				s.Must(h.q.Wait(s.Uninterruptible(), func() bool {
					if looks++; looks > 1 {
						w.Settle(s, 1) // until the looker is through
					}
					return found
				}))
				if reused == nil {
					t.Error("the sleeper went on before the holder was recycled")
				}
			})
		}
		w.Go(looker, func() {
			w.Settle(looker, 0) // until all sleep
			found = true
			h.q.WakeAll()
			*h = holder{uses: h.uses + 1}
			h.q.Init(w, "recycled")
			reused = &h.q
			h.q.Close(nil)
		})
		finish(t, w)
		if n := h.q.Len(); n != 0 || h.uses != 1 {
			t.Fatalf("%d in the recycled queue, %d uses", n, h.uses)
		}
	}
}

// The same without a gate, for the race detector: nothing orders the recycling
// and what the sleepers have yet to do.
func TestX1_HolderRecycledStorm(t *testing.T) {
	for i := range 300 {
		w := lockdep.New(lockdep.Config{Inner: sched.NewNoise(uint64(i), 3)})
		h := new(holder)
		h.q.Init(w, "lookup")
		var found sched.Int64
		for range 4 {
			s := task("sleeper")
			q := &h.q
			w.Go(s, func() { s.Must(q.Wait(s.Uninterruptible(), func() bool { return found.Load() == 1 })) })
		}
		looker := task("looker")
		w.Go(looker, func() {
			w.Settle(looker, 0) // until all sleep
			found.Store(1)
			h.q.WakeAll()
			*h = holder{uses: h.uses + 1}
		})
		finish(t, w)
	}
}

// A wake that is not meant for the sleeper does not end its wait: each time the
// run comes to rest with the sleeper asleep. The real one ends it.
func TestX5_StrayWake(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	q := queue(w, "lookup")
	found, done := false, false
	looks := 0
	ls, rm := task("ls"), task("rm")
	w.Go(ls, func() {
		ls.Must(q.Wait(ls.Uninterruptible(), func() bool { looks++; return found }))
		done = true
	})
	w.Go(rm, func() {
		for i := range 5 {
			w.Settle(rm, 0) // until ls sleeps
			if q.Len() != 1 || done {
				t.Errorf("stray wake %d: %d in the queue, done %v", i, q.Len(), done)
			}
			before := looks
			q.WakeAll()
			w.Settle(rm, 0)
			if looks == before {
				t.Errorf("stray wake %d wakes nobody", i)
			}
		}
		found = true
		q.WakeAll()
	})
	finish(t, w)
	if !done {
		t.Error("the real wake does not end the wait")
	}
}
