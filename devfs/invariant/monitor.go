package invariant

import (
	"strings"
	"sync"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// What a task is, for [Monitor.Task].
const (
	user   = ""       // somebody in user space
	daemon = "daemon" // who owns the event queue, now or before
	helper = "helper" // works for the daemon, and is of its class
	driver = "driver" // in the kernel: registers and unregisters
	stray  = "stray wake"
)

// The kinds of tasks.
const (
	User   Kind = user
	Daemon Kind = daemon
	Helper Kind = helper
	Driver Kind = driver
	Stray  Kind = stray
)

// Kind says what a task is.
type Kind = string

// A Config says how a [Monitor] works.
type Config struct {
	// Real says that the tasks run on real goroutines, at the same time.
	// The statements about one task's own doing are then asserted where it
	// does it; those about the whole state need an explorer.
	Real bool
	// Report is called for each violation, once for each signature. It may
	// unwind the task by panicking.
	Report func(*Violation)
}

// A Monitor is a scheduler that stands on another one, sees each step, and
// checks the statements. Make one with [New] for each run, make the file system
// on it, and [Monitor.Attach] that.
//
// Under an explorer [Monitor.Check] belongs into Always and [Monitor.Finish]
// into Check.
type Monitor struct {
	inner sched.Scheduler
	c     Config
	fs    *devfs.FS

	mu    sync.Mutex // in a real run
	told  map[string]bool
	over  bool // a fatal violation, or the run is torn down
	tasks []*task
	cur   *task
	seq   int // steps seen

	cells []cell // by object ID

	debts   []debt
	events  events
	answers answers
}

// A cell is what is known of an object.
type cell struct {
	kind  byte // 'o' d_op, 'f' d_fsdata, 'i' d_inode, 'q' the event queue
	wrote bool
	by    *task
	at    *sched.Label
}

// A task is what is known of a task.
type task struct {
	*sched.Task
	kind   Kind
	calls  []*call       // nested, the innermost last
	linked *sched.Object // the queue it is in, or was
	parker *sched.Object // what it sleeps in, where that is its own
	asleep bool          // announced a sleep whose wake was not there
	bound  int           // the last event queued when the sleep began
	woken  Actor
	saw    *vfs.DentryOps // what the last load of d_op saw, in a revalidate
	touch  int            // the last cell of a dentry that was touched, -1: none
	ended  bool
}

// A call is a system call that a task makes.
type call struct {
	c      *vfs.Call
	inside []inside
}

// An inside is a method that a call is in.
type inside struct {
	method vfs.Method
	d      *vfs.Dentry
	held   []held
	data   any // d_fsdata when it slept
	slept  bool
	looked bool // has loaded d_fsdata
}

type held struct {
	i *vfs.Inode
	n int
}

// New makes a monitor on s.
func New(s sched.Scheduler, c Config) *Monitor {
	return &Monitor{inner: s, c: c, told: map[string]bool{}}
}

// Attach makes m watch fs, which was made on it.
func (m *Monitor) Attach(fs *devfs.FS) {
	m.fs = fs
	fs.Observe(observer{m})
}

// Task tells m of a task. It must come before the task runs.
func (m *Monitor) Task(t *sched.Task, k Kind) {
	m.lock()
	m.tasks = append(m.tasks, &task{Task: t, kind: k, touch: -1})
	m.unlock()
}

// Run calls f as task t, which m knows: what the task is started with under an
// explorer.
func (m *Monitor) Run(t *sched.Task, f func()) {
	u := m.find(t)
	m.cur = u
	f()
	u.ended = true
	m.dropped(u)
}

func (m *Monitor) lock() {
	if m.c.Real {
		m.mu.Lock()
	}
}

func (m *Monitor) unlock() {
	if m.c.Real {
		m.mu.Unlock()
	}
}

func (m *Monitor) find(t *sched.Task) *task {
	if t == nil {
		return nil
	}
	if u := m.cur; u != nil && u.Is(t) {
		return u
	}
	for _, u := range m.tasks {
		if u.Is(t) {
			return u
		}
	}
	return nil
}

func (m *Monitor) actor(u *task) Actor {
	if u == nil {
		return Actor{}
	}
	return actor(u.Task, u.Label(), u.kind)
}

// actorOf is actor for a place that was noted earlier.
func (m *Monitor) actorOf(t *sched.Task, l *sched.Label) Actor {
	if u := m.find(t); u != nil {
		return actor(u.Task, l, u.kind)
	}
	return actor(t, l, user)
}

// tell reports a violation.
func (m *Monitor) tell(v *Violation) {
	if m.over {
		return
	}
	sig := v.Signature()
	if m.told[sig] {
		return
	}
	m.told[sig] = true
	if v.Fatal() {
		m.over = true
	}
	if m.c.Report != nil {
		m.unlock()
		m.c.Report(v)
		m.lock()
	}
}

// Over reports whether something has happened after which nothing means
// anything any more.
func (m *Monitor) Over() bool { return m.over }

// The scheduler.

var _ interface {
	sched.Scheduler
	sched.Reporter
	sched.WakerObserver
} = (*Monitor)(nil)

// Object registers an object with the scheduler below.
func (m *Monitor) Object(spec sched.Spec) *sched.Object {
	o := m.inner.Object(spec)
	if o == nil {
		return o
	}
	if m.c.Real {
		return o
	}
	o.Sched = m
	for len(m.cells) <= o.ID {
		m.cells = append(m.cells, cell{})
	}
	c := cell{}
	switch spec.Kind {
	case sched.KindParker:
		if m.cur != nil {
			m.cur.parker, m.cur.woken = o, Actor{}
		}
	case sched.KindVar:
		switch {
		case strings.HasPrefix(spec.Name, "d_op "):
			c.kind = 'o'
		case strings.HasPrefix(spec.Name, "d_fsdata "):
			c.kind = 'f'
		case strings.HasPrefix(spec.Name, "d_inode "):
			c.kind = 'i'
		case spec.Name == "devfsd.queue":
			c.kind = 'q'
		}
	}
	m.cells[o.ID] = c
	return o
}

// Step announces a step to the scheduler below.
func (m *Monitor) Step(op sched.Op) {
	if m.c.Real {
		m.inner.Step(op)
		return
	}
	t, normal := m.cur, false
	if op.Task != nil {
		if u := m.find(op.Task); u != nil {
			t = u
		}
	}
	defer func() {
		if !normal {
			m.over = true // the run is torn down
		}
	}()
	if op.Kind == sched.Park && t != nil {
		m.sleeps(t, &op)
	}
	m.inner.Step(op)
	normal = true
	m.cur = t
	if t != nil {
		t.asleep = false
	}
}

// Done notes what a step has done.
func (m *Monitor) Done(op sched.Op, result int64) {
	if t := m.cur; t != nil && !m.c.Real && !m.over {
		m.note(t, &op, result)
	}
	m.inner.Done(op, result)
}

// note follows what the statements need to know.
func (m *Monitor) note(t *task, op *sched.Op, result int64) {
	m.readAgain(t)
	switch op.Kind {
	case sched.Get, sched.Put:
		m.refer(t, op)
	case sched.Wake, sched.Unpark:
		m.wakes(t, op.Obj)
	case sched.Enqueue:
		t.linked, t.woken = op.Obj, Actor{}
	case sched.Store, sched.Update:
		if op.Obj.Kind != sched.KindVar {
			return
		}
		c := &m.cells[op.Obj.ID]
		if c.kind == 'o' || c.kind == 'f' || c.kind == 'i' {
			t.touch = op.Obj.ID
		}
		if !op.Failed {
			c.wrote, c.by, c.at = true, t, t.Label()
		}
		if c.kind == 'q' {
			m.queueChanged(t)
		}
	case sched.Load:
		if op.Obj.Kind != sched.KindVar {
			return
		}
		switch m.cells[op.Obj.ID].kind {
		case 'o':
			t.touch = op.Obj.ID
			m.sawOps(t)
		case 'f':
			t.touch = op.Obj.ID
			m.sawData(t, result != 0)
		case 'i':
			t.touch = op.Obj.ID
		}
	}
}

// wakes notes whom t has woken. Who was woken by somebody who has himself just
// been woken owes it to whoever woke that one.
func (m *Monitor) wakes(t *task, o *sched.Object) {
	by := m.actor(t)
	if by.Role == "looker" && t.woken != (Actor{}) {
		by = t.woken
	}
	for _, u := range m.tasks {
		if u != t && (u.linked == o || u.parker == o) {
			u.woken = by
		}
	}
}

// writer returns who has last written the cell of a dentry that t has touched
// last.
func (m *Monitor) writer(t *task) Actor {
	if t == nil || t.touch < 0 || !m.cells[t.touch].wrote {
		return Actor{}
	}
	c := &m.cells[t.touch]
	return actor(c.by.Task, c.at, c.by.kind)
}

// Go starts a task.
func (m *Monitor) Go(t *sched.Task, f func()) {
	if m.c.Real {
		m.inner.Go(t, f)
		return
	}
	if m.find(t) == nil {
		k := user
		if m.cur != nil && (m.cur.kind == daemon || m.cur.kind == helper) {
			k = helper
		}
		m.Task(t, k)
	}
	m.inner.Go(t, func() { m.Run(t, f) })
}

// Waker passes on who is to wake those that sleep on o.
func (m *Monitor) Waker(o *sched.Object, t *sched.Task) {
	if w, ok := m.inner.(sched.WakerObserver); ok {
		w.Waker(o, t)
	}
}
