package waitq

import (
	"context"
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

// A Waiter is an entry of a [Queue] (wait_queue_entry_t), for code that spells
// the protocol out: loops that select on several things, loops whose body
// sleeps, and callbacks. [Queue.Wait] and its relatives need none.
//
// The zero value is ready. The exported fields may be set while the waiter is
// not linked. A Waiter belongs to one goroutine, its owner, which alone may
// call its methods and pass it to those of Queue; wakers come from anywhere. A
// Waiter must not be copied after first use, and may be used again, on any
// queue, once it is off the last one.
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

	// Key restricts the wakes that reach this waiter to those without a key
	// and those with an equal one; two values of type [Events] match when
	// they have a bit in common. Nil is reached by every wake.
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

	p    *sched.Parker // what the owner sleeps in
	home *Queue        // where it was prepared last; the owner's
	on   atomic.Pointer[Queue]

	// Guarded by the lock of home.
	next, prev *Waiter
	class      class
	exclusive  bool
	internal   bool // of a Wait: nobody but this package sees it
	woken      bool // chosen by a wake since it was linked
	sent       bool // that wake notifies outside the lock
	by         any  // the key of that wake
	key        any  // Key, while linked
	linked     uint64
	ticket     uint64
	err        error // the queue was closed
}

// NewWaiter returns a waiter that wakes its owner.
func NewWaiter() *Waiter { return new(Waiter) }

// Prepare links w, if it is not linked (prepare_to_wait, and with exclusive
// prepare_to_wait_exclusive), and reports whether the queue was empty. If w is
// linked it keeps its place and only becomes exclusive or shared. A wake that
// came before is forgotten: the condition must be tested after Prepare.
//
// On a closed queue w is not linked, and the next Park returns the error.
func (q *Queue) Prepare(w *Waiter, exclusive bool) (first bool) {
	q.check("Prepare")
	if w.Func != nil {
		panic(q.misuse("Prepare", "a waiter with a Func has no owner to park"))
	}
	op := sched.Op{Kind: sched.Enqueue}
	if q.obj != nil {
		q.obj.Step(op)
	}
	first = q.prepare(w, exclusive)
	if q.obj != nil {
		q.obj.Done(op, int64(q.n.Peek()))
	}
	return first
}

func (q *Queue) prepare(w *Waiter, ex bool) (first bool) {
	q.adopt(w, "Prepare")
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.on.Load() == q {
		w.exclusive, w.woken = ex, false
		w.p.Reset()
		return false
	}
	if !w.woken {
		w.ticket = 0
	}
	w.settle()
	if w.p == nil {
		w.p = q.newParker()
	}
	if q.err != nil {
		w.err = q.err
		w.p.Unpark()
		return q.n.Peek() == 0
	}
	c := shared
	if ex {
		c = exclusive
	}
	return q.link(w, c, ex)
}

// adopt makes q the home of w, which must not be linked elsewhere.
func (q *Queue) adopt(w *Waiter, op string) {
	if on := w.on.Load(); on != nil && on != q {
		// A waker may be about to take it off.
		on.mu.Lock()
		still := w.on.Load() == on
		on.mu.Unlock()
		if still {
			panic(q.misuse(op, "the waiter is linked on "+on.String()))
		}
	}
	if w.home == q {
		return
	}
	if w.home == nil || w.home.s != q.s {
		w.p = nil
	}
	w.home, w.woken, w.ticket = q, false, 0
}

func (q *Queue) newParker() *sched.Parker {
	p := new(sched.Parker)
	p.Init(q.s, sched.Spec{Name: q.name + ".sleep"})
	return p
}

// settle forgets a wake of w that its owner has not consumed. If the waker has
// yet to notify, it keeps the parker, and w gets another. The caller holds the
// lock of home.
func (w *Waiter) settle() {
	if w.p != nil && !w.p.Reset() && w.sent && w.woken {
		w.p = nil
	}
	w.woken, w.sent, w.by, w.err = false, false, nil, nil
}

// Park sleeps until a wake chooses w (schedule). A wake that came since
// Prepare, or since the last Park of a sticky waiter, ends it at once; it is
// kept once (wait_woken is Park on a sticky waiter). It returns nil for a wake,
// an error that matches ctx.Err() and context.Cause(ctx) if ctx ends first, and
// one that matches [ErrClosed] if the queue is closed. A wake wins over the end
// of ctx. W must have been prepared.
func (w *Waiter) Park(ctx context.Context) error {
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
// [Waiter.Park]. W must have been prepared, and Prepare or Finish may change
// the channel. What is received from it no scheduler sees.
func (w *Waiter) C() <-chan struct{} {
	if w.p == nil {
		panic(w.misuse("C", "the waiter is not prepared"))
	}
	return w.p.C()
}

// Finish unlinks w if it is linked (finish_wait), and reports whether a wake
// chose it since it was linked. It may be called again.
func (q *Queue) Finish(w *Waiter) (woken bool) {
	q.leave(w, "Finish", func() {
		woken = w.woken
		if w.on.Load() == q {
			q.unlink(w)
		}
	})
	return woken
}

// Remove unlinks w (remove_wait_queue), and reports whether it was linked.
func (q *Queue) Remove(w *Waiter) (linked bool) {
	q.leave(w, "Remove", func() {
		if linked = w.on.Load() == q; linked {
			q.unlink(w)
		}
	})
	return linked
}

// Abort unlinks w. If w is exclusive and a wake has chosen it, the wake goes on
// to the next exclusive waiter, so that it is not lost with w, and Abort
// reports true (abort_exclusive_wait). It is what a loop calls that gives up
// without having done what a wake would have let it do.
func (q *Queue) Abort(w *Waiter) (passed bool) {
	q.leave(w, "Abort", func() {
		if w.on.Load() == q {
			q.unlink(w)
		}
		passed = w.woken && w.exclusive
	})
	return passed
}

// leave is the step that takes w off the queue.
func (q *Queue) leave(w *Waiter, name string, how func()) {
	q.check(name)
	op := sched.Op{Kind: sched.Dequeue}
	if q.obj != nil {
		q.obj.Step(op)
		defer func() { q.obj.Done(op, q.n.Peek()) }()
	}
	q.adopt(w, name)
	q.mu.Lock()
	how()
	pass, by := name == "Abort" && w.woken && w.exclusive, w.by
	w.settle()
	w.ticket = 0
	q.mu.Unlock()
	if pass {
		q.wake(request{budget: 1, key: by, heirs: true})
	}
}

func (w *Waiter) misuse(op, reason string) *MisuseError {
	o := "waiter"
	if w.home != nil {
		o = "waiter of " + w.home.String()
	}
	return &MisuseError{Object: o, Op: op, Reason: reason}
}
