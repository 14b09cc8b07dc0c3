package refcount

import (
	"weak"

	"github.com/floodgate-go/floodgate/sched"
)

// A Weak is a handle of a [Shared] that holds no reference: what a cache or a
// table keeps. It does not keep the memory either. Two handles of the same
// struct are equal. The zero Weak is a handle of nothing. It may be copied and
// used concurrently.
type Weak[T any] struct{ p weak.Pointer[Shared[T]] }

// Weak returns a handle of x that holds no reference.
func (x *Shared[T]) Weak() Weak[T] { return Weak[T]{weak.Make(x)} }

// TryGet adds a reference and returns the struct, or nil if its life has ended
// or nobody has a pointer to it any more.
func (w Weak[T]) TryGet(by ...*sched.Task) *Shared[T] {
	x := w.p.Value()
	if x == nil || !x.TryGet(by...) {
		return nil
	}
	return x
}
