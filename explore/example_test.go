package explore_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// show explores fn, and prints what is found first and the schedule that shows
// it. In a test, [explore.Test] does that.
func show(fn func(*explore.Run)) {
	r := explore.Explore(context.Background(), fn, explore.Plan(explore.DPOR(0)))
	for _, f := range r.Findings {
		fmt.Printf("%v: %s\n", f.Kind, f.Message)
		fmt.Printf("%s\n", f.Schedule.Explain())
		fmt.Print(trim(f.Timeline.Text(0)))
	}
	if len(r.Findings) == 0 {
		p := r.Certificate.Phases[0]
		fmt.Printf("exhausted: %v, %d executions\n", p.Exhausted, p.Executions)
	}
}

// trim takes the blanks off the ends and beginnings of a text.
func trim(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// Two tasks increment a counter with a load and a store.
func Example() {
	show(func(x *explore.Run) {
		var n sched.Int64
		n.Init(x.Scheduler(), sched.Spec{Name: "n"})
		for _, name := range []string{"one", "two"} {
			x.Go(name, func() { n.Store(n.Load() + 1) })
		}
		x.Check(func() {
			if n.Peek() != 2 {
				x.Errorf("n = %d, want 2", n.Peek())
			}
		})
	})
	// Output:
	// broken invariant: n = 1, want 2
	// when one is at its step 2, run two
	//          a one         b two
	//     1    load n = 0
	//     2                  load n = 0
	//     3                  store n = 1
	//     4    store n = 1
	//          ✗ n = 1, want 2
}

// A sleeper looks at its condition, and then goes to sleep. If the waker comes
// in between it sees nobody to wake. The cure is to announce oneself first and
// look then, which is what waitq.Queue.Wait does.
func Example_lostWakeUp() {
	show(func(x *explore.Run) {
		var ready, asleep sched.Int64
		var slot sched.Parker
		ready.Init(x.Scheduler(), sched.Spec{Name: "ready"})
		asleep.Init(x.Scheduler(), sched.Spec{Name: "asleep"})
		slot.Init(x.Scheduler(), sched.Spec{Name: "slot"})
		x.Go("sleeper", func() {
			if ready.Load() == 0 {
				asleep.Store(1)
				_ = slot.Park(context.Background(), nil)
			}
		})
		x.Go("waker", func() {
			ready.Store(1)
			if asleep.Load() == 1 {
				slot.Unpark()
			}
		})
	})
	// Output:
	// lost wake-up: sleeper sleeps and nobody is left to wake it
	// when sleeper is at its step 2, run waker
	//          a sleeper          b waker
	//     1    load ready = 0
	//     2                       store ready = 1
	//     3                       load asleep = 0
	//     4    store asleep = 1
	//          zz park slot
}

// Two locks taken in two orders.
func Example_deadlock() {
	show(func(x *explore.Run) {
		var a, b sched.Mutex
		moved := 0
		a.Init(x.Scheduler(), sched.Spec{Name: "A"})
		b.Init(x.Scheduler(), sched.Spec{Name: "B"})
		x.Go("AB", func() {
			a.Lock()
			b.Lock()
			moved++
			b.Unlock()
			a.Unlock()
		})
		x.Go("BA", func() {
			b.Lock()
			a.Lock()
			moved--
			a.Unlock()
			b.Unlock()
		})
	})
	// Output:
	// deadlock: AB ⇄ BA: each waits for the next
	// when AB is at its step 2, run BA
	//          a AB        b BA
	//     1    lock A
	//     2 │              lock B
	//       │  zz lock B │
	//       │  ·        │  zz lock A
}

// Double-checked initialisation with the flag set before the value is there.
func Example_doubleCheckedInitialisation() {
	show(func(x *explore.Run) {
		var mu sched.Mutex
		var done, value sched.Int64
		mu.Init(x.Scheduler(), sched.Spec{Name: "mu"})
		done.Init(x.Scheduler(), sched.Spec{Name: "done"})
		value.Init(x.Scheduler(), sched.Spec{Name: "value"})
		get := func() int64 {
			if done.Load() == 0 {
				mu.Lock()
				if done.Load() == 0 {
					done.Store(1) // too early: this opens the fast path
					value.Store(42)
				}
				mu.Unlock()
			}
			return value.Load()
		}
		for _, name := range []string{"first", "second"} {
			x.Go(name, func() {
				if v := get(); v != 42 {
					x.Errorf("got %d", v)
				}
			})
		}
	})
	// Output:
	// failure: task second: got 0
	// when first is at its step 5, run second
	//          a first          b second
	//     1    load done = 0
	//     2    lock mu
	//     3 │  load done = 0
	//     4 │  store done = 1
	//     5 │                   load done = 1
	//     6 │                   load value = 0
	//       │                   ✗ got 0
}

// A shutdown that wakes one of its waiters and forgets the other. Workers wait
// for jobs; Close sets a flag and wakes, but Wake lets one exclusive waiter go.
func Example_shutdownThatForgetsAWaiter() {
	show(func(x *explore.Run) {
		q := x.Provider().NewQueue("jobs")
		var closed sched.Int64
		closed.Init(x.Scheduler(), sched.Spec{Name: "closed"})
		for _, name := range []string{"worker 1", "worker 2"} {
			x.Go(name, func() {
				_ = q.WaitExclusive(context.Background(), func() bool { return closed.Load() == 1 })
			})
		}
		x.Go("close", func() {
			closed.Store(1)
			q.Wake() // should be WakeAll
		})
	})
	// Output:
	// lost wake-up: worker 2 sleeps and nobody is left to wake it
	// run each task as far as it gets, in the order of their start
	//          a worker 1                 b worker 2                 c close
	//     1    load closed = 0
	//     2    enqueue jobs
	//     3    load closed = 0
	//          zz on jobs
	//     4    ·                          load closed = 0
	//     5    ·                          enqueue jobs
	//     6    ·                          load closed = 0
	//          ·                          zz on jobs
	//     7    ·                          ·                          store closed = 1
	//     8    ·                          ·                          wake jobs = 1 → worker 1
	//     9    park jobs.sleep            ·
	//    10    load closed = 1            ·
}
