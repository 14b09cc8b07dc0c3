package refcount

import "github.com/floodgate-go/floodgate/sched"

// A Shared is a struct that lives until its last reference is dropped. It is
// made with one reference, the maker's.
//
// Whoever hands the struct to somebody else takes a reference for them first;
// every reference is dropped once, on every path. Without a reference of one's
// own, only TryGet is allowed, under the lock that the struct is published
// under or through a [Weak].
//
// All methods may be called concurrently. What a goroutine did before its Put
// happens before the release.
type Shared[T any] struct {
	count   Count
	meta    countMeta
	v       T
	life    *life // nil: nobody checks
	dir     *Dir  // nil: nobody notes who holds the references
	plain   bool  // neither of the two
	release func(*T)
}

var _ Life[int] = (*Shared[int])(nil)

// NewShared begins the life of a struct that holds v, with one reference. S may
// be nil; the name is for reports; by is the task that does it, for reports.
//
// Release, if not nil, is called once, by the Put that drops the last
// reference, on its goroutine, after the life has ended, with no lock of this
// package held. It may drop references of other structs and may panic.
func NewShared[T any](s sched.Scheduler, name string, v T, release func(*T), by ...*sched.Task) *Shared[T] {
	x := &Shared[T]{v: v, release: release, life: newLife(s, "shared", name, taskOf(by))}
	x.plain = x.life == nil
	x.count.init(&x.meta, s, name, 1)
	return x
}

// Track lets d note who holds each reference from now on: those of GetTracked
// by token and place, the others as a number. It returns the token of the
// reference that there is, and panics with a *[LiveError] if there is not
// exactly one. It must come right after NewShared, before others have x.
func (x *Shared[T]) Track(d *Dir, by ...*sched.Task) *Tracker {
	if v := x.count.Peek(); v != 1 {
		panic(&LiveError{Name: x.meta.name, Count: v})
	}
	x.dir, x.plain = d, d == nil && x.life == nil
	return d.Alloc(by...)
}

// Get adds a reference (kref_get). The caller must have one already. On a
// struct whose life has ended it is reported, and the struct stays dead.
func (x *Shared[T]) Get(by ...*sched.Task) {
	if x.plain && len(by) == 0 {
		x.count.Inc()
		return
	}
	x.get(taskOf(by))
	x.dir.hold()
}

// GetTracked is Get with a token for PutTracked, which tells where this
// reference was taken. Without Track the token is nil.
func (x *Shared[T]) GetTracked(by ...*sched.Task) *Tracker {
	x.get(taskOf(by))
	return x.dir.Alloc(by...)
}

// get is the checked half of Get.
func (x *Shared[T]) get(t *sched.Task) {
	if _, old, fault := x.count.try(opInc, 1, 0, t); fault != none {
		x.fault("got", fault, opInc, old, t)
	}
}

// TryGet adds a reference unless the life has ended, and reports whether it did
// (kref_get_unless_zero).
func (x *Shared[T]) TryGet(by ...*sched.Task) bool {
	if x.plain && len(by) == 0 {
		return x.count.IncNotZero()
	}
	if ok, _ := x.count.do(opIncNotZero, 1, 0, taskOf(by)); !ok {
		return false
	}
	x.dir.hold()
	return true
}

// Put drops a reference. It reports true if that was the last one and it
// released the struct (kref_put). False says nothing about the struct: others
// may have released it since.
func (x *Shared[T]) Put(by ...*sched.Task) (released bool) {
	if x.plain && len(by) == 0 {
		if !x.count.DecAndTest() {
			return false
		}
	} else {
		x.dir.drop()
		if !x.put(taskOf(by)) {
			return false
		}
	}
	if x.release != nil {
		x.release(&x.v)
	}
	return true
}

// PutTracked drops the reference of token t. See [Shared.Put]. A token that was
// used before is reported as a *[ReleasedError], with the place of the first
// use, and drops nothing.
func (x *Shared[T]) PutTracked(t *Tracker, by ...*sched.Task) (released bool) {
	if !x.dir.put(x.meta.s, t, taskOf(by)) || !x.put(taskOf(by)) {
		return false
	}
	if x.release != nil {
		x.release(&x.v)
	}
	return true
}

// put is the checked half of Put.
func (x *Shared[T]) put(t *sched.Task) (last bool) {
	last, old, fault := x.count.try(opDecAndTest, 1, 0, t)
	if fault != none {
		x.fault("put", fault, opDecAndTest, old, t)
	}
	if last && x.life != nil {
		x.life.end("put", t)
	}
	return last
}

// fault reports a reference taken or dropped after the end as such, and
// anything else as a fault of the counter.
func (x *Shared[T]) fault(verb string, k FaultKind, o op, old int64, t *sched.Task) {
	if x.life != nil {
		if last := x.life.last.Load(); last != nil {
			x.life.fault(verb, last, t)
			return
		}
	}
	x.count.fault(k, o.name(1), old, 1, t)
}

// Value returns the struct. The caller must have a reference; a use after the
// last Put is reported. See [Life].
func (x *Shared[T]) Value(by ...*sched.Task) *T {
	if x.life != nil {
		x.life.touch(by)
	}
	return &x.v
}

// Count returns the number of references, 0 after the end (kref_read). It is a
// hint, old when the caller sees it.
func (x *Shared[T]) Count() int { return x.count.Read() }

// Alive reports whether a reference is left. See [Life].
func (x *Shared[T]) Alive() bool { return x.count.Peek() != 0 }

// Object returns the life as an object of its scheduler. See [Life].
func (x *Shared[T]) Object() *sched.Object { return x.life.object() }
