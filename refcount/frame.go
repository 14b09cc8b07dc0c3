package refcount

import (
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Frame is a struct that lives as long as a call: a local variable whose
// address others have, as devfs_lookup's wait queue head lay on the stack of
// the task that looked up. Make it where the local variable would be, and End
// it where the function returns:
//
//	info := refcount.NewFrame(s, "lookup_info", record{de: de})
//	defer info.End()
//
// All methods may be called concurrently. A Frame orders nothing: like the
// stack memory that it stands for, it relies on the locks around it.
type Frame[T any] struct {
	v     T
	life  *life // nil: nobody checks
	ended atomic.Bool
}

var _ Life[int] = (*Frame[int])(nil)

// NewFrame begins the life of a struct that holds v. S may be nil; the name is
// for reports; by is the task that does it, for reports.
func NewFrame[T any](s sched.Scheduler, name string, v T, by ...*sched.Task) *Frame[T] {
	return &Frame[T]{v: v, life: newLife(s, "frame", name, taskOf(by))}
}

// Value returns the struct. A use after End is reported; see [Life].
func (f *Frame[T]) Value(by ...*sched.Task) *T {
	if f.life != nil {
		f.life.touch(by)
	}
	return &f.v
}

// End ends the life: the call returns. A second End is reported as a use after
// the end.
func (f *Frame[T]) End(by ...*sched.Task) {
	if f.life != nil {
		f.life.end("ended", taskOf(by))
	}
	f.ended.Store(true)
}

// Alive reports whether End has not been called. See [Life].
func (f *Frame[T]) Alive() bool { return !f.ended.Load() }

// Object returns the life as an object of its scheduler. See [Life].
func (f *Frame[T]) Object() *sched.Object { return f.life.object() }
