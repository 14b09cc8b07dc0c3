package lockdep_test

import (
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
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

func TestL5_WhatIsNotADependency(t *testing.T) {
	// A semaphore that was tried can not have held up the wake.
	x := newOrderTest(t, lockdep.OrderConfig{})
	q := x.w.Object(sched.Spec{Kind: sched.KindQueue, Name: "q"})
	s := x.sem("S")
	sleep := func(a *sched.Task) {
		var slot sched.Parker
		slot.Init(x.w, sched.Spec{Name: "slot"})
		slot.Unpark()
		a.Must(slot.Park(a.Uninterruptible(), q))
	}
	x.task("waker", func(*sched.Task) {
		if s.TryDown() {
			q.Step(sched.Op{Kind: sched.Wake})
			q.Done(sched.Op{Kind: sched.Wake}, 0)
			s.Up()
		}
	})
	x.task("sleeper", func(a *sched.Task) { down(a, s); sleep(a); s.Up() })
	x.want()

	// Nor does an event stay in the hands of who has seen it.
	done := semaphore(x.w, "event", 0)
	done.Up()
	x.task("seen", func(a *sched.Task) { down(a, done); down(a, s); s.Up() })
	done.Up()
	x.task("waits", func(a *sched.Task) { down(a, s); down(a, done); s.Up() })
	x.want()
}
