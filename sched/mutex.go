package sched

import (
	"sync"
	"sync/atomic"
)

// A Mutex is a [sync.Mutex] whose Lock and Unlock are steps of a scheduler. It
// is meant for short sections that never sleep: the lock inside a primitive,
// the spinlock of a kernel structure.
//
// The zero value is an unlocked mutex of plain goroutines. A Mutex must not be
// copied after first use. Unlock happens before the next Lock returns.
type Mutex struct {
	mu   sync.Mutex
	obj  *Object
	held atomic.Bool // only under a scheduler, for Ready, which a waiter calls
}

// Init registers m with s. It must be called before first use, if at all.
func (m *Mutex) Init(s Scheduler, spec Spec) {
	spec.Kind = KindMutex
	m.obj = Register(s, spec)
}

// Lock locks m, blocking until it is free.
func (m *Mutex) Lock() {
	if m.obj == nil {
		m.mu.Lock()
		return
	}
	m.lockStep()
}

func (m *Mutex) lockStep() {
	m.obj.Step(Op{Kind: Lock, Gate: (*mutexGate)(m)})
	m.mu.Lock()
	m.held.Store(true)
	m.obj.Done(Op{Kind: Lock}, 1)
}

// TryLock locks m if it is free and reports whether it did.
func (m *Mutex) TryLock() bool {
	if m.obj == nil {
		return m.mu.TryLock()
	}
	m.obj.Step(Op{Kind: TryLock})
	ok := m.mu.TryLock()
	if ok {
		m.held.Store(true)
	}
	m.obj.Done(Op{Kind: TryLock, Failed: !ok}, truth(ok))
	return ok
}

// Unlock unlocks m. Unlocking an unlocked mutex is a fatal error, as it is for
// [sync.Mutex].
func (m *Mutex) Unlock() {
	if m.obj == nil {
		m.mu.Unlock()
		return
	}
	m.unlockStep()
}

func (m *Mutex) unlockStep() {
	m.obj.Step(Op{Kind: Unlock})
	m.held.Store(false)
	m.mu.Unlock()
	m.obj.Done(Op{Kind: Unlock}, 0)
}

type mutexGate Mutex

func (g *mutexGate) Ready() bool { return !g.held.Load() }

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
