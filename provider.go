package floodgate

import (
	"context"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Provider supplies the locks that a program is built on: the seam above the
// primitives. A program that takes its locks from a Provider runs on ours, on
// those of package sync, on golang.org/x/sync/semaphore, on go-deadlock while
// it is tested, and under an explorer, without a change.
//
// What a Provider makes may be used by any number of goroutines; so may the
// Provider itself.
type Provider interface {
	// Name returns a short name for tables and flags, such as "floodgate".
	Name() string

	// Scheduler returns what the locks stand on, and what the program must
	// start its tasks and register its shared variables with. Nil stands
	// for plain goroutines.
	Scheduler() sched.Scheduler

	// Lacks returns the capabilities that its locks do not have.
	Lacks() Capability

	// NewSemaphore returns a counting semaphore with n permits. The name is
	// for reports and need not be unique. It panics if n is negative.
	NewSemaphore(name string, n int) Semaphore

	// NewRWLock returns an unlocked read-write lock for short sections that
	// do not sleep.
	NewRWLock(name string) RWLock

	// NewQueue returns an empty wait queue.
	NewQueue(name string) *waitq.Queue
}

// A Semaphore is a counting semaphore (struct semaphore). Any goroutine may
// call Up, also one that never called Down. Up happens before the return of
// the Down that takes its permit.
type Semaphore interface {
	// Down takes a permit, and sleeps until there is one. It returns an
	// error that matches ctx.Err() when ctx ends first, and then holds no
	// permit. A provider that lacks [Cancel] looks at ctx only before and
	// after it sleeps.
	Down(ctx context.Context) error
	// TryDown takes a permit if there is one, and reports whether it did.
	TryDown() bool
	// Up gives a permit.
	Up()
}

// An RWLock is a read-write lock for short sections that do not sleep
// (rwlock_t). A writer excludes everybody, readers exclude writers. Unlock
// happens before the next Lock or RLock returns, RUnlock before the next Lock.
type RWLock interface {
	Lock()
	Unlock()
	RLock()
	RUnlock()
}

// Capability is a set of things that a provider's locks can or can not do.
type Capability uint

// The capabilities.
const (
	// Cancel: a Down that sleeps returns when its context ends.
	Cancel Capability = 1 << iota
	// Counting: semaphores of more than one permit, and Up beyond the
	// number that the semaphore was made with. A semaphore made with more
	// than one permit is ours where this is lacking.
	Counting
	// FIFO: permits are granted in the order in which Downs arrived. Under an
	// explorer that takes a Down as one step, any of those that wait may be
	// next, whatever the provider: that covers more schedules, not fewer.
	FIFO
	// Queue: wait queues of its own. Where lacking they are ours.
	Queue
)
