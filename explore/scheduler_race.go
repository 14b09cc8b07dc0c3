//go:build race

package explore

import (
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"github.com/floodgate-go/floodgate/sched"
)

// The engine itself is the scheduler of the program under test. Its methods run
// on the tasks' goroutines and only fill in the mailbox.
var (
	_ sched.Scheduler = (*engine)(nil)
	_ sched.Reporter  = (*engine)(nil)
)

func (e *engine) sched() sched.Scheduler { return e }

// caller returns the task that runs, or nil outside all tasks.
//
//go:norace
func (e *engine) caller() *task { return e.cur }

//go:norace
func (e *engine) atGate() bool { return e.gating }

// Step announces op and returns when it may take effect.
func (e *engine) Step(op sched.Op) {
	t := e.caller()
	if t == nil {
		if !e.atGate() {
			e.outside(&op)
		}
		return
	}
	if t.askOp(toStep, op, 0) == leave {
		t.unwind()
	}
}

// Done says that op has taken effect.
func (e *engine) Done(op sched.Op, result int64) {
	t := e.caller()
	if t == nil {
		if !e.atGate() {
			e.outsideDone(&op)
		}
		return
	}
	t.askOp(toFinishStep, op, result)
}

//go:norace
func (t *task) askOp(a asking, op sched.Op, result int64) signal {
	t.box.op, t.box.result = op, result
	return t.ask(a)
}

// Object registers an object.
func (e *engine) Object(spec sched.Spec) *sched.Object {
	if t := e.caller(); t != nil {
		return t.askObject(spec)
	}
	return e.register(spec)
}

//go:norace
func (t *task) askObject(spec sched.Spec) *sched.Object {
	t.box.spec = spec
	t.ask(toRegister)
	return t.box.obj
}

// Go starts f as task t.
func (e *engine) Go(t *sched.Task, f func()) { e.spawn(t.Name(), t, f, false, false) }

func (e *engine) spawn(name string, st *sched.Task, f func(), daemon, idle bool) {
	t := e.caller()
	if t == nil {
		e.start(name, st, f, daemon, idle)
		return
	}
	if f == nil {
		panic("explore: nil function for task " + name)
	}
	if c := t.askSpawn(name, st, f, daemon, idle); c != nil {
		runtime.RaceReleaseMerge(unsafe.Pointer(&c.birth))
	}
}

//go:norace
func (t *task) askSpawn(name string, st *sched.Task, f func(), daemon, idle bool) *task {
	t.box.name, t.box.st, t.box.f, t.box.daemon, t.box.idle = name, st, f, daemon, idle
	t.ask(toSpawn)
	return t.box.child
}

// Now returns the virtual time.
func (e *engine) Now() time.Time { return e.clock.now() }

// AfterFunc starts f as a task of its own when d has passed.
func (e *engine) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return e.clock.afterFunc(d, f)
}

// Report makes a finding of a fault.
func (e *engine) Report(fault error) { e.fault(fault) }

// submit makes a finding of what the caller has found.
func (e *engine) submit(f *found) {
	if t := e.caller(); t != nil {
		t.askSubmit(f)
		return
	}
	e.fail(f)
}

//go:norace
func (t *task) askSubmit(f *found) {
	t.box.found = f
	t.ask(toSubmit)
}

func (e *engine) chooseInput(n int) int {
	if t := e.caller(); t != nil {
		return t.askChoose(n)
	}
	return e.choose(nil, n)
}

//go:norace
func (t *task) askChoose(n int) int {
	t.box.n = n
	t.ask(toChoose)
	return t.box.n
}

func (e *engine) note(text string) {
	if t := e.caller(); t != nil {
		t.askNote(text)
		return
	}
	e.line.log(e, nil, text)
}

//go:norace
func (t *task) askNote(text string) {
	t.box.text = text
	t.ask(toNote)
}

// raced makes a finding of reports of the race detector.
func (e *engine) raced(n int) {
	e.found = nil
	e.fail(&found{kind: DataRace, task: noTask, sig: "race number " + strconv.Itoa(e.races+n), msg: "the race detector has reported " +
		strconv.Itoa(n) + " race(s) on plain memory in this execution; see its output above"})
}
