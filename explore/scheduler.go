//go:build !race

package explore

import (
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// The engine itself is the scheduler of the program under test.
var (
	_ sched.Scheduler = (*engine)(nil)
	_ sched.Reporter  = (*engine)(nil)
)

func (e *engine) sched() sched.Scheduler { return e }

// Step announces op and returns when it may take effect.
func (e *engine) Step(op sched.Op) {
	t := e.cur
	if t == nil {
		e.outside(&op)
		return
	}
	if t.depth != 0 { // part of the step that t is taking
		t.depth++
		return
	}
	if e.aborting {
		t.unwind()
	}
	e.announce(t, &op)
	if next := e.decide(); next != t {
		e.next = next
		t.pause()
		if e.aborting {
			t.unwind()
		}
	}
	e.cur = t
	e.begin(t)
}

// Done says that op has taken effect.
func (e *engine) Done(op sched.Op, result int64) {
	if t := e.cur; t != nil {
		e.done(t, &op, result)
	} else {
		e.outsideDone(&op)
	}
}

// Object registers an object.
func (e *engine) Object(spec sched.Spec) *sched.Object { return e.register(spec) }

// Go starts f as task t.
func (e *engine) Go(t *sched.Task, f func()) { e.start(t.Name(), t, f, false, false) }

func (e *engine) spawn(name string, st *sched.Task, f func(), daemon, idle bool) {
	e.start(name, st, f, daemon, idle)
}

// Now returns the virtual time.
func (e *engine) Now() time.Time { return e.clock.now() }

// AfterFunc starts f as a task of its own when d has passed.
func (e *engine) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return e.clock.afterFunc(d, f)
}

// Report makes a finding of a fault.
func (e *engine) Report(fault error) { e.fault(fault) }

// open tells whether the gate of t is.
func (e *engine) open(t *task) bool {
	cur := e.cur
	e.cur = nil
	ok := t.op.Gate.Ready()
	e.cur = cur
	return ok
}

func (e *engine) caller() *task { return e.cur }

// submit makes a finding of what the caller has found.
func (e *engine) submit(f *found) { e.fail(f) }

func (e *engine) chooseInput(n int) int { return e.choose(e.cur, n) }

func (e *engine) note(text string) { e.line.log(e, e.cur, text) }
