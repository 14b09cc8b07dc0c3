//go:build race

package explore

import (
	"runtime"
	"unsafe"

	"github.com/floodgate-go/floodgate/sched"
)

// raceBuild tells which of the two kinds of thread is built in.
const raceBuild = true

// A thread is the stack that a task runs on. Switching coroutines is visible to
// the race detector: it would put everything in order and find nothing. So here
// a thread is a goroutine, and the baton that it and the driver hand each other
// is hidden. All of the engine's data is touched by the driver alone; what a
// task wants it asks for through a mailbox that the detector does not look at.
//
// The edges that the detector sees between tasks are those of the real
// operations, which the tasks carry out themselves, and these: the set-up
// happens before the tasks, the start of a task before the task, everything
// before the checks and before the unwinding. From the driver to a task there
// is an edge at each hand-over, which carries nothing else, as the driver never
// waits for a task visibly while tasks run.
type thread struct {
	wake chan struct{}
	box  mailbox

	edge  uint64 // driver to task
	birth uint64 // parent to task
	out   uint64 // task to driver, when it is asked for or the task has ended

	granted bool // paused in a step; driver only
	forced  bool // ended by force; driver only
}

// driver is the engine's part.
type driver struct {
	exited *task // ended by runtime.Goexit
	back   chan struct{}
	gating bool // a gate is being looked at
	full   bool // everything is visible to everybody, for Always in a replay
	races  int  // reports of the detector before this execution
}

type signal uint8

const (
	goOn  signal = iota // what you asked for is done
	look                // say whether your gate is open
	tell                // make what you have done visible
	leave               // your execution is over: unwind
	quit                // end
)

type asking uint8

const (
	nothing asking = iota
	toStep
	toFinishStep
	toRegister
	toSpawn
	toSubmit
	toChoose
	toNote
	toBreak
	toExit
	toEnd
	toAbandon
)

// A mailbox is read and written in functions that are not instrumented.
type mailbox struct {
	signal signal
	asking asking
	gate   sched.Gate
	open   bool

	op     sched.Op
	result int64
	spec   sched.Spec
	obj    *sched.Object

	name         string
	st           *sched.Task
	f            func()
	daemon, idle bool
	child        *task

	found *found
	text  string
	n     int
}

func newTask(e *engine, i int) *task { return &task{e: e, i: i} }

// resume lets t run until it pauses. It is called by the driver.
func (t *task) resume() {
	e := t.e
	if t.wake == nil {
		t.wake = make(chan struct{}, 1)
		if e.back == nil {
			e.back = make(chan struct{}, 1)
		}
		go t.loop()
	}
	s := goOn
	if t.granted {
		t.granted = false
		if e.aborting {
			s = leave
		} else {
			e.cur = t
			e.begin(t)
		}
	}
	for {
		t.hand(s)
		if s = t.serveRequest(); s == pausing {
			return
		}
	}
}

// pausing is what serveRequest returns when the task does not go on.
const pausing = signal(255)

// hand passes the baton to t and waits until it comes back.
//
//go:norace
func (t *task) hand(s signal) {
	t.box.signal = s
	runtime.RaceRelease(unsafe.Pointer(&t.edge))
	runtime.RaceDisable()
	t.wake <- struct{}{}
	<-t.e.back
	runtime.RaceEnable()
	if t.e.full {
		runtime.RaceAcquire(unsafe.Pointer(&t.out))
	}
}

// take waits for the baton, on t's goroutine, and returns with the driver's
// answer. Questions of the driver are answered on the way.
//
//go:norace
func (t *task) take() signal {
	for {
		runtime.RaceDisable()
		<-t.wake
		runtime.RaceEnable()
		runtime.RaceAcquire(unsafe.Pointer(&t.edge))
		switch t.box.signal {
		case look:
			t.box.open = ready(t.box.gate)
		case tell:
			runtime.RaceReleaseMerge(unsafe.Pointer(&t.out))
		default:
			return t.box.signal
		}
		t.box.asking = nothing
		t.giveBack()
	}
}

//go:norace
func (t *task) giveBack() {
	if t.e.full {
		runtime.RaceReleaseMerge(unsafe.Pointer(&t.out))
	}
	runtime.RaceDisable()
	t.e.back <- struct{}{}
	runtime.RaceEnable()
}

// ready is instrumented: what a gate looks at must be fit to be looked at.
func ready(g sched.Gate) bool { return g.Ready() }

// ask gives the baton back with a request, and returns when it is done.
//
//go:norace
func (t *task) ask(a asking) signal {
	t.box.asking = a
	t.giveBack()
	return t.take()
}

//go:norace
func (t *task) request() (asking, *mailbox) { return t.box.asking, &t.box }

