package waitq

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// Options change how [Queue.WaitOpts] waits. The zero value is [Queue.Wait].
type Options struct {
	Exclusive bool // counts against the number of a wake, and sleeps in FIFO order
	// Key is matched by [Queue.WakeKey]; see [Waiter].Key.
	Key any
	// Locker is held by the caller. It is held at each call of the
	// condition and on every return, and free during the sleep.
	Locker sync.Locker
	// BeforeSleep is called before each sleep and AfterSleep after it, with
	// Locker free (the commands of wait_event_cmd).
	BeforeSleep, AfterSleep func()
}

// Wait sleeps until cond holds (wait_event_interruptible). It returns nil after
// cond has returned true, an error that matches ctx.Err() and
// context.Cause(ctx) if ctx ends first, and one that matches [ErrClosed] if the
// queue is closed. Cond is called on this goroutine with no lock held; at least
// once, before anything else, and a last time before an error is returned.
//
// Whoever makes cond true must call Wake after that.
func (q *Queue) Wait(ctx context.Context, cond func() bool) error {
	return q.WaitOpts(ctx, cond, Options{})
}

// WaitExclusive is [Queue.Wait] as an exclusive waiter
// (wait_event_interruptible_exclusive): a wake wakes one of them, in the order
// in which they came. One that finds its condition taken by somebody else
// keeps its place. All exclusive waiters of a queue, or of a key, should be
// able to use the same event.
func (q *Queue) WaitExclusive(ctx context.Context, cond func() bool) error {
	return q.WaitOpts(ctx, cond, Options{Exclusive: true})
}

// WaitLocked is [Queue.Wait] for a condition that l guards (wait_event_lock_irq).
// The caller holds l, and holds it again on return; l is held at each call of
// cond and free during the sleep. Wakers need not hold l when they wake.
func (q *Queue) WaitLocked(ctx context.Context, l sync.Locker, cond func() bool) error {
	if l == nil {
		panic(q.misuse("WaitLocked", "nil locker"))
	}
	return q.WaitOpts(ctx, cond, Options{Locker: l})
}

// WaitOpts is [Queue.Wait] with options.
func (q *Queue) WaitOpts(ctx context.Context, cond func() bool, o Options) error {
	q.check("Wait")
	if ctx == nil {
		panic(q.misuse("Wait", "nil context"))
	}
	if cond == nil {
		panic(q.misuse("Wait", "nil condition"))
	}
	if cond() {
		return nil
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return q.wait(ctx, cond, &o, nil)
}

// WaitFor is [Queue.Wait] with a time limit instead of a context
// (wait_event_timeout). Ok says whether cond held; left is what remains of d, at
// least a nanosecond if cond held, and 0 if it did not. If d is not positive,
// cond is tested once. On a closed queue WaitFor returns at once.
func (q *Queue) WaitFor(d time.Duration, cond func() bool) (left time.Duration, ok bool) {
	q.check("WaitFor")
	if cond == nil {
		panic(q.misuse("WaitFor", "nil condition"))
	}
	start := sched.Now(q.s)
	ok = cond()
	if !ok && d > 0 {
		t := &limit{d: d}
		ok = q.wait(context.Background(), cond, &Options{}, t) == nil
	}
	if !ok {
		return 0, false
	}
	return max(d-sched.Now(q.s).Sub(start), 1), true
}

// wait is the loop of all waits: link, test, sleep. A wake unlinks the waiter
// before it notifies, so a waiter that was woken is off the queue already.
func (q *Queue) wait(ctx context.Context, cond func() bool, o *Options, t *limit) error {
	s := sleeper{q: q, o: o, t: t, w: &Waiter{Key: o.Key, internal: true}}
	defer s.quit() // for a callback that panics or ends the goroutine
	for {
		if closed := s.link(); closed != nil {
			s.gone = true
			if cond() {
				return nil
			}
			return closed
		}
		if cond() {
			s.leave(true)
			return nil
		}
		switch err := s.sleep(ctx); {
		case err == nil: // woken
			if cond() {
				s.gone = true
				return nil
			}
		case s.closed(err):
			s.gone = true
			if cond() {
				return nil
			}
			return err
		default: // out of time: off the queue first, then the last look
			s.unlink()
			if cond() {
				s.leave(true)
				return nil
			}
			s.leave(false)
			return err
		}
	}
}

// A sleeper is one call of a Wait.
type sleeper struct {
	q    *Queue
	w    *Waiter
	o    *Options
	t    *limit
	gone bool // w is off the queue and owes nothing
}

// A limit ends a sleep after some time.
type limit struct {
	d       time.Duration
	stop    func() bool
	expired atomic.Bool
}

var errExpired = errors.New("waitq: time is up")

// link is the first half of a turn: w is in the queue before cond is tested,
// so that a wake after that test finds it.
func (s *sleeper) link() (closed error) {
	q := s.q
	op := sched.Op{Kind: sched.Enqueue}
	if q.obj != nil {
		q.obj.Step(op)
		defer func() { q.obj.Done(op, q.n.Peek()) }()
	}
	w := s.w
	if w.p == nil {
		w.home, w.p = q, q.newParker()
	}
	c := shared
	if s.o.Exclusive {
		c = exclusive
	}
	q.mu.Lock()
	if q.err == nil {
		q.link(w, c, s.o.Exclusive)
	}
	err := q.err
	q.mu.Unlock()
	return err
}

// sleep sleeps until w is woken, and returns nil; or until ctx ends, time is up
// or the queue is closed.
func (s *sleeper) sleep(ctx context.Context) error {
	if t := s.t; t != nil && t.stop == nil {
		p := s.w.p
		t.stop = sched.AfterFunc(s.q.s, t.d, func() {
			t.expired.Store(true)
			p.Unpark()
		})
	}
	if s.o.Locker != nil {
		s.o.Locker.Unlock()
		defer s.o.Locker.Lock()
	}
	if s.o.BeforeSleep != nil {
		s.o.BeforeSleep()
	}
	if s.o.AfterSleep != nil {
		defer s.o.AfterSleep()
	}
	if s.w.p.Park(ctx, s.q.obj) != nil {
		return contextError(ctx)
	}
	if s.t != nil && s.t.expired.Load() {
		return errExpired
	}
	return s.w.err
}

// closed reports whether err, which sleep returned, is that of the queue.
func (s *sleeper) closed(err error) bool {
	_, ok := err.(*closedError)
	return ok || err == ErrClosed
}

// unlink takes w off the queue, so that no wake can choose it any more.
func (s *sleeper) unlink() {
	q := s.q
	op := sched.Op{Kind: sched.Dequeue}
	if q.obj != nil {
		q.obj.Step(op)
		defer func() { q.obj.Done(op, q.n.Peek()) }()
	}
	q.mu.Lock()
	if s.w.on.Load() == q {
		q.unlink(s.w)
	}
	q.mu.Unlock()
}

// leave ends the wait. Without success, a wake that has chosen w goes on to the
// next exclusive waiter.
func (s *sleeper) leave(success bool) {
	s.gone = true
	s.unlink()
	if !success && s.w.woken && s.w.exclusive {
		s.q.signal(request{budget: 1, key: s.w.by, heirs: true})
	}
}

// quit runs when the wait returns, also when a callback has ended it.
func (s *sleeper) quit() {
	if s.t != nil && s.t.stop != nil {
		s.t.stop()
	}
	if !s.gone {
		s.leave(false)
	}
}
