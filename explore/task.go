package explore

import (
	"fmt"
	"math/bits"
	"runtime"
	"runtime/debug"

	"github.com/floodgate-go/floodgate/sched"
)

// maxTasks is the number of tasks that one execution may start. Sets of tasks
// are the bits of a word.
const maxTasks = 64

// noTask is no index of a task.
const noTask = -1

// A set is a set of task indices.
type set uint64

func one(i int) set          { return 1 << uint(i) }
func (s set) has(i int) bool { return s>>uint(i)&1 != 0 }
func (s set) lowest() int    { return bits.TrailingZeros64(uint64(s)) }
func (s set) len() int       { return bits.OnesCount64(uint64(s)) }
func (s set) rest() set      { return s & (s - 1) }
func (s set) nth(n int) (i int) {
	for ; n > 0; n-- {
		s = s.rest()
	}
	return s.lowest()
}

type taskState uint8

const (
	unborn  taskState = iota // made, has not run yet
	running                  // runs, or is on its way to its next step
	pending                  // has announced a step
	ended
)

// A task is one thread of the program under test. Its coroutine is kept from
// execution to execution.
type task struct {
	thread
	e    *engine
	i    int
	name string
	st   *sched.Task // nil for a task that was only given a name
	f    func()

	daemon bool // need not end
	idle   bool // stands for the environment: goes last by default
	state  taskState

	op       sched.Op     // the step announced, or being taken
	depth    int          // of Step calls without Done
	steps    int          // taken so far, choices included
	mark     uint64       // changes seen by the last yield or own write
	nudges   int          // yields since nudgedAt
	nudgedAt uint64       // changes at that time
	row      int32        // index of its last step in the path, -1: none
	born     int32        // index of the step that started it, -1: set-up
	threw    int          // how often it was unwound in vain
	lastKind sched.OpKind // the step taken last
	lastObj  *sched.Object
}

func (t *task) bit() set { return one(t.i) }

// letter is the name of a task in a schedule.
func letter(i int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@_"
	return letters[i : i+1]
}

// label returns the place in the program that t says it has reached.
func (t *task) label() *sched.Label {
	switch {
	case t.st != nil:
		return t.st.Label()
	case t.op.Task != nil:
		return t.op.Task.Label()
	}
	return nil
}

// unwound is the panic that ends a task whose execution is over.
type unwound struct{ e *engine }

func (unwound) String() string {
	return "explore: end of this execution (do not recover this panic, or pass it on)"
}

// stopped is the panic of Run.Fatalf.
type stopped struct{ e *engine }

// patience is how many steps a task may try to make while it is unwound.
const patience = 1000

// unwind ends t. A task that swallows the panic and goes on comes back here.
func (t *task) unwind() {
	if t.threw++; t.threw > patience {
		t.abandon()
	}
	panic(unwound{t.e})
}

// serve runs the task's function to its end, on the task's own stack.
func (t *task) serve() {
	done := false
	defer func() {
		if done {
			return
		}
		r := recover()
		t.broke()
		switch r := r.(type) {
		case unwound, stopped:
		case nil: // runtime.Goexit, which goes on
			t.exits()
		default:
			t.e.submit(panicked(t, r, debug.Stack()))
		}
	}()
	if t.st != nil {
		sched.Run(t.st, t.f)
	} else {
		t.f()
	}
	done = true
}

// panicked describes a panic. A deferred function that did not expect to be
// unwound may also panic; then nobody wants to hear of it.
func panicked(t *task, r any, stack []byte) *found {
	text := fmt.Sprint(r)
	if err, ok := r.(runtime.Error); ok {
		text = err.Error()
	}
	return &found{kind: Panic, task: t.i, sig: "panic " + text + " " + panicSite(stack),
		msg: fmt.Sprintf("task %s panicked: %s", t.name, text), stack: stack}
}
