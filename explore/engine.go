package explore

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// An object is a shared object of the program under test. Objects are numbered
// in the order of their creation and kept from execution to execution.
type object struct {
	sched.Object
	hist    []use // accesses in this execution; kept by tree searches
	balance int64 // permits or locks taken and not given back
	setup   bool  // taken in the set-up and not given back

	// What each task has taken minus what it has given back. Neither depends
	// on the order of a take by one and a give by another.
	net   [maxTasks]int16
	takes set // tasks whose net is above 0
	used  set // tasks whose net may not be 0
}

// holders returns the tasks that hold o.
func (o *object) holders() set {
	if o.balance <= 0 {
		return 0
	}
	return o.takes
}

func (o *object) take(t *task, n int64) {
	o.balance += n
	o.net[t.i] += int16(n)
	o.used |= t.bit()
	if o.net[t.i] > 0 {
		o.takes |= t.bit()
	} else {
		o.takes &^= t.bit()
	}
}

// A use is an entry in an object's history.
type use struct {
	row   int32
	class class
}

type outcome uint8

const (
	completed outcome = iota // nobody is left who must end
	dead                     // somebody is left and nobody can go on
	redundant                // the rest is known from another execution
	overlong                 // the step limit was reached
	broken                   // the program is not deterministic, or did not obey
)

// An engine runs one execution after another. It belongs to one goroutine, the
// driver, and to the coroutines of its tasks, one of which runs at a time.
type engine struct {
	driver
	o     *settings
	run   Run
	strat strategy

	tasks []*task
	n     int   // tasks of this execution
	begun int   // tasks that have begun
	cur   *task // who runs; nil: set-up, checks, gates, the driver
	last  *task // who took the last step
	next  *task // whom the driver resumes; nil: the execution ends

	free    set // tasks that have announced a step without a gate
	gated   set // tasks that have announced a step with one
	daemons set
	idlers  set
	live    int // tasks that have not ended and must

	objs []*object
	nobj int

	acc     []access // footprint of the step being taken
	rec     []decision
	nsteps  int
	changes uint64 // counts changes of objects
	changer [2]struct {
		task int
		at   uint64
	} // the last change, and the last one by somebody else

	aborting   bool
	setupN     int32 // choices in the set-up
	outcome    outcome
	more       bool // what the strategy said at the end
	found      *found
	foundStep  int    // when
	foundPlace string // where its task was
	line       *Timeline
	clock      clock
	ctx        *runContext // what Run.Context returns

	always, checks []func()
	balanced       []string

	steps uint64 // of all executions

	late    []*Finding // races that came up while another finding was investigated
	showing bool       // this execution is for somebody to look at

	// For the watchdog.
	progress atomic.Uint64
	resting  atomic.Bool // the worker has nothing to do
}

// A decision is what was chosen at one point: who goes next, or which input.
type decision struct {
	task  int16 // who was chosen; who chose the input, noTask: the set-up
	kind  sched.OpKind
	value int32 // the input
	obj   int32 // what the step touches; of a choice: the number of inputs
}

func newEngine(o *settings) *engine {
	e := &engine{o: o}
	e.run.e = e
	e.clock.e = e
	return e
}

// execute runs fn once under strat.
func (e *engine) execute(fn func(*Run)) {
	e.reset()
	e.strat.begin(e)
	if e.inert("set-up", func() { fn(&e.run) }) {
		e.prepare()
		e.next = e.decide()
		e.drive()
	} else {
		e.outcome = broken
	}
	e.steps += uint64(e.nsteps)
	e.progress.Add(1)
	e.gather()
	if e.found == nil {
		switch e.outcome {
		case dead:
			e.stuck()
		case overlong:
			e.overrun()
		case completed:
			e.verify()
		}
	}
	e.more = e.strat.end(e)
	e.unwindAll()
	e.gather()
}

func (e *engine) reset() {
	e.n, e.begun, e.nobj, e.nsteps, e.live = 0, 0, 0, 0, 0
	e.cur, e.last, e.next = nil, nil, nil
	e.free, e.gated, e.daemons, e.idlers = 0, 0, 0, 0
	e.rec = e.rec[:0]
	e.changes, e.changer[0].at, e.changer[1].at = 0, 0, 0
	e.changer[0].task, e.changer[1].task = noTask, noTask
	e.aborting, e.outcome, e.found, e.exited = false, completed, nil, nil
	e.foundStep, e.foundPlace = 0, ""
	e.setupN, e.ctx = 0, nil
	e.clock.reset()
	clear(e.always)
	clear(e.checks)
	e.always, e.checks, e.balanced = e.always[:0], e.checks[:0], e.balanced[:0]
}

