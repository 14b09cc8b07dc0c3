package waitq

import (
	"slices"

	"github.com/floodgate-go/floodgate/sched"
)

// A Batch collects waiters while its user holds a lock of its own, and wakes
// them after it has let go of it (wake_q), so that they do not run into that
// lock. Each waiter is off its queue from Collect on: nobody else can choose it.
// One whose wait ends before Flush has had the wake, and passes it on if it had
// no use for it.
//
// The zero value is an empty batch, ready to be used again after Flush. A Batch
// is for one goroutine.
type Batch struct {
	_ noCopy

	self    *Batch // b once in use, to tell a copy
	parkers []*sched.Parker
}

// Collect chooses whom a [Queue.WakeKey] of q would wake, and returns the number
// of exclusive waiters among them. Waiters with a Func are called at once.
func (b *Batch) Collect(q *Queue, n int, key any) int {
	b.check("Collect")
	q.checkBudget("Collect", n)
	q.checkKey("Collect", key)
	return q.signal("Collect", &request{budget: n, key: key, batch: b})
}

// Flush wakes those collected and returns their number. It happens before the
// return of their waits, as Collect does.
func (b *Batch) Flush() int {
	b.check("Flush")
	n := len(b.parkers)
	for _, p := range b.parkers {
		p.Unpark()
	}
	clear(b.parkers)
	b.parkers = b.parkers[:0]
	return n
}

// add keeps the parker of w, and reports false if it is in the batch already: a
// sticky waiter can be chosen again.
func (b *Batch) add(w *Waiter) bool {
	if w.Sticky && slices.Contains(b.parkers, w.p) {
		return false
	}
	b.parkers = append(b.parkers, w.p)
	return true
}

// check panics if b is a copy of a batch in use.
func (b *Batch) check(op string) {
	if b.self == nil {
		b.self = b
	} else if b.self != b {
		panic(&MisuseError{Object: "batch", Op: op, Reason: "copied after first use"})
	}
}
