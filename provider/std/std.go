// Package std provides the locks of package sync.
//
// Its semaphore is a count under a [sync.Mutex] with a [sync.Cond], as it is
// written in many programs. A Down whose context can end registers a
// [context.AfterFunc] while it sleeps. Woken waiters compete with those that
// come, so permits are not granted in order, and a waiter can be passed any
// number of times.
package std

import (
	"context"
	"sync"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/internal/announce"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Provider makes locks of package sync. Make it with [New].
type Provider struct{ s sched.Scheduler }

var _ floodgate.Provider = Provider{}

// New returns a provider whose locks announce their steps to s, where nil is
// plain goroutines.
func New(s sched.Scheduler) Provider { return Provider{s} }

// Name returns "std".
func (p Provider) Name() string { return "std" }

// Scheduler returns what was given to [New].
func (p Provider) Scheduler() sched.Scheduler { return p.s }

// Lacks returns FIFO and Queue.
func (p Provider) Lacks() floodgate.Capability { return floodgate.FIFO | floodgate.Queue }

// NewSemaphore returns a semaphore with n permits.
func (p Provider) NewSemaphore(name string, n int) floodgate.Semaphore {
	if n < 0 {
		panic("std: semaphore " + name + " with a negative count")
	}
	s := &semaphore{n: n}
	s.c.L = &s.mu
	return announce.NewSemaphore(p.s, name, n, s)
}

// NewRWLock returns a [sync.RWMutex].
func (p Provider) NewRWLock(name string) floodgate.RWLock {
	return announce.NewRWLock(p.s, name, new(sync.RWMutex))
}

// NewQueue returns a wait queue of ours.
func (p Provider) NewQueue(name string) *waitq.Queue {
	q := new(waitq.Queue)
	q.Init(p.s, name)
	return q
}

type semaphore struct {
	mu sync.Mutex
	c  sync.Cond
	n  int
}

func (s *semaphore) Down(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == 0 && ctx.Err() == nil && ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() {
			s.mu.Lock() // the waiter is before its look at ctx, or in Wait
			defer s.mu.Unlock()
			s.c.Broadcast()
		})
		defer stop()
	}
	for s.n == 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.c.Wait()
	}
	s.n--
	return nil
}

func (s *semaphore) TryDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == 0 {
		return false
	}
	s.n--
	return true
}

func (s *semaphore) Up() {
	s.mu.Lock()
	s.n++
	s.mu.Unlock()
	s.c.Signal()
}