// drive resumes one task after another until nobody is next.
func (e *engine) drive() {
	for t := e.next; t != nil; t = e.next {
		e.next = nil
		e.cur = t
		t.resume()
	}
	e.cur = nil
}

// inert calls f outside all tasks and reports whether it came to its end. Steps
// taken in it are no steps, and it can not wait for anybody.
func (e *engine) inert(what string, f func()) (ok bool) {
	cur := e.cur
	e.cur = nil
	defer func() {
		e.cur = cur
		if ok {
			return
		}
		switch r := recover().(type) {
		case nil: // runtime.Goexit
		case stopped, unwound:
		default:
			e.fail(&found{kind: Panic, task: noTask, sig: fmt.Sprintf("%s %T", what, r),
				msg: fmt.Sprintf("%s panicked: %v", what, r), stack: debug.Stack()})
		}
	}()
	f()
	return true
}

// start makes a task. It begins to run before the next decision.
func (e *engine) start(name string, st *sched.Task, f func(), daemon, idle bool) *task {
	if e.aborting {
		return nil
	}
	if f == nil {
		panic("explore: nil function for task " + name)
	}
	if e.n == maxTasks {
		panic(fmt.Sprintf("explore: more than %d tasks", maxTasks))
	}
	if e.n == len(e.tasks) {
		e.tasks = append(e.tasks, newTask(e, e.n))
	}
	t := e.tasks[e.n]
	e.n++
	t.name, t.st, t.f, t.daemon, t.idle = name, st, f, daemon, idle
	t.state, t.depth, t.steps, t.mark, t.threw = unborn, 0, 0, 0, 0
	t.row, t.born = noRow, noRow
	t.nudges, t.nudgedAt = 0, 0
	t.op, t.lastObj = sched.Op{}, nil
	if daemon {
		e.daemons |= t.bit()
	} else {
		e.live++
	}
	if idle {
		e.idlers |= t.bit()
	}
	e.strat.born(e, t)
	return t
}

// decide says who goes next, in the course of which new tasks run up to their
// first step. It is called by whoever has just announced a step or ended.
func (e *engine) decide() *task {
	if e.begun < e.n {
		t := e.tasks[e.begun]
		e.begun++
		t.state = running
		return t
	}
	e.cur = nil
	if e.outcome != completed {
		return nil
	}
	if e.nsteps >= e.o.maxSteps {
		e.outcome = overlong
		return nil
	}
	i := e.strat.pick(e)
	if i == noTask {
		return nil
	}
	t := e.tasks[i]
	e.grant(t)
	return t
}

// grant lets t take the step it has announced.
func (e *engine) grant(t *task) {
	d := decision{task: int16(t.i), kind: t.op.Kind, obj: noRow}
	if t.op.Obj != nil {
		d.obj = int32(t.op.Obj.ID)
	}
	e.rec = append(e.rec, d)
	e.free &^= t.bit()
	e.gated &^= t.bit()
	t.state = running
	e.last = t
}

// enabled returns the tasks whose announced step could be taken now.
func (e *engine) enabled() set {
	en := e.free
	for g := e.gated; g != 0; g = g.rest() {
		if i := g.lowest(); e.ready(e.tasks[i]) {
			en |= one(i)
		}
	}
	if en == 0 && e.gated != 0 {
		en = e.nudged()
	}
	return en
}

// nudges is how often a task may go on from a yield when nobody else can run
// and nothing has changed. Code may yield without waiting for anything; a loop
// that waits comes back, and then it is a livelock.
const nudges = 3

// nudged returns the tasks that may go on from a yield for want of others.
func (e *engine) nudged() (en set) {
	for g := e.gated; g != 0; g = g.rest() {
		t := e.tasks[g.lowest()]
		if t.op.Kind == sched.Yield && (t.nudgedAt != e.changes || t.nudges < nudges) {
			en |= t.bit()
		}
	}
	return en
}

