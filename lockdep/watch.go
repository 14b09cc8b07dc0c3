package lockdep

import (
	"runtime"
	"sync"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A Config says what [New] makes. The zero Config finds hangs and nothing
// else.
type Config struct {
	// Inner is a scheduler whose Step and Done are called too, such as a
	// [sched.Noise]. It also supplies the clock.
	Inner sched.Scheduler
	// NoPartial turns off the search for tasks that wait for each other
	// while others still run.
	NoPartial bool
	// Identify asks the runtime which goroutine it is when an operation
	// does not name its task, as those of a mutex do not. It costs some
	// microseconds for each of them, more the deeper the stack.
	// [Config.Order] turns it on.
	Identify bool
	// Order, when not nil, learns the order in which this run's tasks take
	// locks, and reports what could deadlock. One Order may serve many
	// watches, at the same time and one after another.
	Order *Order
	// MaxFaults is the number of faults that are kept; the others are only
	// counted. 0 stands for 100.
	MaxFaults int
}

// A Watch is a [sched.Scheduler] of real goroutines that knows, at each moment,
// which task sleeps on what, who holds what, and whether anybody is left who
// could end a sleep. See the package documentation.
//
// Make a Watch with [New]. It must not be copied. All methods may be called
// concurrently. A Watch serves any number of objects and tasks; it is cheap
// enough to be made anew for each round of a test.
type Watch struct {
	sched.Goroutines
	cfg   Config
	began time.Time

	mu    sync.Mutex
	steps uint64

	// running is the number of goroutines that can go on by themselves: one
	// for the maker of the watch unless it is in Wait or Join, one for each
	// goroutine of a task, hold and timer, less those between the Step and
	// the Done of an operation that blocks.
	running int
	// able is the number of objects that would let one of their sleepers
	// go on, as far as the operations seen so far tell.
	able int

	live     int // goroutines of tasks that are not daemons
	all      int // goroutines of tasks and of timers that have fired
	inWait   int // calls of Wait and Join that are under way
	objects  int
	tasks    []*task   // those that have not ended
	sleeps   sleepList // everything between Step and Done
	spare    *sleep    // free list of records for sleepers without a name
	timers   *timer
	settlers []settler        // those in Settle, in the order in which they go on
	byID     map[uint64]*task // goroutine id to task, when identifying
	hang     *Hang
	killed   bool
	cause    error
	faults   []error
	dropped  int
	changed  chan struct{} // closed at the next change that Wait or Join may want
}

var (
	_ sched.Scheduler     = (*Watch)(nil)
	_ sched.Reporter      = (*Watch)(nil)
	_ sched.WakerObserver = (*Watch)(nil)
)

// New returns a watch. Whoever makes it is taken to be at work, and so able to
// end any sleep, until it calls [Watch.Wait] or [Watch.Join]: nothing is called
// a hang before.
func New(c Config) *Watch {
	if c.MaxFaults <= 0 {
		c.MaxFaults = 100
	}
	if c.Order != nil {
		c.Identify = true
	}
	w := &Watch{cfg: c, running: 1, began: time.Now()}
	if c.Identify {
		w.byID = make(map[uint64]*task)
	}
	return w
}

// Object registers every object that is not inner. Variables and counts are
// registered only when the inner scheduler wants to see them, because they can
// not block.
func (w *Watch) Object(spec sched.Spec) *sched.Object {
	if spec.Inner {
		return nil
	}
	var inner *sched.Object
	if w.cfg.Inner != nil {
		inner = w.cfg.Inner.Object(spec)
	}
	model := false
	switch spec.Kind {
	case sched.KindMutex, sched.KindSemaphore, sched.KindQueue, sched.KindParker, sched.KindLife:
		model = spec.Kind != sched.KindLife
	default:
		if inner == nil {
			return nil
		}
	}
	o := &object{Object: sched.Object{Spec: spec, Sched: w}, inner: inner, model: model, free: spec.Permits}
	o.Data = o
	w.mu.Lock()
	w.objects++
	o.ID = w.objects
	w.mu.Unlock()
	return &o.Object
}

// Step notes that op is about to happen. If op takes something that is not
// there, its task counts as asleep from here on, and if that leaves nobody who
// could end a sleep, the run has hung and [Watch.Wait] returns.
func (w *Watch) Step(op sched.Op) {
	o := objectOf(op.Obj)
	if o == nil {
		w.yield(op)
		return
	}
	if o.inner != nil {
		o.inner.Step(op)
	}
	if !o.model {
		return
	}
	switch op.Kind {
	case sched.Lock, sched.RLock, sched.Down, sched.Park:
		t, id := w.named(op)
		w.mu.Lock()
		w.steps++
		r := w.who(t, id)
		if w.cfg.Order != nil {
			w.cfg.Order.acquiring(w, r, o, op)
			if w.cfg.Order.waiting.Load() > 0 {
				// The handler runs while the task is still awake.
				w.mu.Unlock()
				w.cfg.Order.deliver(w)
				w.mu.Lock()
			}
		}
		w.block(r, o, op)
	case sched.Unlock, sched.RUnlock, sched.Up:
		t, id := w.named(op)
		w.mu.Lock()
		w.steps++
		w.release(w.who(t, id), o, op)
		w.settle(o)
	case sched.Downgrade:
		w.mu.Lock()
		w.steps++
		o.downgrade()
		w.settle(o)
	case sched.Unpark:
		w.mu.Lock()
		w.steps++
		o.free++
		o.inflight++
		w.settle(o)
	case sched.Wake:
		t, id := w.named(op)
		w.mu.Lock()
		w.steps++
		w.wake(w.who(t, id), o)
	case sched.Close:
		t, id := w.named(op)
		w.mu.Lock()
		w.steps++
		w.close(w.who(t, id), o)
		w.settle(o)
	default:
		return
	}
	w.mu.Unlock()
	w.cfg.Order.deliver(w)
}

// Done notes that op has happened.
func (w *Watch) Done(op sched.Op, result int64) {
	o := objectOf(op.Obj)
	if o == nil {
		return
	}
	if o.inner != nil {
		o.inner.Done(op, result)
	}
	if !o.model {
		return
	}
	switch op.Kind {
	case sched.Lock, sched.RLock, sched.Down, sched.Park:
		w.mu.Lock()
		w.unblock(w.doer(o, op), o, op)
	case sched.TryLock, sched.TryRLock, sched.TryDown:
		if op.Failed {
			return
		}
		t, id := w.named(op)
		w.mu.Lock()
		w.steps++
		w.take(w.who(t, id), o, op)
		w.settle(o)
	case sched.Up:
		if !op.Failed && !o.Strict {
			return
		}
		t, id := w.named(op)
		w.mu.Lock()
		w.given(w.who(t, id), o, op)
		w.settle(o)
	case sched.Unpark:
		w.mu.Lock()
		o.inflight--
		if op.Failed {
			o.free--
			w.settle(o)
		}
	default:
		return
	}
	w.mu.Unlock()
	w.cfg.Order.deliver(w)
}

// yield takes the steps that touch no object.
func (w *Watch) yield(op sched.Op) {
	switch {
	case w.cfg.Inner != nil:
		w.cfg.Inner.Step(op)
	case op.Kind == sched.Yield:
		runtime.Gosched()
	}
}

// Now returns the time of the inner scheduler, the real one without it.
func (w *Watch) Now() time.Time { return sched.Now(w.cfg.Inner) }
