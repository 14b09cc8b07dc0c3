package waitq

import (
	"fmt"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Queue is a wait queue (wait_queue_head_t): goroutines sleep in it until a
// condition of the caller's choosing holds, and whoever makes the condition
// true wakes them.
//
// The zero value is an open, empty queue. A Queue must not be copied after
// first use; a method called on a copy panics with a *[MisuseError]. All
// methods may be called concurrently.
//
// A wake synchronizes before the return of each wait that it ends.
type Queue struct {
	_ noCopy

	n    sched.Int64           // entries linked; changes under mu, read anywhere
	self atomic.Pointer[Queue] // q once in use, to tell a copy
	obj  *sched.Object         // the whole queue
	s    sched.Scheduler
	name string

	mu    sched.Mutex // guards what follows, and the entries that are linked
	lists [classes]list
	seq   uint64 // counts links; tickets are taken from it
	err   error  // set once closed
}

// Init gives q a name for reports and a scheduler to run under, which may be
// nil. It is not needed for a queue of plain goroutines. It must be called
// before first use.
func (q *Queue) Init(s sched.Scheduler, name string) {
	if q.self.Load() != nil {
		panic(q.misuse("Init", "the queue is in use"))
	}
	q.s, q.name = s, name
	q.obj = sched.Register(s, sched.Spec{Kind: sched.KindQueue, Name: name})
	q.mu.Init(s, sched.Spec{Name: name + ".lock", Inner: true})
	q.n.Init(s, sched.Spec{Name: name + ".waiters", Inner: true})
}

// HasWaiters reports whether an entry is linked (waitqueue_active with the
// barrier of wq_has_sleeper). A caller that has made the condition true and
// then sees false may leave out the wake: whoever links later tests the
// condition after that.
func (q *Queue) HasWaiters() bool { return q.Len() > 0 }

// Len returns the number of entries linked.
func (q *Queue) Len() int {
	q.check("Len")
	if q.obj != nil {
		q.obj.Step(sched.Op{Kind: sched.Inspect})
		n := q.n.Load()
		q.obj.Done(sched.Op{Kind: sched.Inspect}, n)
		return int(n)
	}
	return int(q.n.Load())
}

// Close wakes all waiters for good (wake_up_pollfree). Each wait returns an
// error that matches [ErrClosed] and err, unless its condition holds; later
// waits do the same without sleeping. Wakes do nothing from now on. A nil err
// stands for ErrClosed alone. Only the first Close counts.
func (q *Queue) Close(err error) {
	q.check("Close")
	if err == nil {
		err = ErrClosed
	} else {
		err = &closedError{err}
	}
	op := sched.Op{Kind: sched.Close}
	if q.obj != nil {
		q.obj.Step(op)
	}
	n := q.close(err)
	if q.obj != nil {
		q.obj.Done(op, int64(n))
	}
}

// Err returns nil while q is open, and then the error that waits on it return.
func (q *Queue) Err() error {
	q.check("Err")
	op := sched.Op{Kind: sched.Inspect}
	if q.obj != nil {
		q.obj.Step(op)
	}
	q.mu.Lock()
	err := q.err
	q.mu.Unlock()
	if q.obj != nil {
		q.obj.Done(op, 0)
	}
	return err
}

// link makes w an entry of class c. The caller holds q.mu.
func (q *Queue) link(w *Waiter, c class, ex bool) (first bool) {
	first = q.n.Peek() == 0
	if q.self.Load() == nil {
		q.self.Store(q)
	}
	q.seq++
	w.linked = q.seq
	if w.ticket == 0 {
		w.ticket = q.seq
	}
	w.class, w.exclusive, w.woken, w.key = c, ex, false, w.Key
	switch {
	case c == shared, c == priority && ex:
		q.lists[c].pushFront(w)
	case c == priority:
		q.lists[c].pushBack(w)
	default:
		q.lists[c].pushTicket(w)
	}
	w.on.Store(q)
	q.n.Add(1)
	return first
}

// unlink takes w off the queue. The caller holds q.mu.
func (q *Queue) unlink(w *Waiter) {
	q.lists[w.class].remove(w)
	w.on.Store(nil)
	q.n.Add(-1)
}

// check panics if q is a copy of a queue in use.
func (q *Queue) check(op string) {
	if s := q.self.Load(); s != nil && s != q {
		panic(q.misuse(op, "the queue was copied after first use"))
	}
}

func (q *Queue) misuse(op, reason string) *MisuseError {
	return &MisuseError{Object: q.String(), Op: op, Reason: reason}
}

// String returns the name, for reports.
func (q *Queue) String() string {
	if q.name == "" {
		return fmt.Sprintf("queue %p", q)
	}
	return "queue " + q.name
}

// noCopy makes go vet report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
