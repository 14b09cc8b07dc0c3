// Package deadlock provides the locks of github.com/sasha-s/go-deadlock, which
// look for recursive locking, for two locks taken in both orders, and for
// locks that are waited for too long. It is for tests: a Down and Up cost
// about a hundred times those of other providers.
//
// # What go-deadlock decides for all
//
// Its options are one variable for the whole process that each lock reads
// without a lock, its default reaction to what it finds is to end the process,
// and it calls back with its own lock held. This package therefore sets the
// options once, at the first [Configure] or [New], before any of its locks can
// be in use, and never again: checks stay on, nobody is killed, nothing is
// printed, and reports go to a channel if one was configured. A program that
// sets the options of go-deadlock itself says so with [Config.Keep].
//
// # What is not asked of it
//
// A failed TryLock makes go-deadlock forget who holds the lock. TryDown never
// calls it: the adapter knows whether the lock is free.
//
// A mutex is a semaphore with one permit; those with another number are ours.
// Giving a permit that was not taken panics. A mutex can not be waited for with
// a context: Down looks at its context before and after.
package deadlock

import (
	"context"
	"fmt"
	"sync"

	impl "github.com/sasha-s/go-deadlock"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/internal/announce"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Provider makes locks of go-deadlock. Make it with [New].
type Provider struct{ s sched.Scheduler }

var _ floodgate.Provider = Provider{}

// New returns a provider whose locks announce their steps to s, where nil is
// plain goroutines. If nobody has called [Configure] it does so with the zero
// [Config].
func New(s sched.Scheduler) Provider {
	configureOnce(Config{})
	return Provider{s}
}

// Name returns "deadlock".
func (p Provider) Name() string { return "deadlock" }

// Scheduler returns what was given to [New].
func (p Provider) Scheduler() sched.Scheduler { return p.s }

// Lacks returns all there is: Cancel, Counting, FIFO and Queue.
func (p Provider) Lacks() floodgate.Capability {
	return floodgate.Cancel | floodgate.Counting | floodgate.FIFO | floodgate.Queue
}

// NewSemaphore returns a semaphore with n permits: a mutex of go-deadlock if n
// is 1, one of ours otherwise.
func (p Provider) NewSemaphore(name string, n int) floodgate.Semaphore {
	if n != 1 {
		return floodgate.Ours(p.s).NewSemaphore(name, n)
	}
	return announce.NewSemaphore(p.s, name, n, &semaphore{name: name})
}

// NewRWLock returns a read-write mutex of go-deadlock.
func (p Provider) NewRWLock(name string) floodgate.RWLock {
	return announce.NewRWLock(p.s, name, new(impl.RWMutex))
}

// NewQueue returns a wait queue of ours.
func (p Provider) NewQueue(name string) *waitq.Queue {
	q := new(waitq.Queue)
	q.Init(p.s, name)
	return q
}

// A semaphore is a mutex that somebody else may unlock, and that can be tried
// without a TryLock.
type semaphore struct {
	name string
	lock impl.Mutex

	// users counts those that hold the lock, wait for it, or have not quite
	// given it back. At 0 the lock is free and nobody is on the way to it, so
	// that a Lock under mu does not sleep. mu is never held during a sleep.
	mu    sync.Mutex
	users int
	held  bool
}

// Down sleeps without looking at ctx. If ctx has ended by the time it gets the
// permit, it gives it back.
func (s *semaphore) Down(ctx context.Context) error {
	s.mu.Lock()
	if s.users == 0 {
		s.take()
		s.mu.Unlock()
		return nil
	}
	if err := ctx.Err(); err != nil {
		s.mu.Unlock()
		return err
	}
	s.users++
	s.mu.Unlock()

	s.lock.Lock()
	s.mu.Lock()
	s.held = true
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		s.Up()
		return err
	}
	return nil
}

func (s *semaphore) TryDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users > 0 {
		return false
	}
	s.take()
	return true
}

// take takes the lock, which is free. Called under mu.
func (s *semaphore) take() {
	s.lock.Lock()
	s.users, s.held = 1, true
}

// Up unlocks the mutex. Who took it does not matter.
func (s *semaphore) Up() {
	s.mu.Lock()
	if !s.held {
		s.mu.Unlock()
		panic(&OverReleaseError{s.name})
	}
	s.held = false
	s.mu.Unlock()

	s.lock.Unlock()
	s.mu.Lock()
	s.users--
	s.mu.Unlock()
}

// An OverReleaseError is the panic value of an Up beyond the one permit of a
// semaphore that is a mutex.
type OverReleaseError struct{ Name string }

// Error names the semaphore.
func (e *OverReleaseError) Error() string {
	return fmt.Sprintf("deadlock: Up of %s, which is not taken", e.Name)
}
