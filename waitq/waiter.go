package waitq

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// An Action is what a waiter's Func answers (the result of a wait_queue_func_t).
type Action int

// The answers.
const (
	Skip Action = iota // not woken; stays linked and is not counted (0)
	Woke               // woken; unlinked unless it is sticky (1)
	Stop               // the walk ends here; not counted (-1)
)

// Events is a set of events: the type of key that pollers and those who wake
// them use (__poll_t). Two of them match when they have a bit in common or one
// is empty. The meaning of the bits is the program's.
type Events uint32

// A Waiter is an entry of a [Queue] (wait_queue_entry_t), for code that spells
// the protocol out: loops that select on several things, loops whose body
// sleeps, and callbacks. [Queue.Wait] and its relatives need none.
//
// The zero value is ready. The exported fields may be set while the waiter is
// not linked. A Waiter belongs to one goroutine, its owner, which alone may
// call its methods and pass it to those of Queue; wakers come from anywhere. A
// Waiter must not be copied after first use. It may be used again, on any
// queue, once it is off the last one, but not in another bubble of
// testing/synctest.
//
// The protocol:
//
//	for {
//		q.Prepare(w, false) // first link,
//		if cond() {         // then look: a wake from here on is kept
//			break
//		}
//		if err := w.Park(ctx); err != nil {
//			q.Abort(w)
//			return err
//		}
//	}
//	q.Finish(w)
type Waiter struct {
	_ noCopy

	// Key restricts the wakes that reach this waiter to those with an equal
	// key and those without one; see also [Events]. Nil is reached by every
	// wake. Keys must be comparable.
	Key any
	// Sticky leaves the waiter linked when it is woken, as the default wake
	// function does (default_wake_function; all of 2.5.74). Otherwise a wake
	// unlinks (autoremove_wake_function).
	Sticky bool
	// Func, when not nil, is called instead of waking the owner
	// (init_waitqueue_func_entry). It gets the key of the wake, or an error
	// that matches [ErrClosed] when the queue is closed. It runs on the
	// waker's goroutine with the queue locked: it must not block, and must
	// not use that queue.
	Func func(key any) Action

	// What a wake touches stands together.

	p          *sched.Parker         // what the owner sleeps in
	on         atomic.Pointer[Queue] // that it is linked on, unless internal
	next, prev *Waiter               // this and the rest: guarded by the lock of home
	linked     uint64                // when, by the queue's count; 0 if it is not
	ticket     uint64                // its place among the exclusive
	class      class
	exclusive  bool
	internal   bool  // of a Wait: nobody outside this package sees it
	woken      bool  // chosen by a wake since it was linked
	sent       bool  // that wake notifies outside the lock
	bit        uint8 // with Key, of a bit wait
	by         any   // the key of that wake
	err        error // the queue was closed
	origin     *origin

	self *Waiter // w once in use, to tell a copy; the owner's, as is
	home *Queue  // where it was prepared last
}

// NewWaiter returns a waiter that wakes its owner. (DEFINE_WAIT)
func NewWaiter() *Waiter { return new(Waiter) }

// Add links w as a shared waiter (add_wait_queue). The owner sleeps with
// [Waiter.Park], or is not needed if w has a Func. It returns the error of a
// closed queue, on which w is not linked, and panics if w is linked already.
func (q *Queue) Add(w *Waiter) error { return q.add(w, shared, false) }

// AddExclusive is [Queue.Add] for an exclusive waiter (add_wait_queue_exclusive).
func (q *Queue) AddExclusive(w *Waiter) error { return q.add(w, exclusive, true) }

// AddPriority is [Queue.Add] ahead of all shared and exclusive waiters
// (add_wait_queue_priority). An exclusive one asks for the very front, and gets
// [ErrBusy] if a priority waiter is there (add_wait_queue_priority_exclusive).
func (q *Queue) AddPriority(w *Waiter, exclusive bool) error { return q.add(w, priority, exclusive) }

func (q *Queue) add(w *Waiter, c class, ex bool) (err error) {
	const op = "Add"
	q.check(op)
	w.check(op)
	q.checkKey(op, w.Key)
	if q.obj != nil {
		q.obj.Step(sched.Op{Kind: sched.Enqueue})
		defer func() { q.obj.Done(sched.Op{Kind: sched.Enqueue, Failed: err != nil}, q.n.Peek()) }()
	}
	q.adopt(w, op)
	origin := q.trace(context.Background())
	q.lock(op)
	defer q.mu.Unlock()
	switch {
	case w.linked != 0:
		panic(q.misuse(op, "the waiter is linked already"))
	case q.err != nil:
		return q.err
	case c == priority && ex && q.busy():
		return ErrBusy
	}
	w.settle()
	w.ticket, w.origin = 0, origin
	if w.p == nil && w.Func == nil {
		w.p = newParker(q.s, q.name)
		w.p.Keep()
	}
	q.link(w, c, ex)
	return nil
}

