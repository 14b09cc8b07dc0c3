package refcount

import (
	"fmt"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// Life is a struct that has a life time: a [Frame], which lives as long as a
// call, or a [Shared], which lives until its last reference is dropped. Code
// that reaches a struct through a pointer that others may let dangle holds it
// as a Life and says Value each time it would follow the pointer.
type Life[T any] interface {
	// Value returns the struct. If its life has ended, that is reported as
	// a *[UseAfterEnd], and the memory is returned all the same: Go keeps
	// it, and the caller goes on with stale contents, as in the kernel. The
	// optional argument is the task that does it, for the report.
	Value(by ...*sched.Task) *T

	// Alive reports whether the life has not ended. It takes no step and is
	// for checks and reports: the answer may be old when the caller reads
	// it.
	Alive() bool

	// Object returns the life as an object of its scheduler, or nil when
	// nobody watches: what goes into [sched.Op] Also for an operation on a
	// part of the struct.
	Object() *sched.Object
}

// checkLives is the switch of CheckLives.
var checkLives atomic.Bool

// CheckLives switches the checking of life times on or off for the structs
// made from now on, and returns the setting before. It is off at first.
// Structs made with a scheduler that registers objects of [sched.KindLife] are
// always checked. It also switches the check of [Count.Set], for all counters.
func CheckLives(on bool) (before bool) { return checkLives.Swap(on) }

// life is the checking half of a struct with a life time; nil when nobody
// checks.
type life struct {
	s    sched.Scheduler
	obj  *sched.Object
	kind string
	name string
	made Place
	// last is the Put that brought the count of a Shared to zero. It is set
	// between that step and the one that ends the life.
	last  atomic.Pointer[Place]
	ended atomic.Pointer[Place] // nil: alive
}

// newLife returns nil if lives are not checked on s.
func newLife(s sched.Scheduler, kind, name string, t *sched.Task) *life {
	if s == nil && !checkLives.Load() {
		return nil
	}
	spec := sched.Spec{Kind: sched.KindLife, Name: name}
	obj := sched.Register(s, spec)
	if obj == nil {
		// In fine grain the struct is seen as a part.
		spec.Inner = true
		obj = sched.Register(s, spec)
	}
	if obj == nil && !checkLives.Load() {
		return nil
	}
	return &life{s: s, obj: obj, kind: kind, name: name, made: here(t)}
}

func (l *life) object() *sched.Object {
	if l == nil {
		return nil
	}
	return l.obj
}

// touch is a use of the struct.
func (l *life) touch(by []*sched.Task) {
	t := taskOf(by)
	op := sched.Op{Kind: sched.Touch, Task: t}
	if l.obj != nil {
		l.obj.Step(op)
	}
	ended := l.ended.Load()
	if l.obj != nil {
		op.Failed = ended != nil
		l.obj.Done(op, truth(ended == nil))
	}
	if ended != nil {
		l.fault("touched", ended, t)
	}
}

// end ends the life. A second end is a fault.
func (l *life) end(verb string, t *sched.Task) {
	at := here(t)
	l.last.CompareAndSwap(nil, &at)
	op := sched.Op{Kind: sched.End, Task: t}
	if l.obj != nil {
		l.obj.Step(op)
	}
	first := l.ended.CompareAndSwap(nil, &at)
	if l.obj != nil {
		op.Failed = !first
		l.obj.Done(op, truth(first))
	}
	if !first {
		l.fault(verb, l.ended.Load(), t)
	}
}

func (l *life) fault(verb string, ended *Place, t *sched.Task) {
	report(l.s, "life "+l.name, &UseAfterEnd{
		Kind: l.kind, Name: l.name, Verb: verb,
		Made: l.made, Ended: *ended, Touched: here(t),
	})
}

// UseAfterEnd reports that a struct was used after its life had ended.
type UseAfterEnd struct {
	Kind string // "frame", "shared" or "pooled"
	Name string // as the struct was named when it was made
	Verb string // what was done to it: "touched", "got", "put", "ended"

	Made    Place // where its life began
	Ended   Place // where it ended
	Touched Place // where it was used after that
}

// Error names the struct and the three places.
func (e *UseAfterEnd) Error() string {
	return fmt.Sprintf("refcount: %s %q %s after its end: %s in %v; ended in %v; made in %v",
		e.Kind, e.Name, e.Verb, e.Verb, e.Touched, e.Ended, e.Made)
}

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
