package waitq

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Single is a wait queue for one waiter at a time (struct rcuwait): smaller
// than a [Queue], and without a lock.
//
// The zero value has no waiter. A Single must not be copied after first use; a
// method called on a copy panics with a *[MisuseError]. A Wake synchronizes
// before the return of the wait that it ends.
type Single struct {
	_ noCopy

	p    sched.Pointer[sched.Parker] // of the waiter, until a wake claims it
	busy atomic.Bool                 // in Wait
	self atomic.Pointer[Single]
	s    sched.Scheduler
	obj  *sched.Object
	name string
}

// Init gives x a name for reports and a scheduler to run under, which may be
// nil. It must be called before first use. (rcuwait_init)
func (x *Single) Init(s sched.Scheduler, name string) {
	x.s, x.name = s, name
	x.obj = sched.Register(s, sched.Spec{Kind: sched.KindQueue, Name: name})
	x.p.Init(s, sched.Spec{Name: name + ".waiter", Inner: true})
}

// Wait sleeps until cond holds (rcuwait_wait_event). It is [Queue.Wait] in all
// else. It panics with a *[MisuseError] if another goroutine is in Wait.
func (x *Single) Wait(ctx context.Context, cond func() bool) error {
	x.check("Wait")
	switch {
	case ctx == nil:
		panic(x.misuse("Wait", "nil context"))
	case cond == nil:
		panic(x.misuse("Wait", "nil condition"))
	case !x.busy.CompareAndSwap(false, true):
		panic(x.misuse("Wait", "somebody else waits"))
	}
	if x.self.Load() == nil {
		x.self.Store(x)
	}
	defer x.busy.Store(false)
	if cond() {
		return nil
	}
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	p := parkers.Get().(*sched.Parker)
	if x.s != nil {
		p = newParker(x.s, x.name)
	}
	in := false // the parker is published, or a wake has claimed it
	defer func() {
		if in = in && !x.publish(sched.Dequeue, p, nil); !in || p.Reset() {
			if x.s == nil {
				parkers.Put(p)
			}
		} // else the waker has yet to use it
	}()
	for {
		in = true
		x.publish(sched.Enqueue, nil, p)
		if cond() {
			return nil
		}
		if p.Park(ctx, x.obj) != nil {
			in = !x.publish(sched.Dequeue, p, nil)
			if cond() {
				return nil
			}
			return contextError(ctx)
		}
		in = false
		if cond() {
			return nil
		}
	}
}

// Wake wakes the waiter, if there is one that sleeps or is about to, and reports
// whether there was (rcuwait_wake_up). A wake of nobody leaves nothing behind:
// make the condition true first.
func (x *Single) Wake() bool {
	x.check("Wake")
	if x.obj != nil {
		op := sched.Op{Kind: sched.Wake, Arg: 1}
		x.obj.Step(op)
		woken := x.wake()
		x.obj.Done(op, truth(woken))
		return woken
	}
	return x.wake()
}

func (x *Single) wake() bool {
	p := x.p.Load()
	return p != nil && x.p.CompareAndSwap(p, nil) && p.Unpark()
}

// publish exchanges the parker that a wake finds, and reports whether it was
// old.
func (x *Single) publish(k sched.OpKind, old, p *sched.Parker) bool {
	if x.obj == nil {
		return x.p.CompareAndSwap(old, p)
	}
	x.obj.Step(sched.Op{Kind: k})
	ok := x.p.CompareAndSwap(old, p)
	x.obj.Done(sched.Op{Kind: k, Failed: !ok}, truth(ok))
	return ok
}

func (x *Single) check(op string) {
	if s := x.self.Load(); s != nil && s != x {
		panic(x.misuse(op, "copied after first use"))
	}
}

func (x *Single) misuse(op, reason string) *MisuseError {
	return &MisuseError{Object: "single " + x.name, Op: op, Reason: reason}
}

// parkers has those of finished waits on plain goroutines.
var parkers = sync.Pool{New: func() any { return new(sched.Parker) }}

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
