package main

import "sync"

// A floor is the least that a wait queue does whose waiters can be chosen one
// by one: a list under a mutex, and a channel of its own for each to sleep on.
// It has no context, no key, no close, nobody can leave, and the channels stay
// in their bubble; it shows what the rest costs.
type floor struct {
	mu         sync.Mutex
	head, tail *floorWaiter
}

type floorWaiter struct {
	next *floorWaiter
	c    chan struct{}
}

var floorWaiters = sync.Pool{New: func() any { return &floorWaiter{c: make(chan struct{}, 1)} }}

// wait sleeps until cond holds. It calls cond with the lock held.
func (f *floor) wait(cond func() bool) {
	w := floorWaiters.Get().(*floorWaiter)
	for f.mu.Lock(); !cond(); f.mu.Lock() {
		if f.tail == nil {
			f.head = w
		} else {
			f.tail.next = w
		}
		f.tail = w
		f.mu.Unlock()
		<-w.c
	}
	f.mu.Unlock()
	floorWaiters.Put(w)
}

func (f *floor) wake() {
	f.mu.Lock()
	w := f.head
	if w != nil {
		if f.head, w.next = w.next, nil; f.head == nil {
			f.tail = nil
		}
	}
	f.mu.Unlock()
	if w != nil {
		w.c <- struct{}{}
	}
}

func (f *floor) wakeAll() {
	f.mu.Lock()
	w := f.head
	f.head, f.tail = nil, nil
	f.mu.Unlock()
	for w != nil {
		next := w.next
		w.next = nil
		w.c <- struct{}{}
		w = next
	}
}
