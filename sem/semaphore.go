package sem

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A Semaphore is a counting semaphore (struct semaphore) with direct hand-off:
// an Up while somebody waits gives the permit to the one who has waited
// longest, and nobody else ever sees it.
//
// The zero value has no permits, no limit, no name, and works on plain
// goroutines; Up gives it its first permit. A Semaphore must not be copied
// after first use; a method of the copy panics. Any goroutine may call any
// method, and in particular Up without having called Down ([Strict] changes
// that). Up happens before the return of the Down that takes its permit.
type Semaphore struct {
	// word is the number of free permits while nobody waits and nothing
	// needs a closer look: then Down and Up are one compare-and-swap.
	// Otherwise it is frozen, and the truth is below mu.
	word  atomic.Int64
	lim   atomic.Int64              // Up must not raise the count above; 0 before first use
	self  atomic.Pointer[Semaphore] // where this semaphore is, to find copies
	mutex *Semaphore                // likewise, if made with at most one permit; see Up

	mu      sched.Mutex
	free    int64 // while word is frozen; negative after Resize took permits that are held
	size    int64 // permits that Init or the last Resize gave
	waiters queue
	closed  bool

	*setup // nil for the zero value and plain New(n)
	_      noCopy
}

// frozen in the word makes every fast path fail.
const frozen = math.MinInt64

// New returns a semaphore with n permits (sema_init, DEFINE_SEMAPHORE). It
// panics if n is negative.
func New(n int, opts ...Option) *Semaphore {
	s := new(Semaphore)
	s.init(nil, "", n, opts)
	return s
}

// Init gives s n permits, a name for reports, and the scheduler it stands on,
// where nil is plain goroutines. It must be called before first use, if at
// all, and not again. It panics if n is negative.
func (s *Semaphore) Init(sc sched.Scheduler, name string, n int, opts ...Option) {
	s.init(sc, name, n, opts)
}

func (s *Semaphore) init(sc sched.Scheduler, name string, n int, opts []Option) {
	set := newSetup(sc, name, opts)
	limit := int64(math.MaxInt)
	if set.limited() {
		limit = set.limit
	}
	if n < 0 || int64(n) > limit {
		panic(&MisuseError{Name: name, Op: "Init", Err: ErrBadCount})
	}
	if s.self.Load() != nil {
		panic(&MisuseError{Name: name, Op: "Init", Err: ErrInUse})
	}
	if set != nil {
		set.register(sched.KindSemaphore, int64(n))
		s.mu.Init(sc, sched.Spec{Name: set.inner("mu"), Inner: true})
		s.setup = set
	}
	s.size = int64(n)
	s.lim.Store(limit)
	s.self.Store(s)
	switch {
	case set == nil:
		s.word.Store(int64(n))
	case set.pinned(), limit == 0:
		s.free = int64(n)
		s.word.Store(frozen)
	case set.fine:
		set.cell.Store(int64(n))
		s.word.Store(frozen)
	default:
		s.word.Store(int64(n))
	}
	if n <= 1 {
		s.mutex = s
	}
}

// Down takes a permit, and sleeps until there is one (down_interruptible,
// down_killable; down with [context.Background]).
//
// A permit that is there is taken even if ctx has already ended, and a permit
// that was handed over is kept even if ctx ends at the same time. Otherwise
// Down returns, with no permit taken and no trace left, an error that matches
// ctx.Err() and [context.Cause] of ctx when ctx ends first, and [ErrClosed]
// after [Semaphore.Close]. It panics if ctx is nil.
func (s *Semaphore) Down(ctx context.Context) error {
	if v := s.word.Load(); v > 0 && ctx != nil && s.self.Load() == s && s.word.CompareAndSwap(v, v-1) {
		return nil
	}
	return s.down(ctx, 1, nil)
}

// DownN takes n permits at once, and sleeps until it has them all. Waiters are
// served in order whatever they ask for: permits are gathered for the first
// until it has enough, so one that asks for many is not starved by those who
// ask for few, nor they by it once it has gone.
//
// It returns [ErrNeverGranted] at once if n is more than the [Limit] of the
// semaphore. Otherwise it returns as Down does. It panics if n is not
// positive.
func (s *Semaphore) DownN(ctx context.Context, n int) error {
	return s.down(ctx, int64(n), nil)
}

// DownFor is Down with a time limit instead of a context (down_timeout). When
// d has passed without a permit it returns [ErrTimeout]. If d is not positive
// it looks once and never sleeps.
func (s *Semaphore) DownFor(d time.Duration) error {
	return s.downFor(context.Background(), d, nil)
}

// TryDown takes a permit if there is one, and reports whether it did
// (down_trylock, with the result the other way round). It never sleeps, and
// never takes a permit that somebody waits for.
func (s *Semaphore) TryDown() bool {
	if v := s.word.Load(); v > 0 && s.self.Load() == s && s.word.CompareAndSwap(v, v-1) {
		return true
	}
	return s.tryDown(1, nil)
}

// TryDownN takes n permits if they are all there, and reports whether it did.
// It panics if n is not positive.
func (s *Semaphore) TryDownN(n int) bool { return s.tryDown(int64(n), nil) }

// Up gives a permit: to the longest waiter, or back to the count (up). It
// never sleeps. It panics with a *[MisuseError] if that would raise the count
// above the [Limit], or above the largest int; the count is then unchanged.
func (s *Semaphore) Up() {
	// What most semaphores are used for, small enough to be inlined. Only
	// who was made with at most one permit tries it: a compare-and-swap that
	// fails costs as much as one that does not.
	if s.mutex == s && s.word.CompareAndSwap(0, 1) {
		return
	}
	s.upOne()
}

// UpN gives n permits at once. Otherwise it is Up. It panics if n is not
// positive.
func (s *Semaphore) UpN(n int) { s.up(int64(n), nil) }

// Count returns the number of permits that TryDown could take now. It is 0
// while anybody waits, also when some permits have been gathered for the
// first waiter, and after Close.
func (s *Semaphore) Count() int {
	if v := s.word.Load(); v >= 0 && s.self.Load() == s {
		return int(v)
	}
	n := int64(0)
	s.inspect(func() { n = s.count() })
	return int(n)
}

// Waiters returns how many are queued. A goroutine that [Semaphore.Down] has
// put to sleep is counted from before it sleeps until it is handed its permit
// or has given up.
func (s *Semaphore) Waiters() int {
	if s.word.Load() >= 0 && s.self.Load() == s {
		return 0
	}
	n := 0
	s.inspect(func() { n = s.waiters.len })
	return n
}

// count is Count under the lock.
func (s *Semaphore) count() int64 {
	if s.closed || s.waiters.len > 0 || s.free < 0 {
		return 0
	}
	return s.free
}

// inspect runs f under the lock as one step of the scheduler.
func (s *Semaphore) inspect(f func()) {
	o := s.object()
	if o != nil {
		o.Step(sched.Op{Kind: sched.Inspect})
	}
	s.lock()
	f()
	s.unlock()
	if o != nil {
		o.Done(sched.Op{Kind: sched.Inspect}, 0)
	}
}
