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

// Watched reports whether a scheduler sees the steps of x. A primitive asks it
// to learn the grain.
func (x *Int64) Watched() bool { return x.obj != nil }

// Load returns the value.
func (x *Int64) Load() int64 {
	if x.obj == nil {
		return x.v.Load()
	}
	return x.loadStep()
}

// Peek returns the value without a step: for reports, gates and checks, which
// must not change the schedule.
func (x *Int64) Peek() int64 { return x.v.Load() }

// Store sets the value.
func (x *Int64) Store(v int64) {
	if x.obj == nil {
		x.v.Store(v)
		return
	}
	x.storeStep(v)
}

// Add adds d and returns the new value.
func (x *Int64) Add(d int64) int64 {
	if x.obj == nil {
		return x.v.Add(d)
	}
	return x.addStep(d)
}

// Swap sets the value and returns the one before.
func (x *Int64) Swap(v int64) int64 {
	if x.obj == nil {
		return x.v.Swap(v)
	}
	return x.swapStep(v)
}

// CompareAndSwap sets the value to v if it is old, and reports whether it was.
func (x *Int64) CompareAndSwap(old, v int64) bool {
	if x.obj == nil {
		return x.v.CompareAndSwap(old, v)
	}
	return x.casStep(old, v)
}

// The watched halves have functions of their own so that the plain ones are
// small enough to be inlined.

func (x *Int64) loadStep() int64 {
	x.obj.Step(Op{Kind: Load})
	v := x.v.Load()
	x.obj.Done(Op{Kind: Load}, v)
	return v
}

func (x *Int64) storeStep(v int64) {
	x.obj.Step(Op{Kind: Store, Arg: v})
	x.v.Store(v)
	x.obj.Done(Op{Kind: Store, Arg: v}, v)
}

func (x *Int64) addStep(d int64) int64 {
	x.obj.Step(Op{Kind: Update, Arg: d})
	v := x.v.Add(d)
	x.obj.Done(Op{Kind: Update, Arg: d}, v)
	return v
}

func (x *Int64) swapStep(v int64) int64 {
	x.obj.Step(Op{Kind: Update, Arg: v})
	old := x.v.Swap(v)
	x.obj.Done(Op{Kind: Update, Arg: v}, v)
	return old
}

func (x *Int64) casStep(old, v int64) bool {
	x.obj.Step(Op{Kind: Update, Arg: v})
	ok := x.v.CompareAndSwap(old, v)
	x.obj.Done(Op{Kind: Update, Arg: v, Failed: !ok}, truth(ok))
	return ok
}

func registerVar(s Scheduler, spec Spec) *Object {
	spec.Kind = KindVar
	return Register(s, spec)
}
