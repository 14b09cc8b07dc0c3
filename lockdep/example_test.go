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