// nobody sets the outcome when no task can go on. It returns noTask.
func (e *engine) nobody() int {
	if e.live > 0 {
		e.outcome = dead
	}
	return noTask
}

// preferred is the default rule: who runs goes on, else the first who can; the
// environment only when nobody else can.
func (e *engine) preferred(en set) int {
	if own := en &^ e.idlers; own != 0 {
		en = own
	}
	if e.last != nil && en.has(e.last.i) {
		return e.last.i
	}
	return en.lowest()
}

// finished is called on t's stack when its function has returned or panicked.
func (e *engine) finished(t *task) {
	if t.depth != 0 && !e.aborting {
		e.fail(&found{kind: Misuse, task: t.i, sig: "depth", msg: fmt.Sprintf(
			"task %s recovered a panic that came out of the middle of a step: its last steps were not seen", t.name)})
	}
	t.state = ended
	if !t.daemon {
		e.live--
	}
	if !e.aborting {
		e.next = e.decide()
	}
}

// unwindAll ends the tasks that have not ended by themselves.
func (e *engine) unwindAll() {
	e.aborting = true
	for i := 0; i < e.n; i++ {
		t := e.tasks[i]
		if t.state == ended || t.state == unborn {
			continue
		}
		e.cur = t
		t.resume()
		if t.state != ended {
			t.force()
			e.tasks[i] = newTask(e, i)
		}
	}
	e.cur = nil
}

// close ends the threads of all tasks. The engine can not be used any more.
func (e *engine) close() {
	e.strat = nil
	if t := e.exited; t != nil { // its thread is gone
		t.state = ended
		t.thread = thread{}
		e.exited = nil
	}
	e.unwindAll()
	for _, t := range e.tasks {
		t.discard()
	}
	e.tasks = nil
}

// swallowed notes that t can not be unwound.
func (e *engine) swallowed(t *task) {
	e.found = &found{kind: Misuse, task: t.i, sig: "swallowed", msg: fmt.Sprintf(
		"task %s recovers the panic that ends its execution and goes on, again and again. "+
			"Let it end when a step panics, or pass the panic on", t.name)}
}

// fail keeps the first thing that went wrong in an execution.
func (e *engine) fail(f *found) {
	if e.found != nil || e.aborting {
		return
	}
	e.found, e.foundStep = f, e.nsteps
	if f.task != noTask {
		e.foundPlace = place(e.tasks[f.task])
	}
}

// strayed notes that a task did not repeat itself.
func (e *engine) strayed(at, task int, kind sched.OpKind, obj int32, how string) {
	what := kind.String()
	if obj >= 0 && int(obj) < e.nobj {
		what += " of " + objectName(&e.objs[obj].Object)
	}
	who := "a task"
	if task >= 0 && task < e.n {
		who = e.tasks[task].name
	}
	e.outcome = broken
	e.found, e.foundStep, e.foundPlace = nil, 0, ""
	e.fail(&found{kind: Nondeterminism, task: noTask, sig: "strayed", msg: fmt.Sprintf(
		"the program is not deterministic: after the same %d decisions as before, %s should do %s, but %s. "+
			"Look for the order of a map, the real clock, random numbers, a select with several cases ready, "+
			"and state left over from the execution before", at, who, what, how)})
}

func (e *engine) taskName(i int) string {
	if i == noTask {
		return "set-up"
	}
	return e.tasks[i].name
}

// choose makes a choice of input for t, nil for the set-up.
func (e *engine) choose(t *task, n int) int {
	if e.aborting {
		return 0
	}
	v := e.strat.choose(e, n)
	who := noTask
	if t != nil {
		who = t.i
		t.steps++
	} else {
		e.setupN++
	}
	e.rec = append(e.rec, decision{int16(who), sched.Choose, int32(v), int32(n)})
	if e.line != nil {
		e.line.choice(e, t, v, n)
	}
	return v
}

// report makes a finding of what the program says is wrong.
func (e *engine) report(what, text string) { e.reportError(&found{sig: what, msg: text}) }

func (e *engine) reportError(f *found) {
	f.kind, f.task = Broken, noTask
	if t := e.caller(); t != nil {
		f.kind, f.task, f.msg = Failure, t.i, "task "+t.name+": "+f.msg
	}
	e.submit(f)
}
