package main

import "sync"

// Rivals that have no package.

// chanSem is the semaphore that everybody writes: a buffered channel.
type chanSem chan struct{}

func (c chanSem) Down() { c <- struct{}{} }
func (c chanSem) Up()   { <-c }

// callbacks is a wait queue in the manner of gVisor's package waiter: entries
// with a mask and a function, all of which a notification calls under a read
// lock. There is no wake of one, no context, and the sleep is the caller's.
type callbacks struct {
	mu      sync.RWMutex
	entries *callback
}

type callback struct {
	next *callback
	mask uint64
	f    func(mask uint64)
}

func (c *callbacks) register(e *callback) {
	c.mu.Lock()
	e.next, c.entries = c.entries, e
	c.mu.Unlock()
}

func (c *callbacks) notify(mask uint64) {
	c.mu.RLock()
	for e := c.entries; e != nil; e = e.next {
		if m := mask & e.mask; m != 0 {
			e.f(m)
		}
	}
	c.mu.RUnlock()
}
