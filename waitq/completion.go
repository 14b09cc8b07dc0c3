package waitq

import (
	"context"
	"math"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A Completion tells goroutines that something is done (struct completion). It
// is a counter: Complete raises it by one, a Wait takes one, CompleteAll makes
// it endless. A Complete that finds somebody waiting hands itself to the one who
// came first; nobody else can take it.
//
// The zero value is not complete. A Completion must not be copied after first
// use; a method called on a copy panics with a *[MisuseError]. All methods may
// be called concurrently. Complete and CompleteAll synchronize before the
// return of the waits that they release.
type Completion struct {
	q    Queue  // its lock guards done
	done uint64 // forever, or completions that nobody waited for
}

// forever is the count of a completion that is complete for good.
const forever = math.MaxUint64

// Init gives c a name for reports and a scheduler to run under, which may be
// nil. A completion of plain goroutines needs none. It must be called before
// first use. (init_completion)
func (c *Completion) Init(s sched.Scheduler, name string) {
	c.check("Init")
	if c.q.self.Load() != nil {
		panic(c.misuse("Init", "in use"))
	}
	c.q.Init(s, name)
}

// SetWaker notes that t is the task which is to complete c, or nobody if t is
// nil: for reports of hangs. See [sched.SetWaker].
func (c *Completion) SetWaker(t *sched.Task) { c.q.SetWaker(t) }

// Complete releases the wait that came first, or else the next to come
// (complete). After CompleteAll it does nothing.
func (c *Completion) Complete() {
	op := sched.Op{Kind: sched.Wake, Arg: 1}
	o := c.begin(op, "Complete")
	end(o, op, truth(c.complete()))
}

func (c *Completion) complete() (released bool) {
	q := &c.q
	q.mu.Lock()
	q.use()
	w := q.lists[exclusive].front
	if w == nil {
		if c.done != forever {
			c.done++
		}
		q.mu.Unlock()
		return false
	}
	p := w.p
	w.woken = true
	q.unlink(w)
	q.mu.Unlock()
	p.Unpark()
	return true
}

// CompleteAll releases all waits, present and future (complete_all).
func (c *Completion) CompleteAll() {
	op := sched.Op{Kind: sched.Wake}
	o := c.begin(op, "CompleteAll")
	c.q.mu.Lock()
	c.q.use()
	c.done = forever
	k := walk{q: &c.q}
	k.run()
	end(o, op, int64(k.all))
}

// Wait takes a completion, and sleeps until there is one
// (wait_for_completion_interruptible; with context.Background(),
// wait_for_completion). If ctx ends first, it has taken nothing and returns an
// error that matches ctx.Err() and context.Cause(ctx). A completion that is
// there is taken even if ctx has ended.
func (c *Completion) Wait(ctx context.Context) error {
	if ctx == nil {
		panic(c.misuse("Wait", "nil context"))
	}
	return c.wait(ctx, nil)
}

// WaitFor is [Completion.Wait] with a time limit (wait_for_completion_timeout).
// Left is what remains of d, at least a nanosecond if ok, else 0. If d is not
// positive it does not sleep.
func (c *Completion) WaitFor(d time.Duration) (left time.Duration, ok bool) {
	clock := c.q.s // c may be gone when the wait is over
	start := sched.Now(clock)
	if d <= 0 {
		ok = c.TryWait()
	} else {
		ok = c.wait(context.Background(), &limit{d: d}) == nil
	}
	if !ok {
		return 0, false
	}
	return max(d-sched.Now(clock).Sub(start), 1), true
}

// TryWait takes a completion if there is one, and reports whether it did
// (try_wait_for_completion).
func (c *Completion) TryWait() bool {
	op := sched.Op{Kind: sched.TryDown, Arg: 1}
	o := c.begin(op, "TryWait")
	c.q.mu.Lock()
	ok := c.take()
	c.q.mu.Unlock()
	op.Failed = !ok
	end(o, op, truth(ok))
	return ok
}

// Completed reports whether a Wait would return at once, and takes nothing
// (completion_done). Once it has returned true, whoever completed c is done
// with c, which may be put to another use.
func (c *Completion) Completed() bool {
	op := sched.Op{Kind: sched.Inspect}
	o := c.begin(op, "Completed")
	c.q.mu.Lock()
	ok := c.done > 0
	c.q.mu.Unlock()
	end(o, op, truth(ok))
	return ok
}

// Reinit makes c not complete (reinit_completion). It panics with a
// *[MisuseError] while somebody waits. Waits that have been released return nil
// all the same.
func (c *Completion) Reinit() {
	op := sched.Op{Kind: sched.Update}
	o := c.begin(op, "Reinit")
	c.q.mu.Lock()
	ok := c.q.n.Peek() == 0
	if ok {
		c.done = 0
	}
	c.q.mu.Unlock()
	end(o, op, truth(ok))
	if !ok {
		panic(c.misuse("Reinit", "somebody waits"))
	}
}

// take takes a completion if there is one. The caller holds the lock.
func (c *Completion) take() bool {
	if c.done == 0 {
		return false
	}
	if c.done != forever {
		c.q.use()
		c.done--
	}
	return true
}

func (c *Completion) wait(ctx context.Context, l *limit) error {
	q := &c.q
	w, err := c.enqueue(ctx)
	if w == nil {
		return err
	}
	settled, lost := false, false
	defer func() {
		if !settled { // a scheduler unwinds the task
			lost = true
			if c.abandon(w) {
				c.Complete()
			}
		}
		if l.ended() {
			lost = true
		}
		w.release(lost)
	}()
	if l != nil {
		l.start(q.s, &w.parker)
	}
	switch {
	case w.parker.Park(ctx, q.obj) != nil:
		err = contextError(ctx)
	case l != nil && l.expired.Load():
		err = errExpired
	}
	if err != nil {
		lost = true
		if c.abandon(w) { // it came first
			err = nil
		}
	}
	settled = true
	return err
}

// enqueue takes a completion, or else returns a waiter in the queue; or
// neither, if ctx has ended.
func (c *Completion) enqueue(ctx context.Context) (w *internalWaiter, err error) {
	q := &c.q
	op := sched.Op{Kind: sched.Enqueue}
	o := c.begin(op, "Wait")
	q.mu.Lock()
	switch {
	case c.take():
	case ctx.Err() != nil:
		err = contextError(ctx)
	default:
		w = q.newSleeper()
		w.origin = q.trace(ctx)
		q.link(&w.Waiter, exclusive, true)
	}
	q.mu.Unlock()
	end(o, op, truth(w != nil))
	return w, err
}

// abandon takes w off the queue, and reports whether it has been released
// before that.
func (c *Completion) abandon(w *internalWaiter) (released bool) {
	op := sched.Op{Kind: sched.Dequeue}
	o := c.begin(op, "Wait")
	c.q.mu.Lock()
	if released = w.linked == 0; !released {
		c.q.unlink(&w.Waiter)
	}
	c.q.mu.Unlock()
	end(o, op, truth(!released))
	return released
}

// begin announces op. It returns the object for end, since c may be in another
// life when the operation is done.
func (c *Completion) begin(op sched.Op, name string) *sched.Object {
	c.check(name)
	o := c.q.obj
	if o != nil {
		o.Step(op)
	}
	return o
}

func end(o *sched.Object, op sched.Op, result int64) {
	if o != nil {
		o.Done(op, result)
	}
}

func (c *Completion) check(op string) {
	if s := c.q.self.Load(); s != nil && s != &c.q {
		panic(c.misuse(op, "copied after first use"))
	}
}

func (c *Completion) misuse(op, reason string) *MisuseError {
	return &MisuseError{Object: c.String(), Op: op, Reason: reason}
}

// String returns the completion's name, for reports.
func (c *Completion) String() string { return "completion of " + c.q.String() }
