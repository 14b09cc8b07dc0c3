package waitq

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// Options change how [Queue.WaitOpts] waits. The zero value is [Queue.Wait].
type Options struct {
	// Exclusive counts the waiter against the number of a wake
	// (WQ_FLAG_EXCLUSIVE). Those wait in the order in which they came.
	Exclusive bool
	// Priority puts it ahead of all others; see [Queue.AddPriority].
	Priority bool
	// Key restricts the wakes that reach it; see [Waiter].Key.
	Key any
	// Locker is held by the caller. It is held at each call of the
	// condition and on every return, and free during the sleep.
	Locker sync.Locker
	// BeforeSleep is called before each sleep and AfterSleep after it, with
	// Locker free (the two commands of wait_event_cmd).
	BeforeSleep, AfterSleep func()
}

// Wait sleeps until cond holds (wait_event_interruptible; with
// context.Background(), wait_event). It returns nil after cond has returned
// true, an error that matches ctx.Err() and context.Cause(ctx) if ctx ends
// first, and one that matches [ErrClosed] if the queue is closed first.
//
// Cond is called on this goroutine with no lock of this package held: at once,
// after each wake, and a last time before an error is returned. It may sleep,
// and may use q. Whoever makes it true must call Wake after that.
func (q *Queue) Wait(ctx context.Context, cond func() bool) error {
	return q.WaitOpts(ctx, cond, Options{})
}

// WaitExclusive is [Queue.Wait] as an exclusive waiter
// (wait_event_interruptible_exclusive): of those, a wake wakes one, in the
// order in which they came. One that finds that somebody else was faster keeps
// its place. One that leaves without success passes a wake that it was given on
// to the next. All exclusive waiters of a queue, or of a key, should be able to
// use the same event: a wake chooses one without knowing their conditions.
func (q *Queue) WaitExclusive(ctx context.Context, cond func() bool) error {
	return q.WaitOpts(ctx, cond, Options{Exclusive: true})
}

// WaitLocked is [Queue.Wait] for a condition that l guards (wait_event_lock_irq).
// The caller holds l, and holds it again on return; l is held at each call of
// cond and free during the sleep. Wakers may hold l when they wake, or not.
func (q *Queue) WaitLocked(ctx context.Context, l sync.Locker, cond func() bool) error {
	if l == nil {
		panic(q.misuse("WaitLocked", "nil locker"))
	}
	return q.WaitOpts(ctx, cond, Options{Locker: l})
}