// Prepare links w, if it is not linked (prepare_to_wait, and with exclusive
// prepare_to_wait_exclusive), and reports whether the queue was empty. If w is
// linked it keeps its place and only becomes exclusive or shared. A wake that
// came before is forgotten: the condition must be tested after Prepare.
//
// On a closed queue w is not linked, and the next Park returns the error.
func (q *Queue) Prepare(w *Waiter, exclusive bool) (first bool) {
	const op = "Prepare"
	q.check(op)
	w.check(op)
	q.checkKey(op, w.Key)
	if w.Func != nil {
		panic(q.misuse(op, "a waiter with a Func does not sleep"))
	}
	if q.obj == nil {
		return q.prepare(w, exclusive, op)
	}
	q.obj.Step(sched.Op{Kind: sched.Enqueue})
	defer func() { q.obj.Done(sched.Op{Kind: sched.Enqueue}, q.n.Peek()) }()
	return q.prepare(w, exclusive, op)
}

func (q *Queue) prepare(w *Waiter, ex bool, op string) (first bool) {
	q.adopt(w, op)
	origin := q.trace(context.Background())
	q.lock(op)
	defer q.mu.Unlock()
	first = q.n.Peek() == 0
	if w.linked != 0 {
		w.exclusive, w.woken = ex, false
		w.p.Reset()
		return false
	}
	if !w.woken { // else it comes back after a lost race, to its place
		w.ticket, w.origin = 0, origin
	}
	w.settle()
	if w.p == nil {
		w.p = newParker(q.s, q.name)
		w.p.Keep()
	}
	if q.err != nil {
		w.err = q.err
		w.p.Unpark()
		return first
	}
	c := shared
	if ex {
		c = exclusive
	}
	q.link(w, c, ex)
	return first
}

// adopt makes q the home of w, which must not be linked elsewhere.
func (q *Queue) adopt(w *Waiter, op string) {
	if w.home == q {
		return
	}
	q.checkLinks(w, op)
	if w.home != nil && w.home.s != q.s {
		w.p = nil
	}
	w.home, w.ticket = q, 0
}

// checkLinks panics if w is linked on another queue.
func (q *Queue) checkLinks(w *Waiter, op string) {
	on := w.on.Load()
	if on == nil || on == q {
		return
	}
	on.lock(op) // a waker may be about to take it off
	still := w.on.Load() == on
	on.mu.Unlock()
	if still {
		panic(q.misuse(op, "the waiter is linked on "+on.String()))
	}
}

func newParker(s sched.Scheduler, name string) *sched.Parker {
	p := new(sched.Parker)
	if s != nil {
		p.Init(s, sched.Spec{Name: name + ".sleep"})
	}
	return p
}

// settle forgets a wake of w that its owner has not consumed. If its waker has
// yet to notify, that waker keeps the parker, and w gets another: it can not be
// reached by a wake of its former life. The caller holds the lock of home.
func (w *Waiter) settle() {
	if w.p != nil && !w.p.Reset() && w.sent && w.woken {
		w.p = nil
	}
	w.woken, w.sent, w.by, w.err = false, false, nil, nil
}

// Park sleeps until a wake chooses w (schedule). A wake that came since
// Prepare, or since the last Park of a sticky waiter, ends it at once; it is
// kept once, so Park on a sticky waiter is wait_woken. It returns nil for a
// wake, an error that matches ctx.Err() and context.Cause(ctx) if ctx ends
// first, and one that matches [ErrClosed] if the queue is closed. A wake wins
// over the end of ctx. W must have been prepared or added.
func (w *Waiter) Park(ctx context.Context) error {
	w.check("Park")
	if ctx == nil {
		panic(w.misuse("Park", "nil context"))
	}
	if w.p == nil {
		panic(w.misuse("Park", "the waiter is not prepared"))
	}
	if w.p.Park(ctx, w.home.obj) != nil {
		return contextError(ctx)
	}
	return w.err
}

