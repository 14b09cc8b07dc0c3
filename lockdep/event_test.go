package lockdep_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// L5 with a semaphore for each of two directories, so that the buggy order can
// be seen without a hang: what the waker takes is another one of the class.
func TestL5_HoldsWhatTheWakerNeeds(t *testing.T) {
	for _, c := range []struct {
		name     string
		buggy    bool
		announce bool // say who is to wake
		release  bool // give the semaphore back before the wake
	}{
		{"taken before the wake", true, false, false},
		{"taken and given before the wake, announced", true, true, true},
		{"taken after the wake", false, false, false},
		{"taken after the wake, announced", false, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newOrderTest(t, lockdep.OrderConfig{})
			// What a queue announces, spelled out, to have its object.
			q := x.w.Object(sched.Spec{Kind: sched.KindQueue, Name: "lookup x"})
			wake := sched.Op{Kind: sched.Wake}
			ls, rm := task("ls"), task("rm")
			var slot sched.Parker
			slot.Init(x.w, sched.Spec{Name: "slot"})
			x.w.Go(ls, func() {
				down(ls, x.sem("i_sem /"))
				ls.Must(slot.Park(ls.Uninterruptible(), q))
				x.sem("i_sem /").Up()
			})
			mine := semaphore(x.w, "i_sem /misc", 1)
			x.w.Go(rm, func() {
				if c.announce {
					sched.SetWaker(q, rm)
				}
				if c.buggy {
					down(rm, mine)
				}
				if c.buggy && c.release {
					mine.Up()
				}
				q.Step(wake)
				slot.Unpark()
				q.Done(wake, 1)
				if !c.buggy {
					down(rm, mine)
				}
				if !c.release {
					mine.Up()
				}
			})
			if err := x.w.Wait(limit(t)); err != nil {
				t.Fatal(err)
			}
			if !c.buggy {
				x.want()
				return
			}
			v := x.want(lockdep.Circular)[0]
			if len(v.Circle) != 2 {
				t.Fatalf("%+v", v)
			}
			text := v.String()
			for _, part := range []string{"held i_sem while it waited for lookup", "lookup -> i_sem", "semaphore i_sem /misc"} {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in\n%s", part, text)
				}
			}
		})
	}
}

// Relieved of its duty a task may take what it likes.
func TestL5_ADutyEnds(t *testing.T) {
	for _, how := range []string{"relieved", "another", "woke"} {
		x := newOrderTest(t, lockdep.OrderConfig{})
		q := x.w.Object(sched.Spec{Kind: sched.KindQueue, Name: "q"})
		x.task("waker", func(a *sched.Task) {
			sched.SetWaker(q, a)
			switch how {
			case "relieved":
				sched.SetWaker(q, nil)
			case "another":
				sched.SetWaker(q, task("b"))
			case "woke":
				q.Step(sched.Op{Kind: sched.Wake})
				q.Done(sched.Op{Kind: sched.Wake}, 0)
			}
			down(a, x.sem("S"))
			x.sem("S").Up()
		})
		x.task("sleeper", func(a *sched.Task) {
			var slot sched.Parker
			slot.Init(x.w, sched.Spec{Name: "slot"})
			slot.Unpark()
			down(a, x.sem("S"))
			a.Must(slot.Park(a.Uninterruptible(), q))
			x.sem("S").Up()
		})
		x.want()
	}
}

// An event is no lock: what a semaphore of no permits lets through may end
// without giving it back, and may be given by somebody who never took it.
func TestL5_EventsAreNotHeld(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	done, s := semaphore(x.w, "done", 0), x.sem("S")
	x.task("giver", func(*sched.Task) { done.Up() })
	x.task("taker", func(t *sched.Task) { down(t, done); down(t, s); s.Up() })
	x.want()
	// But to wait for it with a lock that the giver needs is a circle.
	x.task("giver", func(t *sched.Task) { down(t, s); done.Up(); s.Up() })
	x.task("taker", func(t *sched.Task) { down(t, s); down(t, done); s.Up() })
	x.want(lockdep.Circular)
}

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
