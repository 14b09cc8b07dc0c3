package refcount

import (
	"sync"

	"github.com/floodgate-go/floodgate/sched"
)

// A Ref is the reference count that an object carries in itself (struct kref).
//
// Three rules: whoever hands the object to somebody else takes a reference for
// them first; every reference is dropped exactly once, on every path; and code
// that has no reference of its own takes one only with GetUnlessZero, in the
// critical section that unpublishes the object, too, or behind PutLock.
//
// The zero Ref is dead; Init begins a life. All methods but Init and Track may
// be called concurrently. A Ref must not be copied after first use. What a
// goroutine did before its Put happens before the release.
type Ref struct {
	c   Count
	dir *Dir // nil: nobody notes who holds the references
}

// Init begins a life with one reference, the caller's (kref_init). S may be
// nil; the name is for reports. It panics with a *[LiveError] if the Ref is
// live, and may be called again when it is dead.
func (r *Ref) Init(s sched.Scheduler, name string) {
	if v := r.c.Peek(); v != 0 {
		panic(&LiveError{Name: r.c.name(), Count: v})
	}
	r.dir = nil
	r.c.Init(s, name, 1)
}

// Track lets d note who holds each reference from now on: those of GetTracked
// by token and place, those of Get and GetUnlessZero as a number. It returns
// the token of the reference that there is, and panics with a *[LiveError] if
// there is not exactly one. It must come right after Init.
func (r *Ref) Track(d *Dir, by ...*sched.Task) *Tracker {
	if v := r.c.Peek(); v != 1 {
		panic(&LiveError{Name: r.c.name(), Count: v})
	}
	r.dir = d
	return d.Alloc(by...)
}

// Get adds a reference (kref_get). The caller must have one already. On a dead
// Ref it is an AddUAF fault, and the object stays dead.
func (r *Ref) Get() {
	r.c.Inc()
	r.dir.hold()
}

// GetUnlessZero adds a reference unless the Ref is dead, and reports whether it
// did (kref_get_unless_zero). It is for look-ups.
func (r *Ref) GetUnlessZero() bool {
	if !r.c.IncNotZero() {
		return false
	}
	r.dir.hold()
	return true
}

// GetTracked is Get with a token for PutTracked, which tells where this
// reference was taken. Without Track the token is nil.
func (r *Ref) GetTracked(by ...*sched.Task) *Tracker {
	r.c.Inc()
	return r.dir.Alloc(by...)
}

// Put drops a reference. If it was the last one, it calls release, once, on
// this goroutine and with no lock of this package held, and reports true
// (kref_put). False says nothing about the object: others may have released it
// since. A panic of release reaches the caller; the object stays dead. Put
// panics if release is nil, before it changes anything.
func (r *Ref) Put(release func()) (released bool) {
	if release == nil {
		panic("refcount: Put with a nil release")
	}
	r.dir.drop()
	if !r.c.DecAndTest() {
		return false
	}
	release()
	return true
}

// PutTracked drops the reference of token t. See [Ref.Put]. A token that was
// used before is reported to the [Handler] as a *[ReleasedError], with the
// place of the first use, and drops nothing.
func (r *Ref) PutTracked(t *Tracker, release func(), by ...*sched.Task) (released bool) {
	if release == nil {
		panic("refcount: PutTracked with a nil release")
	}
	if !r.dir.put(r.c.scheduler(), t, taskOf(by)) || !r.c.DecAndTest() {
		return false
	}
	release()
	return true
}

// PutLock drops a reference. If it is the last one, it takes l first, calls
// release with l held, and reports true; release must unlock l (kref_put_lock,
// kref_put_mutex). So a look-up that holds l never finds a dead object. While
// others have references l is not touched. A panic of release reaches the
// caller with l in the state in which release left it; the object stays dead.
// PutLock panics if l or release is nil, before it changes anything.
func (r *Ref) PutLock(l sync.Locker, release func()) (released bool) {
	if l == nil || release == nil {
		panic("refcount: PutLock with a nil lock or release")
	}
	r.dir.drop()
	if !r.c.DecAndLock(l) {
		return false
	}
	release()
	return true
}

// Read returns the number of references (kref_read). It is a hint, old when
// the caller sees it.
func (r *Ref) Read() int { return r.c.Read() }