// serveRequest does what t has asked for, and returns what to tell it.
func (t *task) serveRequest() signal {
	e := t.e
	e.cur = t
	switch a, _ := t.request(); a {
	case toStep:
		return t.wantsStep()
	case toFinishStep:
		op, result := t.letter()
		e.done(t, &op, result)
	case toRegister:
		t.answerObject(e.register(t.letterSpec()))
	case toSpawn:
		name, st, f, daemon, idle := t.letterSpawn()
		t.answerChild(e.start(name, st, f, daemon, idle))
	case toSubmit:
		f := t.letterFound()
		e.fail(&f)
	case toChoose:
		t.answerChoice(e.choose(t, t.letterN()))
	case toNote:
		if e.line != nil {
			e.line.log(e, t, t.letterText())
		}
	case toBreak:
		if t.depth != 0 {
			e.interrupted(t)
		}
	case toExit:
		t.wake = nil
		if t.forced {
			return pausing
		}
		e.exited = t
		runtime.Goexit()
	case toAbandon:
		e.swallowed(t)
		return pausing
	case toEnd:
		e.finished(t)
		return pausing
	}
	e.cur = t
	return goOn
}

// wantsStep is Step in the driver.
func (t *task) wantsStep() signal {
	e := t.e
	if t.depth != 0 {
		t.depth++
		return goOn
	}
	if e.aborting {
		return leave
	}
	op, _ := t.letter()
	t.keepGate()
	e.announce(t, &op)
	next := e.decide()
	if next == t {
		e.cur = t
		e.begin(t)
		return goOn
	}
	e.next = next
	t.granted = true
	return pausing
}

//go:norace
func (t *task) letter() (sched.Op, int64) { return t.box.op, t.box.result }

//go:norace
func (t *task) keepGate() { t.box.gate = t.box.op.Gate }

//go:norace
func (t *task) letterSpec() sched.Spec { return t.box.spec }

//go:norace
func (t *task) answerObject(o *sched.Object) { t.box.obj = o }

//go:norace
func (t *task) letterSpawn() (string, *sched.Task, func(), bool, bool) {
	return t.box.name, t.box.st, t.box.f, t.box.daemon, t.box.idle
}

//go:norace
func (t *task) answerChild(c *task) { t.box.child = c }

//go:norace
func (t *task) letterFound() found { return *t.box.found }

//go:norace
func (t *task) letterN() int { return t.box.n }

//go:norace
func (t *task) answerChoice(v int) { t.box.n = v }

//go:norace
func (t *task) letterText() string { return t.box.text }

// loop is the task's goroutine.
func (t *task) loop() {
	s := t.take()
	for s != quit {
		runtime.RaceAcquire(unsafe.Pointer(&t.birth))
		t.serve()
		runtime.RaceReleaseMerge(unsafe.Pointer(&t.out))
		s = t.ask(toEnd)
	}
	t.giveBack()
}

// broke ends the step that t may have been in when it panicked.
func (t *task) broke() { t.ask(toBreak) }

// exits notes that t is ended by runtime.Goexit, and its thread with it. The
// driver ends the same way.
//
//go:norace
func (t *task) exits() {
	runtime.RaceReleaseMerge(unsafe.Pointer(&t.out))
	t.box.asking = toExit
	t.giveBack()
}

// discard ends the thread of a task that is not in the middle of anything.
func (t *task) discard() {
	if t.wake != nil {
		t.hand(quit)
		t.wake = nil
	}
}

// abandon ends t by force, after the driver has heard of it.
func (t *task) abandon() {
	t.ask(toAbandon)
	runtime.Goexit()
}

// force ends a task that does not let itself be unwound.
func (t *task) force() {
	t.forced = true
	t.resume()
}

// gather makes all that the tasks have done visible to the driver, and looks
// whether the detector has found anything.
func (e *engine) gather() {
	for _, t := range e.tasks[:e.n] {
		if t.state == pending && !e.aborting {
			t.hand(tell)
		}
		runtime.RaceAcquire(unsafe.Pointer(&t.out))
	}
	if n := runtime.RaceErrors(); n > e.races {
		e.raced(n - e.races)
		e.races = n
	}
}

// prepare is called between the set-up and the tasks.
func (e *engine) prepare() {
	e.races = runtime.RaceErrors()
	e.full = e.showing && len(e.always) > 0
}

// looks tells whether Always can be called: its looking would be a race.
func (e *engine) looks() bool { return e.full }

// open tells whether the gate of t is, as t itself sees it.
func (e *engine) open(t *task) bool {
	cur := e.cur
	e.cur = nil
	e.setGating(true)
	t.hand(look)
	e.setGating(false)
	e.cur = cur
	return t.answer()
}

//go:norace
func (e *engine) setGating(on bool) { e.gating = on }

//go:norace
func (t *task) answer() bool { return t.box.open }
