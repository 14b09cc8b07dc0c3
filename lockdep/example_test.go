package lockdep_test

import (
	"context"
	"fmt"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// The hang of July 2003: ls sleeps on the lookup's queue with the directory
// semaphore in its hands, and the one who is to wake it takes that semaphore
// first.
func Example() {
	ctx := context.Background()
	w := lockdep.New(lockdep.Config{})

	var isem sem.Semaphore
	isem.Init(w, "i_sem", 1)
	var lookup waitq.Queue
	lookup.Init(w, "lookup")
	var asleep waitq.Queue // lets rm wait until ls has the semaphore
	asleep.Init(w, "asleep")
	var has, found sched.Int64

	ls := sched.NewTask("ls", sched.TaskConfig{PID: 101})
	rm := sched.NewTask("rm", sched.TaskConfig{PID: 102})
	w.Go(ls, func() {
		ls.Must(isem.Down(ls.Uninterruptible()))
		defer isem.Up()
		has.Store(1)
		asleep.WakeAll()
		ls.Must(lookup.Wait(ls.Uninterruptible(), func() bool { return found.Load() == 1 }))
	})
	w.Go(rm, func() {
		rm.Must(asleep.Wait(rm.Uninterruptible(), func() bool { return has.Load() == 1 }))
		rm.Must(isem.Down(rm.Uninterruptible())) // should come after the wake
		defer isem.Up()
		found.Store(1)
		lookup.WakeAll()
	})

	hang := lockdep.AsHang(w.Wait(ctx))
	for _, e := range hang.Cycle {
		fmt.Printf("%v sleeps on %v, which %v %v\n", e.From, e.Object, e.To, e.Why)
	}
	w.Kill(hang)
	fmt.Println("left:", w.Join(ctx))
	// Unordered output:
	// ls/101 sleeps on lookup, which rm/102 presumably is to wake
	// rm/102 sleeps on i_sem, which ls/101 holds
	// left: <nil>
}

// The same bug found by its order alone, in a run that does not hang: the
// sleeper and the waker are in different directories and never wait for the
// same semaphore.
func ExampleOrder() {
	ctx := context.Background()
	order := lockdep.NewOrder(lockdep.OrderConfig{})
	w := lockdep.New(lockdep.Config{Order: order})

	var root, misc sem.Semaphore
	root.Init(w, "i_sem /", 1)
	misc.Init(w, "i_sem /misc", 1)
	var lookup waitq.Queue
	lookup.Init(w, "lookup")
	found := false

	ls := sched.NewTask("ls", sched.TaskConfig{PID: 101})
	rm := sched.NewTask("rm", sched.TaskConfig{PID: 102})
	w.Go(ls, func() {
		ls.Must(root.Down(ls.Uninterruptible()))
		defer root.Up()
		ls.Must(lookup.Wait(ls.Uninterruptible(), func() bool { return found }))
	})
	w.Go(rm, func() {
		w.Settle(rm, 0) // until ls sleeps
		rm.Must(misc.Down(rm.Uninterruptible()))
		defer misc.Up()
		found = true
		lookup.WakeAll()
	})
	fmt.Println("hang:", w.Wait(ctx))

	list, _ := order.Violations()
	for _, v := range list {
		fmt.Println(v.Kind)
		for _, d := range v.Circle {
			fmt.Printf("  %s -> %s: %v\n", d.From, d.To, &d)
		}
	}
	// Output:
	// hang: <nil>
	// possible circular locking dependency
	//   lookup -> i_sem: rm/102 held i_sem when it woke lookup
	//   i_sem -> lookup: ls/101 held i_sem while it waited for lookup
}
