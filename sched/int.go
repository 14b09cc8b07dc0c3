package sched

import "sync/atomic"

// An Int64 is an [atomic.Int64] whose operations are steps of a scheduler.
// The zero value is 0 on plain goroutines. It must not be copied after first
// use. Its operations are sequentially consistent, like those of sync/atomic.
type Int64 struct {
	v   atomic.Int64
	obj *Object
}

// Init registers x with s. It must be called before first use, if at all.
func (x *Int64) Init(s Scheduler, spec Spec) { x.obj = registerVar(s, spec) }

// Load returns the value.
func (x *Int64) Load() int64 {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Load})
		v := x.v.Load()
		x.obj.Done(Op{Kind: Load}, v)
		return v
	}
	return x.v.Load()
}

// Peek returns the value without a step: for reports, gates and checks, which
// must not change the schedule.
func (x *Int64) Peek() int64 { return x.v.Load() }

// Store sets the value.
func (x *Int64) Store(v int64) {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Store, Arg: v})
		x.v.Store(v)
		x.obj.Done(Op{Kind: Store, Arg: v}, v)
		return
	}
	x.v.Store(v)
}

// Add adds d and returns the new value.
func (x *Int64) Add(d int64) int64 {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Update, Arg: d})
		v := x.v.Add(d)
		x.obj.Done(Op{Kind: Update, Arg: d}, v)
		return v
	}
	return x.v.Add(d)
}

// Swap sets the value and returns the one before.
func (x *Int64) Swap(v int64) int64 {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Update, Arg: v})
		old := x.v.Swap(v)
		x.obj.Done(Op{Kind: Update, Arg: v}, v)
		return old
	}
	return x.v.Swap(v)
}

// CompareAndSwap sets the value to v if it is old, and reports whether it was.
func (x *Int64) CompareAndSwap(old, v int64) bool {
	if x.obj != nil {
		x.obj.Step(Op{Kind: Update, Arg: v})
		ok := x.v.CompareAndSwap(old, v)
		x.obj.Done(Op{Kind: Update, Arg: v, Failed: !ok}, truth(ok))
		return ok
	}
	return x.v.CompareAndSwap(old, v)
}

func registerVar(s Scheduler, spec Spec) *Object {
	spec.Kind = KindVar
	return Register(s, spec)
}
