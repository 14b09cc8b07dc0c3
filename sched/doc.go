// Package sched is the floor everything else stands on: who runs, who sleeps,
// and what time it is.
//
// Whatever can block, wake, spawn, sleep, read a clock, or touch a variable
// that others touch without a lock goes through a [Scheduler] that the object
// was given when it was made. No scheduler means plain goroutines, the real
// clock and the plain atomics of package sync/atomic, for the price of a test
// against nil.
//
// # Steps
//
// A scheduler sees a program as steps. Around each operation that another task
// could notice, the code that ships does this:
//
//	if o != nil { // the object was registered with a scheduler
//		o.Step(sched.Op{Kind: sched.Store})
//	}
//	… the real operation …
//	if o != nil {
//		o.Done(sched.Op{Kind: sched.Store}, result)
//	}
//
// The operation itself is always the real one; there is no second version of
// any primitive for testing. What differs is what Step does with the caller:
//
//   - an explorer parks it until the schedule under test lets this task go on;
//   - a checker notes who waits for what and who holds what, and returns;
//   - noise yields the processor now and then, and returns.
//
// An operation that can block names a [Gate] in its [Op]. An explorer lets the
// task take the step only when the gate is ready, so the real operation that
// follows never blocks. A scheduler of real goroutines ignores the gate, and
// the real operation blocks as it always does.
//
// Steps taken between Step and Done of the same task belong to the outer one:
// they happen in it, and nobody runs between them.
//
// # Grain
//
// An object may be part of a primitive (a counter inside a semaphore) or a
// whole primitive (the semaphore). [Spec.Inner] tells them apart, and a
// scheduler that returns nil for one of the two kinds does not see it: register
// only the insides, and each atomic and each lock in a primitive is a step;
// register only the outsides, and one operation of a primitive is one step.
//
// # The pieces
//
// [Task] is Linux's current: a name, a parent, a group, credentials. [Go]
// starts one. [Mutex], [Int32], [Int64], [Pointer], [Var] and [Parker] are the
// cells that primitives and programs are built of. [Now] and [AfterFunc] are
// the clock.
package sched
