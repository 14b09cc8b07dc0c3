// Package announce makes locks from elsewhere visible to a scheduler: around
// each operation of a foreign lock it announces the step, as the primitives of
// this module do for themselves.
package announce

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Semaphore is what a foreign semaphore can do. It is the method set of
// floodgate.Semaphore.
type Semaphore interface {
	Down(ctx context.Context) error
	TryDown() bool
	Up()
}

// An RWLock is what a foreign read-write lock can do. It is the method set of
// floodgate.RWLock.
type RWLock interface {
	Lock()
	Unlock()
	RLock()
	RUnlock()
}

// NewSemaphore returns l, a semaphore with n permits, such that its operations
// are steps of s. It is l itself if s does not want to see it.
//
// Down of l must look for a permit first and at the context second, and must
// not sleep if the context has ended: then an explorer can run it.
func NewSemaphore(s sched.Scheduler, name string, n int, l Semaphore) Semaphore {
	o := register(s, sched.Spec{Kind: sched.KindSemaphore, Name: name, Permits: int64(n)})
	if o == nil {
		return l
	}
	w := &semaphore{l: l, obj: o}
	w.free.Store(int64(n))
	return w
}

// NewRWLock returns l, an unlocked read-write lock, such that its operations
// are steps of s. It is l itself if s does not want to see it.
func NewRWLock(s sched.Scheduler, name string, l RWLock) RWLock {
	o := sched.Register(s, sched.Spec{Kind: sched.KindMutex, Name: name})
	if o == nil {
		return l
	}
	return &rwLock{l: l, obj: o}
}

// register registers a foreign semaphore. An explorer of fine grain sees no
// semaphores but what they are made of, and of a foreign one nothing is to be
// seen: it gets the whole as if that were a part.
func register(s sched.Scheduler, spec sched.Spec) *sched.Object {
	o := sched.Register(s, spec)
	if o == nil {
		spec.Inner = true
		o = sched.Register(s, spec)
	}
	return o
}

type semaphore struct {
	l    Semaphore
	obj  *sched.Object
	free atomic.Int64 // for Ready; exact when nobody is in the middle of a step
}

func (w *semaphore) Down(ctx context.Context) error {
	op := sched.Op{
		Kind: sched.Down,
		Also: sched.ObjectOf(ctx),
		Gate: &downGate{w, ctx},
		Task: sched.TaskOf(ctx),
		Arg:  1,
	}
	w.obj.Step(op)
	err := w.l.Down(ctx)
	if op.Failed = err != nil; !op.Failed {
		w.free.Add(-1)
	}
	w.obj.Done(op, truth(err == nil))
	return err
}

func (w *semaphore) TryDown() bool {
	op := sched.Op{Kind: sched.TryDown, Arg: 1}
	w.obj.Step(op)
	ok := w.l.TryDown()
	if op.Failed = !ok; ok {
		w.free.Add(-1)
	}
	w.obj.Done(op, truth(ok))
	return ok
}

func (w *semaphore) Up() {
	op := sched.Op{Kind: sched.Up, Arg: 1}
	w.obj.Step(op)
	w.l.Up()
	w.free.Add(1)
	w.obj.Done(op, 0)
}

type downGate struct {
	w   *semaphore
	ctx context.Context
}

func (g *downGate) Ready() bool              { return g.w.free.Load() > 0 || g.ctx.Err() != nil }
func (g *downGate) Context() context.Context { return g.ctx }

type rwLock struct {
	l   RWLock
	obj *sched.Object

	mu      sync.Mutex // guards the rest, which is for the gates
	readers int
	writer  bool
}

func (w *rwLock) Lock() {
	op := sched.Op{Kind: sched.Lock, Gate: (*lockGate)(w)}
	w.obj.Step(op)
	w.l.Lock()
	w.note(0, true)
	w.obj.Done(op, 1)
}

func (w *rwLock) Unlock() {
	op := sched.Op{Kind: sched.Unlock}
	w.obj.Step(op)
	w.note(0, false)
	w.l.Unlock()
	w.obj.Done(op, 0)
}

func (w *rwLock) RLock() {
	op := sched.Op{Kind: sched.RLock, Gate: (*rlockGate)(w)}
	w.obj.Step(op)
	w.l.RLock()
	w.note(+1, false)
	w.obj.Done(op, 1)
}

func (w *rwLock) RUnlock() {
	op := sched.Op{Kind: sched.RUnlock}
	w.obj.Step(op)
	w.note(-1, false)
	w.l.RUnlock()
	w.obj.Done(op, 0)
}

func (w *rwLock) note(readers int, writer bool) {
	w.mu.Lock()
	w.readers += readers
	w.writer = writer
	w.mu.Unlock()
}

type lockGate rwLock

func (g *lockGate) Ready() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.writer && g.readers == 0
}

type rlockGate rwLock

func (g *rlockGate) Ready() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.writer
}

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
