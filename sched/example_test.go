package sched_test

import (
	"context"
	"fmt"

	"github.com/floodgate-go/floodgate/sched"
)

// counter is what a user's type looks like on the seam: its cells take the
// scheduler it was made with. With nil they are plain atomics.
type counter struct{ n sched.Int64 }

func newCounter(s sched.Scheduler) *counter {
	c := &counter{}
	c.n.Init(s, sched.Spec{Name: "counter"})
	return c
}

// tracer is a scheduler that prints each step and lets it happen.
type tracer struct{ sched.Goroutines }

func (t tracer) Object(spec sched.Spec) *sched.Object { return &sched.Object{Spec: spec, Sched: t} }

func (tracer) Done(op sched.Op, result int64) {
	fmt.Printf("%v %s: %d\n", op.Kind, op.Obj.Name, result)
}

// One type, two schedulers: the same code runs at full speed in production and
// shows its steps to whoever asks.
func Example() {
	plain, watched := newCounter(nil), newCounter(tracer{})
	plain.n.Add(1)
	watched.n.Add(1)
	watched.n.Load()
	// Output:
	// update counter: 1
	// load counter: 1
}

// A wake that comes before the sleep is not lost.
func ExampleParker() {
	var p sched.Parker
	p.Init(nil, sched.Spec{})
	p.Unpark()
	fmt.Println(p.Park(context.Background(), nil))
	// Output: <nil>
}

// A task is an argument or travels in a context; who asks is never a question
// for the goroutine.
func ExampleTask() {
	t := sched.NewTask("ls", sched.TaskConfig{PID: 42})
	fmt.Println(t, sched.TaskOf(t.Context()).Is(t))
	// Output: ls/42 true
}
