package sched

import "sync/atomic"

// A Scheduler decides what happens around each step of the objects that were
// registered with it. Nil stands for plain goroutines; the functions of this
// package accept nil, the methods of the interface are not called on it.
//
// Implementations must be safe for concurrent use, as real goroutines call
// them, unless they let only one task run at a time themselves.
type Scheduler interface {
	// Object registers a shared object and returns its handle, or nil when
	// the scheduler does not want to see this object's steps.
	Object(spec Spec) *Object

	// Step is called on the task's own goroutine before op takes effect.
	// It returns when op may take effect; it may also unwind the task by
	// panicking, when the run is being torn down.
	Step(op Op)

	// Done is called when op has taken effect, or has failed to. The result
	// is the value loaded or stored, the number of tasks woken, 1 or 0 for
	// success or failure: whatever helps a reader of the trace.
	Done(op Op, result int64)

	// Go starts f as task t and returns at once. It must call [Run].
	Go(t *Task, f func())

	Clock
}

// A Reporter is a scheduler that wants to hear of faults (a use after the end
// of a life, a count that saturated) instead of having them logged.
type Reporter interface {
	// Report is called on the task that ran into the fault. It may unwind
	// the task by panicking.
	Report(fault error)
}

// Report hands a fault to s and says whether s took it. A caller whose fault
// was not taken applies its own default, for example logging it once.
func Report(s Scheduler, fault error) (taken bool) {
	r, ok := s.(Reporter)
	if ok {
		r.Report(fault)
	}
	return ok
}

// A Spec says what an object is when it is registered.
type Spec struct {
	Kind ObjectKind
	Name string // for people; need not be unique
	// Inner marks a part of a primitive, as opposed to a primitive or a
	// variable of the program. See "Grain" in the package documentation.
	Inner bool
	// Permits is what a semaphore starts with.
	Permits int64
	// Strict says that only the task that took a semaphore's permit gives
	// it back, as with a lock. Locks are strict without saying so.
	Strict bool
}

// Register registers an object with s. It returns nil when s is nil or does
// not want to see the object.
func Register(s Scheduler, spec Spec) *Object {
	if s == nil {
		return nil
	}
	return s.Object(spec)
}

// ObjectKind tells what an object is.
type ObjectKind uint8

// The kinds of objects.
const (
	KindVar       ObjectKind = iota // a variable: [Var], [Pointer], [Int32], [Int64]
	KindMutex                       // a lock: [Mutex], read-write locks
	KindSemaphore                   // a counting semaphore
	KindQueue                       // a wait queue and what is built on it
	KindParker                      // one sleeper's slot: [Parker]
	KindCount                       // a reference count
	KindLife                        // the life time of a struct
	KindContext                     // a context whose end is a step
	KindTask                        // a task's start and end
)

var objectKindNames = [...]string{"var", "mutex", "semaphore", "queue", "parker", "count", "life", "context", "task"}

// String returns the kind's name in lower case.
func (k ObjectKind) String() string {
	if int(k) < len(objectKindNames) {
		return objectKindNames[k]
	}
	return "object"
}

// An Object is the handle of a registered object. A scheduler makes it in
// [Scheduler.Object]; the object's owner keeps it and calls Step and Done
// through it. A nil *Object means that nobody watches.
type Object struct {
	Spec
	Sched Scheduler
	ID    int // given by the scheduler; the same in each run of a deterministic program
	Data  any // the scheduler's own

	waker atomic.Pointer[Task] // see SetWaker
}

// SetWaker notes that t is the one who is to wake those that sleep on o: the
// owner of a lookup, the reader of an event queue. It is for reports and
// checks, which can not know this from the operations. A nil task takes the
// note back; with a nil o nothing is noted.
func SetWaker(o *Object, t *Task) {
	if o != nil {
		o.waker.Store(t)
		if w, ok := o.Sched.(WakerObserver); ok {
			w.Waker(o, t)
		}
	}
}

// A WakerObserver is a scheduler that wants to hear of [SetWaker].
type WakerObserver interface {
	// Waker is called when t, or nobody if t is nil, has become the one who
	// is to wake those that sleep on o.
	Waker(o *Object, t *Task)
}

// Waker returns the task last passed to [SetWaker], or nil.
func (o *Object) Waker() *Task { return o.waker.Load() }

// Step announces op on o. See [Scheduler.Step].
func (o *Object) Step(op Op) {
	op.Obj = o
	o.Sched.Step(op)
}

// Done reports that op on o has taken effect. See [Scheduler.Done].
func (o *Object) Done(op Op, result int64) {
	op.Obj = o
	o.Sched.Done(op, result)
}
