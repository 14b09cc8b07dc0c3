package waitq

import (
	"context"
	"errors"
	"math"
	"runtime"
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
// before each sleep, after each wake, and a last time before an error is
// returned. It may sleep,
// and may use q. Whoever makes it true must call Wake after that.
func (q *Queue) Wait(ctx context.Context, cond func() bool) error {
	return q.wait(ctx, cond, &plainOptions)
}

// WaitExclusive is [Queue.Wait] as an exclusive waiter
// (wait_event_interruptible_exclusive): of those, a wake wakes one, in the
// order in which they came. One that finds that somebody else was faster keeps
// its place. One that leaves without success passes a wake that it was given on
// to the next. All exclusive waiters of a queue, or of a key, should be able to
// use the same event: a wake chooses one without knowing their conditions.
func (q *Queue) WaitExclusive(ctx context.Context, cond func() bool) error {
	return q.wait(ctx, cond, &exclusiveOptions)
}

// WaitLocked is [Queue.Wait] for a condition that l guards (wait_event_lock_irq).
// The caller holds l, and holds it again on return; l is held at each call of
// cond and free during the sleep. Wakers may hold l when they wake, or not.
func (q *Queue) WaitLocked(ctx context.Context, l sync.Locker, cond func() bool) error {
	if l == nil {
		panic(q.misuse("WaitLocked", "nil locker"))
	}
	return q.wait(ctx, cond, &options{Options: Options{Locker: l}})
}

// WaitOpts is [Queue.Wait] with options. It returns [ErrBusy] if an exclusive
// priority waiter finds the front place taken.
func (q *Queue) WaitOpts(ctx context.Context, cond func() bool, o Options) error {
	q.checkKey("Wait", o.Key)
	return q.wait(ctx, cond, &options{Options: o})
}

// WaitFor is [Queue.Wait] with a time limit instead of a context
// (wait_event_timeout). Ok says whether cond held; left is what remains of d, at
// least a nanosecond if cond held, and 0 if it did not. If d is not positive,
// cond is tested once; math.MaxInt64 is for ever. On a closed queue WaitFor
// returns at once.
func (q *Queue) WaitFor(d time.Duration, cond func() bool) (left time.Duration, ok bool) {
	clock := q.s // the queue may be gone when the wait is over
	start := sched.Now(clock)
	err := q.wait(context.Background(), cond, &options{limited: true, limit: d})
	if err != nil {
		return 0, false
	}
	return max(d-sched.Now(clock).Sub(start), 1), true
}

// options are those of all kinds of waits.
type options struct {
	Options
	limited bool // by limit, instead of by the context
	limit   time.Duration
	word    *atomic.Uint64 // of a bit wait
	bit     uint8          // with Key
}

var (
	plainOptions     options
	exclusiveOptions = options{Options: Options{Exclusive: true}}
)

// wait is the loop of all waits: link, test, sleep. A wake unlinks the waiter
// before it notifies, so a waiter that was woken is off the queue already.
//
// Before all that it yields once and tests again: a partner that is about to
// make the condition true often does so in that time, and then finds an empty
// queue. An exclusive wait does not where others wait already. It yields in this
// frame because a processor mispredicts each return that follows a switch of
// goroutines.
func (q *Queue) wait(ctx context.Context, cond func() bool, o *options) error {
	if ctx == nil || cond == nil || q.copied() {
		q.refuse(ctx, cond)
	}
	switch {
	case cond():
		return nil
	case o.limited && o.limit <= 0:
		return errExpired
	case ctx.Err() != nil:
		return contextError(ctx)
	}
	plain := q.s == nil && !o.hooked()
	if plain && !(o.Exclusive && q.n.Peek() > 0) {
		runtime.Gosched()
		if cond() {
			return nil
		}
	}
	s := sleeper{q: q, w: q.newSleeper()}
	s.w.Key, s.w.bit = o.Key, o.bit
	if q.debug.Load() {
		s.w.origin = q.trace(ctx)
	}
	defer s.quit(o) // also for a callback that panics or ends the goroutine
	for {
		if err := s.link(o); err != nil {
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
		var off bool
		var err error
		if plain {
			if s.w.parker.ParkAtOnce(ctx, nil) == nil {
				off, err = true, s.w.err
			} else {
				err = contextError(ctx)
			}
		} else {
			off, err = s.sleep(ctx, o)
		}
		if !off {
			s.unlink() // so that no wake can choose it after the last look
		}
		ok := cond()
		if !ok && err == nil && ctx.Err() != nil {
			err = contextError(ctx) // rather than keep the wake and sleep again
		}
		if ok || err != nil {
			s.settle(ok, o)
			if ok {
				return nil
			}
			return err
		}
	}
}

// hooked reports that there is something to do around a sleep.
func (o *options) hooked() bool {
	return o.limited || o.Locker != nil || o.BeforeSleep != nil || o.AfterSleep != nil
}

// refuse panics for a wait that can not be.
func (q *Queue) refuse(ctx context.Context, cond func() bool) {
	q.check("Wait")
	if ctx == nil {
		panic(q.misuse("Wait", "nil context"))
	}
	panic(q.misuse("Wait", "nil condition"))
}

// A sleeper is one call of a Wait. Its options are passed beside it: in it they
// would escape to the heap with the queue.
type sleeper struct {
	q       *Queue
	w       *internalWaiter
	limit   *limit
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
func (s *sleeper) link(o *options) error {
	q := s.q
	if q.obj == nil {
		return s.enqueue(o)
	}
	q.obj.Step(sched.Op{Kind: sched.Enqueue})
	err := s.enqueue(o)
	q.obj.Done(sched.Op{Kind: sched.Enqueue, Failed: err != nil}, q.n.Peek())
	return err
}

func (s *sleeper) enqueue(o *options) (err error) {
	q, ex := s.q, o.Exclusive
	c := shared
	switch {
	case o.Priority:
		c = priority
	case ex:
		c = exclusive
	}
	q.lock("Wait")
	switch {
	case q.err != nil:
		err = q.err
	case c == priority && ex && q.busy():
		err = ErrBusy
	default:
		q.link(&s.w.Waiter, c, ex)
	}
	q.mu.Unlock()
	return err
}

// sleep sleeps until w is woken or the queue is closed, and is off it then; or
// until ctx ends or time is up.
func (s *sleeper) sleep(ctx context.Context, o *options) (off bool, err error) {
	if o.limited && s.limit == nil {
		s.limit = &limit{d: o.limit}
		s.limit.start(s.q.s, &s.w.parker)
	}
	if o.Locker != nil {
		o.Locker.Unlock()
		defer o.Locker.Lock()
	}
	if o.BeforeSleep != nil {
		o.BeforeSleep()
	}
	if o.AfterSleep != nil {
		defer o.AfterSleep()
	}
	if s.w.parker.Park(ctx, s.q.obj) != nil {
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
	if l.d < math.MaxInt64 {
		l.stop = sched.AfterFunc(s, l.d, func() {
			l.expired.Store(true)
			p.Unpark()
		})
	}
}

// ended stops the clock, and reports that it could not: it may still unpark.
func (l *limit) ended() bool { return l != nil && l.stop != nil && !l.stop() }

// unlink takes w off the queue, so that no wake can choose it any more.
func (s *sleeper) unlink() {
	q := s.q
	if q.obj == nil {
		s.dequeue()
		return
	}
	q.obj.Step(sched.Op{Kind: sched.Dequeue})
	s.dequeue()
	q.obj.Done(sched.Op{Kind: sched.Dequeue}, q.n.Peek())
}

func (s *sleeper) dequeue() {
	q, w := s.q, s.w
	q.lock("Wait")
	if w.linked != 0 {
		q.unlink(&w.Waiter)
	} else if !w.parker.Reset() {
		s.lost = true // chosen, and the waker has yet to notify
	}
	q.mu.Unlock()
}

// settle ends the wait. Without success, a wake that has chosen w goes on to the
// next exclusive waiter.
func (s *sleeper) settle(success bool, o *options) {
	s.settled = true
	if w := s.w; !success && w.woken && w.exclusive && w.err == nil {
		s.q.signal("Wait", &request{budget: 1, key: w.by, word: o.word, bit: o.bit, heirs: true})
	}
}

// quit runs when the wait returns, however it does.
func (s *sleeper) quit(o *options) {
	if s.limit.ended() {
		s.lost = true
	}
	if !s.settled {
		s.unlink()
		s.settle(false, o)
	}
	s.w.release(s.lost)
}