// C returns a channel from which a wake can be received, once, in place of
// [Waiter.Park]. W must have been prepared or added; the next Prepare, Add or
// Finish may change the channel. What is received from it no scheduler sees.
func (w *Waiter) C() <-chan struct{} {
	w.check("C")
	if w.p == nil {
		panic(w.misuse("C", "the waiter is not prepared"))
	}
	return w.p.C()
}

// Finish unlinks w if it is linked (finish_wait), and reports whether a wake
// chose it since it was linked. It may be called again.
func (q *Queue) Finish(w *Waiter) (woken bool) {
	_, woken = q.leave(w, "Finish", false)
	return woken
}

// Remove unlinks w (remove_wait_queue), and reports whether it was linked.
func (q *Queue) Remove(w *Waiter) (linked bool) {
	linked, _ = q.leave(w, "Remove", false)
	return linked
}

// Abort unlinks w. If w is exclusive and a wake has chosen it, the wake goes on
// to the next exclusive waiter, so that it is not lost with w, and Abort
// reports true (abort_exclusive_wait). It is what a loop calls that gives up
// without having done what the wake would have let it do.
func (q *Queue) Abort(w *Waiter) (passed bool) {
	_, passed = q.leave(w, "Abort", true)
	return passed
}

// leave takes w off the queue, in one step. With abort, woken stands for a wake
// that was passed on.
func (q *Queue) leave(w *Waiter, op string, abort bool) (linked, woken bool) {
	q.check(op)
	w.check(op)
	if q.obj != nil {
		q.obj.Step(sched.Op{Kind: sched.Dequeue})
		defer func() { q.obj.Done(sched.Op{Kind: sched.Dequeue}, q.n.Peek()) }()
	}
	if w.home != q {
		q.checkLinks(w, op)
		return false, false
	}
	q.lock(op)
	if linked = w.linked != 0; linked {
		q.unlink(w)
	}
	woken = w.woken
	if abort {
		woken = woken && w.exclusive
	}
	r := request{budget: 1, key: w.by, heirs: true}
	w.settle()
	w.ticket, w.origin = 0, nil
	if abort && woken {
		k := walk{q: q, request: r}
		k.run()
	} else {
		q.mu.Unlock()
	}
	return linked, woken
}

// check panics if w is a copy of a waiter in use.
func (w *Waiter) check(op string) {
	if w.self == nil {
		w.self = w
	} else if w.self != w {
		panic(w.misuse(op, "copied after first use"))
	}
}

func (w *Waiter) misuse(op, reason string) *MisuseError {
	o := "waiter"
	if w.home != nil {
		o = "waiter of " + w.home.String()
	}
	return &MisuseError{Object: o, Op: op, Reason: reason}
}

// checkKey panics if key can not be compared: it would do so under the lock.
func (q *Queue) checkKey(op string, key any) {
	if key == nil {
		return
	}
	t := reflect.TypeOf(key)
	ok := t.Comparable()
	if k := t.Kind(); ok && (k == reflect.Struct || k == reflect.Array) {
		ok = reflect.ValueOf(key).Comparable() // it may hold an interface
	}
	if !ok {
		panic(q.misuse(op, "a key must be comparable"))
	}
}

// An internalWaiter is the waiter of a Wait, with its parker.
type internalWaiter struct {
	Waiter
	parker  sched.Parker
	watched bool // its parker belongs to a scheduler, so it is not kept
}

// waiters has those of finished waits on plain goroutines. Parkers hold no
// channel then, so they may cross bubbles.
var waiters = sync.Pool{New: func() any {
	w := new(internalWaiter)
	w.internal, w.p = true, &w.parker
	return w
}}

// newSleeper returns a waiter for a wait on q.
func (q *Queue) newSleeper() *internalWaiter {
	if q.s == nil {
		return waiters.Get().(*internalWaiter)
	}
	w := waiters.New().(*internalWaiter)
	w.watched = true
	w.parker.Init(q.s, sched.Spec{Name: q.name + ".sleep"})
	return w
}

// release keeps w, which is off its queue, for another wait on plain
// goroutines. One that a wake may still reach is lost, and not kept: it can not
// be reached by a wake of its former life. The queue may be gone by now (Q33),
// so nothing of it is read.
func (w *internalWaiter) release(lost bool) {
	if lost || w.watched {
		return
	}
	if w.Key != nil || w.by != nil || w.err != nil || w.origin != nil {
		w.Key, w.by, w.err, w.origin = nil, nil, nil, nil
	}
	w.bit, w.ticket = 0, 0
	waiters.Put(w)
}
