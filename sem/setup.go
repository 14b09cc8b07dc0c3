package sem

import (
	"context"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A setup is what most semaphores do not have: a scheduler, a name, options.
type setup struct {
	sched sched.Scheduler
	name  string
	obj   *sched.Object // the semaphore as one object: coarse grain
	fine  bool          // each cell of the semaphore is an object: fine grain
	cell  sched.Int64   // the word, when fine

	limit  int64 // -1: none
	track  bool
	strict bool

	last    Holder   // guarded by the semaphore's mu
	holders []Holder // likewise; only when strict
}

// An Option changes what [New] and [Semaphore.Init] make.
type Option interface{ apply(*setup) }

type option func(*setup)

func (o option) apply(s *setup) { o(s) }

// Limit makes it a misuse to give permits beyond n: the Up that would raise
// the count above n panics, where an ordinary semaphore counts on. With a
// limit a Down for more than n permits fails at once. [Semaphore.Resize] moves
// the limit along. It panics if n is negative.
func Limit(n int) Option {
	if n < 0 {
		panic(&MisuseError{Op: "Limit", Err: ErrBadCount})
	}
	return option(func(s *setup) { s.limit = int64(n) })
}

// Track makes the semaphore remember who took a permit last, for
// [Semaphore.LastHolder]. Each Down and Up then takes the lock.
func Track() Option { return option(func(s *setup) { s.track = true }) }

// Strict makes the semaphore belong to those who hold it: a Down by a task that
// holds a permit, and an Up by one that does not, panic at once with a
// *[MisuseError]. Who calls is the task of the context ([sched.TaskOf]) or
// that of [Semaphore.As]; a call by nobody panics, too. Strict implies
// [Track].
func Strict() Option { return option(func(s *setup) { s.strict, s.track = true, true }) }

// Named names the semaphore in errors and reports.
func Named(name string) Option { return option(func(s *setup) { s.name = name }) }

func newSetup(sc sched.Scheduler, name string, opts []Option) *setup {
	if sc == nil && name == "" && len(opts) == 0 {
		return nil
	}
	s := &setup{sched: sc, name: name, limit: -1}
	for _, o := range opts {
		o.apply(s)
	}
	return s
}

// register makes the object, or the cell, that the scheduler wants to see.
func (s *setup) register(kind sched.ObjectKind, permits int64) {
	if s.sched == nil {
		return
	}
	s.obj = sched.Register(s.sched, sched.Spec{Kind: kind, Name: s.name, Permits: permits, Strict: s.strict})
	if s.obj == nil {
		s.cell.Init(s.sched, sched.Spec{Name: s.inner("word"), Inner: true})
		s.fine = s.cell.Watched()
	}
}

// inner names a part of the semaphore. Nobody reads it without a scheduler.
func (s *setup) inner(part string) string {
	if s == nil || s.sched == nil {
		return ""
	}
	return s.name + "." + part
}

// The methods below work on nil, the setup of a semaphore without one.

func (s *setup) object() *sched.Object {
	if s == nil {
		return nil
	}
	return s.obj
}

func (s *setup) limited() bool { return s != nil && s.limit >= 0 }

func (s *setup) tracked() bool { return s != nil && s.track }

// pinned reports whether the word stays frozen for good.
func (s *setup) pinned() bool { return s != nil && (s.obj != nil || s.track) }

func (s *setup) label() string {
	if s == nil {
		return ""
	}
	return s.name
}

func (s *setup) scheduler() sched.Scheduler {
	if s == nil {
		return nil
	}
	return s.sched
}

// deadline returns a context that ends with [ErrTimeout] after d on the clock
// of the scheduler. Its end is a step.
func (s *setup) deadline(parent context.Context, d time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	var o *sched.Object
	sc := s.scheduler()
	if sc != nil {
		o = sched.Register(sc, sched.Spec{Kind: sched.KindContext, Name: s.inner("timeout")})
		ctx = sched.WithObject(ctx, o)
	}
	stop := sched.AfterFunc(sc, d, func() {
		if o != nil {
			o.Step(sched.Op{Kind: sched.Cancel})
		}
		cancel(ErrTimeout)
		if o != nil {
			o.Done(sched.Op{Kind: sched.Cancel}, 1)
		}
	})
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
