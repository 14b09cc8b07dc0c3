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
	s    sched.Scheduler
	obj  *sched.Object // the whole queue
	name string

	debug  atomic.Bool
	caller atomic.Uint64 // in debug mode: the goroutine in a wake function

	mu    sched.Mutex // guards what follows, and the entries that are linked
	lists [classes]list
	seq   uint64 // counts links; tickets are taken from it
	err   error  // set once closed
}

// Init gives q a name for reports and a scheduler to run under, which may be
// nil. A queue of plain goroutines needs none. It must be called before first
// use.
func (q *Queue) Init(s sched.Scheduler, name string) {
	if q.self.Load() != nil {
		panic(q.misuse("Init", "the queue is in use"))
	}
	q.s, q.name = s, name
	q.obj = sched.Register(s, sched.Spec{Kind: sched.KindQueue, Name: name})
	q.mu.Init(s, sched.Spec{Name: name + ".lock", Inner: true})
	q.n.Init(s, sched.Spec{Name: name + ".waiters", Inner: true})
}

// SetWaker notes that t is the task which is to wake those that sleep on q, or
// with nil that nobody in particular is. It is for the reports of a scheduler;
// see [sched.SetWaker].
func (q *Queue) SetWaker(t *sched.Task) { sched.SetWaker(q.obj, t) }

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
	if q.obj == nil {
		q.close(err)
		return
	}
	op := sched.Op{Kind: sched.Close}
	q.obj.Step(op)
	all := 0
	defer func() { q.obj.Done(op, int64(all)) }()
	all = q.close(err)
}

func (q *Queue) close(err error) (all int) {
	q.lock("Close")
	if q.err != nil {
		q.mu.Unlock()
		return 0
	}
	q.use()
	q.err = err
	k := walk{q: q, request: request{key: err, err: err}}
	k.run()
	return k.all
}

// Err returns nil while q is open, and then the error that waits on it return.
func (q *Queue) Err() error {
	q.check("Err")
	op := sched.Op{Kind: sched.Inspect}
	if q.obj != nil {
		q.obj.Step(op)
	}
	q.lock("Err")
	err := q.err
	q.mu.Unlock()
	if q.obj != nil {
		q.obj.Done(op, 0)
	}
	return err
}

// lock locks the queue for op.
func (q *Queue) lock(op string) {
	if q.caller.Load() != 0 {
		q.checkCaller(op)
	}
	q.mu.Lock()
}

func (q *Queue) checkCaller(op string) {
	if q.caller.Load() == goroutine() {
		panic(q.misuse(op, "called by a wake function of the same queue"))
	}
}

// use notes, under the lock, that q is in use and must not be copied.
func (q *Queue) use() {
	if q.self.Load() == nil {
		q.self.Store(q)
	}
}

// link makes w an entry of class c. The caller holds the lock.
func (q *Queue) link(w *Waiter, c class, ex bool) {
	q.use()
	q.seq++
	w.linked = q.seq
	if w.ticket == 0 {
		w.ticket = q.seq
	}
	w.class, w.exclusive, w.woken, w.sent = c, ex, false, false
	switch {
	case c == shared, c == priority && ex:
		q.lists[c].pushFront(w)
	case c == priority:
		q.lists[c].pushBack(w)
	default:
		q.lists[c].pushTicket(w)
	}
	if !w.internal {
		w.on.Store(q)
	}
	q.n.Add(1)
}

// busy reports whether the front place is taken: a priority entry may ask for
// it only if no other stands there. The caller holds the lock.
func (q *Queue) busy() bool { return q.lists[priority].front != nil }

// unlink takes w off the queue. The caller holds the lock.
func (q *Queue) unlink(w *Waiter) {
	q.lists[w.class].remove(w)
	q.n.Add(-1)
	w.linked = 0
	if !w.internal {
		w.on.Store(nil) // last: its owner may look without the lock
	}
}

// check panics if q is a copy of a queue in use.
func (q *Queue) check(op string) {
	if q.copied() {
		panic(q.misuse(op, "copied after first use"))
	}
}

func (q *Queue) copied() bool {
	s := q.self.Load()
	return s != nil && s != q
}

func (q *Queue) misuse(op, reason string) *MisuseError {
	return &MisuseError{Object: q.String(), Op: op, Reason: reason}
}

// String returns the queue's name, for reports.
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
