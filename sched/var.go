package sched

import "sync/atomic"

// A Pointer is an [atomic.Pointer] whose operations are steps of a scheduler:
// a pointer that tasks read without a lock on purpose, as Linux read a
// dentry's d_fsdata.
//
// The zero value is nil on plain goroutines. It must not be copied after first
// use. Its operations are sequentially consistent, so a program that shares
// its pointers only this way has no data race in the sense of the Go memory
// model, whatever race it has in its protocol.
type Pointer[T any] struct {
	v   atomic.Pointer[T]
	obj *Object
}

// Init registers x with s. It must be called before first use, if at all.
func (x *Pointer[T]) Init(s Scheduler, spec Spec) { x.obj = registerVar(s, spec) }

// Load returns the pointer.
func (x *Pointer[T]) Load() *T {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Load})
		p := x.v.Load()
		x.obj.Done(Op{Kind: Load}, truth(p != nil))
		return p
	}
	return x.v.Load()
}

// Peek returns the pointer without a step. See [Int64.Peek].
func (x *Pointer[T]) Peek() *T { return x.v.Load() }

// Store sets the pointer.
func (x *Pointer[T]) Store(p *T) {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Store, Arg: truth(p != nil)})
		x.v.Store(p)
		x.obj.Done(Op{Kind: Store, Arg: truth(p != nil)}, truth(p != nil))
		return
	}
	x.v.Store(p)
}

// CompareAndSwap sets the pointer to p if it is old, and reports whether it
// was.
func (x *Pointer[T]) CompareAndSwap(old, p *T) bool {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Update, Arg: truth(p != nil)})
		ok := x.v.CompareAndSwap(old, p)
		x.obj.Done(Op{Kind: Update, Arg: truth(p != nil), Failed: !ok}, truth(ok))
		return ok
	}
	return x.v.CompareAndSwap(old, p)
}

// A Var is a variable of any type that tasks read and write without a lock on
// purpose: an atomic in production, a visible step under an explorer. Store
// allocates a copy of the value; for pointers and integers use [Pointer] and
// [Int64], which do not.
//
// The zero value holds the zero T on plain goroutines. It must not be copied
// after first use. Its operations are sequentially consistent.
type Var[T any] struct{ p Pointer[T] }

// Init registers x with s. It must be called before first use, if at all.
func (x *Var[T]) Init(s Scheduler, spec Spec) { x.p.Init(s, spec) }

// Load returns the value.
func (x *Var[T]) Load() T { return value(x.p.Load()) }

// Peek returns the value without a step. See [Int64.Peek].
func (x *Var[T]) Peek() T { return value(x.p.Peek()) }

// Store sets the value.
func (x *Var[T]) Store(v T) { x.p.Store(&v) }

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
