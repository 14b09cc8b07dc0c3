package sched

import "sync"

// A Section is a short critical section that is one step of a scheduler: what
// happens between Enter and Leave happens at once. It is for a structure whose
// every operation is a few instructions under a spinlock that nobody sleeps
// with, and where no other task can tell the lock from its effect: a queue, a
// hash chain. Where taking the lock and releasing it are to be steps of their
// own, use a [Mutex].
//
// The code inside must not block and must not take a step, so it must not
// touch a registered object and must not call back. The zero value works on
// plain goroutines. A Section must not be copied after first use. Leave
// happens before the next Enter returns.
type Section struct {
	mu   sync.Mutex
	obj  *Object
	kind OpKind // of the operation inside, under mu
}

// Init registers x with s. It must be called before first use, if at all.
func (x *Section) Init(s Scheduler, spec Spec) { x.obj = registerVar(s, spec) }

// Enter begins an operation of the given kind: [Load] if it only reads, or if
// two of it in either order come to the same; else [Update].
func (x *Section) Enter(k OpKind) {
	if x.obj != nil {
		x.obj.Step(Op{Kind: k})
	}
	x.mu.Lock()
	x.kind = k
}

// Leave ends the operation. The result is for traces.
func (x *Section) Leave(result int64) {
	k := x.kind
	x.mu.Unlock()
	if x.obj != nil {
		x.obj.Done(Op{Kind: k}, result)
	}
}

// Peek calls f inside the section without a step: for reports, gates and
// checks, which must not change the schedule.
func (x *Section) Peek(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}
