package sem

import (
	"context"
	"sync"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A waiter is one sleeper in the queue of a semaphore. The lock of its
// semaphore guards all fields but park while it is queued.
type waiter struct {
	park       sched.Parker
	next, prev *waiter
	queued     bool
	n          int64 // permits it wants; for RW the mode
	err        error // the answer, when it is not a permit; valid after the wake
	task       *sched.Task
	ctx        context.Context
	since      time.Time
	site       site
}

// Waiters are used again; their slots are not. A slot is a channel, and a
// channel made inside a testing/synctest bubble must not leave it.
var waiters = sync.Pool{New: func() any { return new(waiter) }}

func newWaiter(ctx context.Context, set *setup, n int64, t *sched.Task) *waiter {
	w := waiters.Get().(*waiter)
	var sc sched.Scheduler
	var name string
	if set != nil {
		sc, name = set.sched, set.inner("waiter")
	}
	w.park.Init(sc, sched.Spec{Name: name, Inner: true})
	w.n, w.task, w.ctx, w.since = n, t, ctx, sched.Now(sc)
	w.site.record()
	return w
}

// recycle gives w back. Nobody may hold it any longer: it has consumed its
// wake, or has left the queue by itself.
func (w *waiter) recycle() {
	w.next, w.prev, w.task, w.ctx, w.err = nil, nil, nil, nil, nil
	waiters.Put(w)
}

// A queue is a list of waiters, first come first served. The zero value is
// empty.
type queue struct {
	head, tail *waiter
	len        int
}

func (q *queue) push(w *waiter) {
	w.prev, w.next = q.tail, nil
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
	q.len++
	w.queued = true
}

func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.queued = nil, nil, false
	q.len--
}

// wake wakes all of q in order. It is called without a lock, on waiters that
// have left the queue of their semaphore; each is gone when its Unpark
// returns.
func (q *queue) wake() {
	for w := q.head; w != nil; {
		next := w.next
		w.park.Unpark()
		w = next
	}
}