// WaitOpts is [Queue.Wait] with options. It returns [ErrBusy] if an exclusive
// priority waiter finds the front place taken.
func (q *Queue) WaitOpts(ctx context.Context, cond func() bool, o Options) error {
	const op = "Wait"
	q.check(op)
	q.checkCond(op, cond)
	if ctx == nil {
		panic(q.misuse(op, "nil context"))
	}
	q.checkKey(op, o.Key)
	if cond() {
		return nil
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	return q.wait(ctx, cond, &sleeper{q: q, o: o})
}

// WaitFor is [Queue.Wait] with a time limit instead of a context
// (wait_event_timeout). Ok says whether cond held; left is what remains of d, at
// least a nanosecond if cond held, and 0 if it did not. If d is not positive,
// cond is tested once; math.MaxInt64 is for ever. On a closed queue WaitFor returns at once.
func (q *Queue) WaitFor(d time.Duration, cond func() bool) (left time.Duration, ok bool) {
	const op = "WaitFor"
	q.check(op)
	q.checkCond(op, cond)
	start := sched.Now(q.s)
	ok = cond()
	if !ok && d > 0 {
		ok = q.wait(context.Background(), cond, &sleeper{q: q, limit: &limit{d: d}}) == nil
	}
	if !ok {
		return 0, false
	}
	return max(d-sched.Now(q.s).Sub(start), 1), true
}

func (q *Queue) checkCond(op string, cond func() bool) {
	if cond == nil {
		panic(q.misuse(op, "nil condition"))
	}
}

// wait is the loop of all waits: link, test, sleep. A wake unlinks the waiter
// before it notifies, so a waiter that was woken is off the queue already.
func (q *Queue) wait(ctx context.Context, cond func() bool, s *sleeper) error {
	s.w = q.newSleeper()
	s.w.Key, s.w.bit, s.w.origin = s.o.Key, s.bit, q.trace(ctx)
	defer s.quit() // also for a callback that panics or ends the goroutine
	for {
		if err := s.link(); err != nil {
			s.settled = true
			if cond() {
				return nil
			}
			return err
		}
		if cond() {
			s.unlink()
			s.settled = true
			return nil
		}
		off, err := s.sleep(ctx)
		if !off {
			s.unlink() // so that no wake can choose it after the last look
		}
		ok := cond()
		if !ok && err == nil && ctx.Err() != nil {
			err = contextError(ctx) // rather than keep the wake and sleep again
		}
		if ok || err != nil {
			s.settle(ok)
			if ok {
				return nil
			}
			return err
		}
	}
}

// A sleeper is one call of a Wait.
type sleeper struct {
	q     *Queue
	w     *Waiter
	o     Options
	limit *limit
	word  *atomic.Uint64 // of a bit wait
	bit   uint

	settled bool // w is off the queue and owes nobody a wake
	lost    bool // a wake may still reach the parker of w
}

// A limit ends a sleep after some time.
type limit struct {
	d       time.Duration
	stop    func() bool
	expired atomic.Bool
}

var errExpired = errors.New("waitq: time is up")

// link puts w into the queue before cond is tested, so that a wake after that
// test finds it.
func (s *sleeper) link() (err error) {
	q := s.q
	if q.obj != nil {
		q.obj.Step(sched.Op{Kind: sched.Enqueue})
		defer func() { q.obj.Done(sched.Op{Kind: sched.Enqueue, Failed: err != nil}, q.n.Peek()) }()
	}
	c := shared
	switch {
	case s.o.Priority:
		c = priority
	case s.o.Exclusive:
		c = exclusive
	}
	q.lock("Wait")
	switch {
	case q.err != nil:
		err = q.err
	case c == priority && s.o.Exclusive && q.busy():
		err = ErrBusy
	default:
		q.link(s.w, c, s.o.Exclusive)
	}
	q.mu.Unlock()
	return err
}

// sleep sleeps until w is woken or the queue is closed, and is off it then; or
// until ctx ends or time is up.
func (s *sleeper) sleep(ctx context.Context) (off bool, err error) {
	if s.limit != nil {
		s.limit.start(s.q.s, s.w.p)
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
		return false, contextError(ctx)
	}
	if s.limit != nil && s.limit.expired.Load() {
		s.lost = true // if a wake came, too
		return false, errExpired
	}
	return true, s.w.err
}

// start starts the clock. For ever needs none, so that the runtime still finds
// that everybody is asleep.
func (l *limit) start(s sched.Scheduler, p *sched.Parker) {
	if l.stop == nil && l.d < math.MaxInt64 {
		l.stop = sched.AfterFunc(s, l.d, func() {
			l.expired.Store(true)
			p.Unpark()
		})
	}
}

// unlink takes w off the queue, so that no wake can choose it any more.
func (s *sleeper) unlink() {
	q, w := s.q, s.w
	if q.obj != nil {
		q.obj.Step(sched.Op{Kind: sched.Dequeue})
		defer func() { q.obj.Done(sched.Op{Kind: sched.Dequeue}, q.n.Peek()) }()
	}
	q.lock("Wait")
	if w.on.Load() == q {
		q.unlink(w)
	} else if !w.p.Reset() {
		s.lost = true // chosen, and the waker has yet to notify
	}
	q.mu.Unlock()
}

// settle ends the wait. Without success, a wake that has chosen w goes on to the
// next exclusive waiter.
func (s *sleeper) settle(success bool) {
	s.settled = true
	if w := s.w; !success && w.woken && w.exclusive && w.err == nil {
		s.q.signal("Wait", request{budget: 1, key: w.by, word: s.word, bit: s.bit, heirs: true})
	}
}

// quit runs when the wait returns, however it does.
func (s *sleeper) quit() {
	if s.limit != nil && s.limit.stop != nil && !s.limit.stop() {
		s.lost = true
	}
	if !s.settled {
		s.unlink()
		s.settle(false)
	}
	s.w.release(!s.lost)
}
