package sem

import (
	"context"
	"sync"
	"sync/atomic"
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

	// settled says that since and site, which only people read, are there.
	// They cost more than a sleep and a wake together, so only those who
	// track pay for them.
	settled atomic.Bool
	since   time.Time
	site    site

	// watched says that park was registered with a scheduler. Its waker then
	// looks at it once more after the wake, so it is not used again.
	watched bool
}

// Waiters are used again, and may move between testing/synctest bubbles: a
// parker keeps no channel.
var waiters = sync.Pool{New: func() any { return new(waiter) }}

func newWaiter(ctx context.Context, set *setup, n int64, t *sched.Task) *waiter {
	var w *waiter
	if sc := set.scheduler(); sc == nil {
		w = waiters.Get().(*waiter)
	} else {
		w = new(waiter)
		w.watched = true
		w.park.Init(sc, sched.Spec{Name: set.inner("waiter"), Inner: true})
	}
	w.n, w.task, w.ctx = n, t, ctx
	return w
}

// sleep waits for the wake or the end of ctx. Who calls it has yielded.
func (w *waiter) sleep(ctx context.Context, set *setup) error {
	if set.tracked() {
		w.since = sched.Now(set.sched)
		w.site.record()
		w.settled.Store(true)
	}
	return w.park.ParkAtOnce(ctx, set.object())
}

// recycle gives w back. Nobody may hold it any longer: it has consumed its
// wake, or has left the queue by itself.
func (w *waiter) recycle() {
	if w.watched {
		return
	}
	w.next, w.prev, w.task, w.ctx, w.err = nil, nil, nil, nil, nil
	if w.settled.Load() {
		w.settled.Store(false)
	}
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
