package sched

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// A Task is Linux's current: who does something. It has a name, a parent, a
// process group and credentials, and it can be killed. It travels explicitly,
// as an argument, or in a context ([TaskOf]); never by goroutine id, so one
// goroutine can act for many tasks and one task may move between goroutines.
//
// Make a Task with [NewTask]; there is no zero Task. Tasks are compared with
// [Task.Is]. All methods may be called concurrently.
type Task struct {
	*identity
	ctx context.Context // nil: ends with life only
}

// identity is what the copies made by WithContext share.
type identity struct {
	name   string
	pid    int
	cred   Cred
	parent atomic.Pointer[Task]
	group  atomic.Int64
	label  atomic.Pointer[Label]
	trace  func(*Task, *Label)
	local  atomic.Pointer[any]
	life   context.Context
	kill   context.CancelCauseFunc
}

// Cred are the credentials that a permission check looks at (euid, egid and
// the supplementary groups of struct task_struct).
type Cred struct {
	UID, GID uint32
	Groups   []uint32
}

// A TaskConfig says what [NewTask] makes. Each field may be left zero.
type TaskConfig struct {
	// Parent is the real parent. Its credentials and group are inherited.
	Parent *Task
	// PID is the process id; 0 takes the next free one.
	PID int
	// Group is the process group. 0 takes the parent's, or the task's own
	// pid when it has no parent. NoGroup is group 0, where kernel helpers
	// live.
	Group int
	// Cred replaces the parent's credentials. With neither, the task is
	// root.
	Cred *Cred
	// Trace, when not nil, is called on the task's goroutine each time it
	// reaches a labelled step, before the step is made. It may block: that
	// is how a test holds a task at an exact window.
	Trace func(*Task, *Label)
}

// NoGroup is the [TaskConfig] Group of a task in group 0.
const NoGroup = -1

// A Label names a place in a program, such as a step of a protocol. Labels are
// package variables; their address is their identity.
type Label struct {
	ID   string // "L9"
	Text string // "down(i_sem)"
}

// String returns the label as "L9 down(i_sem)".
func (l *Label) String() string { return l.ID + " " + l.Text }

var lastPID atomic.Int64

// NewTask makes a task. It starts nothing; see [Go] and [Run].
func NewTask(name string, c TaskConfig) *Task {
	id := &identity{name: name, pid: c.PID, trace: c.Trace}
	if id.pid == 0 {
		id.pid = int(lastPID.Add(1))
	}
	if c.Parent != nil {
		id.cred = c.Parent.cred
		id.parent.Store(c.Parent)
	}
	if c.Cred != nil {
		id.cred = *c.Cred
	}
	switch {
	case c.Group == NoGroup:
	case c.Group != 0:
		id.group.Store(int64(c.Group))
	case c.Parent != nil:
		id.group.Store(int64(c.Parent.Group()))
	default:
		id.group.Store(int64(id.pid))
	}
	t := &Task{identity: id}
	id.life, id.kill = context.WithCancelCause(context.WithValue(context.Background(), taskKey{}, t))
	return t
}

// Name returns the name (comm).
func (t *Task) Name() string { return t.name }

// PID returns the process id.
func (t *Task) PID() int { return t.pid }

// Cred returns the credentials. The caller must not change Groups.
func (t *Task) Cred() Cred { return t.cred }

// Parent returns the real parent, or nil.
func (t *Task) Parent() *Task { return t.parent.Load() }

// SetParent gives t another parent, as when its own has died.
func (t *Task) SetParent(p *Task) { t.parent.Store(p) }

// Group returns the process group, 0 for none.
func (t *Task) Group() int { return int(t.group.Load()) }

// SetGroup makes t the leader of a group of its own (setpgrp).
func (t *Task) SetGroup() { t.group.Store(int64(t.pid)) }

// Leader reports whether t leads its group.
func (t *Task) Leader() bool { return t.Group() == t.pid }

// Is reports whether t and u are the same task. Nil is no task.
func (t *Task) Is(u *Task) bool { return t != nil && u != nil && t.identity == u.identity }

// String returns name and pid, as "ls/17".
func (t *Task) String() string { return fmt.Sprintf("%s/%d", t.name, t.pid) }

// At notes that t has reached the place l, and calls the trace function if the
// task has one.
func (t *Task) At(l *Label) {
	t.label.Store(l)
	if t.trace != nil {
		t.trace(t, l)
	}
}

// Label returns the last place that t has reached, or nil.
func (t *Task) Label() *Label { return t.label.Load() }

// Local returns what the scheduler that runs t keeps for it, or nil.
func (t *Task) Local() any {
	if v := t.local.Load(); v != nil {
		return *v
	}
	return nil
}

// SetLocal keeps v for the scheduler that runs t. Only a scheduler calls it.
func (t *Task) SetLocal(v any) { t.local.Store(&v) }

// Context returns the context of t's interruptible sleeps: the one given to
// [Task.WithContext], or one that ends when t is killed. [TaskOf] finds t in
// it.
func (t *Task) Context() context.Context {
	if t.ctx != nil {
		return t.ctx
	}
	return t.life
}

// WithContext returns t with another context for its interruptible sleeps. It
// is the same task: [Task.Is] holds between the two. Derive ctx from
// t.Context() if it is to end when t is killed, too.
func (t *Task) WithContext(ctx context.Context) *Task {
	u := &Task{identity: t.identity}
	u.ctx = context.WithValue(ctx, taskKey{}, u)
	return u
}

// Uninterruptible returns the context of t's sleeps that no cancellation ends
// (TASK_UNINTERRUPTIBLE). It ends only when t is killed; what sleeps in it
// passes the error to [Task.Must].
func (t *Task) Uninterruptible() context.Context { return t.life }

// Kill ends t: its sleeps return, and the next [Task.Must] unwinds it. Unlike
// a signal in Linux it reaches a task in any sleep, because it is not part of
// the world under study but the end of it: a hung run is torn down with it.
// The first cause counts; nil means [ErrKilled].
func (t *Task) Kill(cause error) {
	if cause == nil {
		cause = ErrKilled
	}
	t.kill(cause)
}

// Killed reports whether [Task.Kill] was called.
func (t *Task) Killed() bool { return t.life.Err() != nil }

// Must is for calls in [Task.Uninterruptible] that can not fail except by
// [Task.Kill]: when err is not nil it panics with a *[KilledError], which
// [Run] recovers.
func (t *Task) Must(err error) {
	if err != nil {
		panic(&KilledError{Task: t, Cause: err})
	}
}

// ErrKilled is the cause of a [Task.Kill] without one.
var ErrKilled = errors.New("sched: task killed")

// A KilledError is the panic value that unwinds a killed task.
type KilledError struct {
	Task  *Task
	Cause error
}

// Error names the task and the cause.
func (e *KilledError) Error() string { return fmt.Sprintf("sched: %v killed: %v", e.Task, e.Cause) }

// Unwrap returns the cause.
func (e *KilledError) Unwrap() error { return e.Cause }

type taskKey struct{}

// TaskOf returns the task that ctx belongs to, or nil.
func TaskOf(ctx context.Context) *Task {
	t, _ := ctx.Value(taskKey{}).(*Task)
	return t
}
