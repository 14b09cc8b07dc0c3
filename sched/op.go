package sched

import "context"

// An Op is one operation on a shared object: what a step does. It is passed by
// value, so that announcing a step does not allocate.
type Op struct {
	Kind OpKind
	Obj  *Object // what it touches; set by [Object.Step]
	// Also is a second thing that it touches, or nil: the life of the struct
	// that Obj is a part of, or the context that can end a sleep.
	Also *Object
	// On is, for Park, the queue that is slept on, or nil. It is for reports
	// only and not part of what the operation touches.
	On   *Object
	Gate Gate  // when it can take effect; nil: always
	Task *Task // who does it, where known
	Arg  int64 // the value stored, the amount taken, the number to wake
	// Failed is set in [Scheduler.Done] when the attempt changed nothing: a
	// compare-and-swap that lost, a TryDown without a permit.
	Failed bool
}

// A Gate tells whether a blocking operation could take effect now. Ready is
// called by schedulers that let one task run at a time, on any goroutine, with
// no task in the middle of a step. It must not block and must change nothing.
//
// The gate of an operation that the end of a context ends may also be a
// [ContextGate].
type Gate interface {
	Ready() bool
}

// A ContextGate is a gate that opens when a context ends. Schedulers of real
// goroutines use it to tell a sleep that a deadline will end from one that
// nobody will. Context may be called, on any goroutine, as long as the
// operation is between its Step and its Done.
type ContextGate interface {
	Gate
	Context() context.Context
}

// OpKind tells what an operation does to its object.
type OpKind uint8

// The kinds of operations. Those marked "blocks" carry a [Gate].
const (
	Load      OpKind = iota // read a variable
	Store                   // write a variable
	Update                  // read and write a variable: add, swap, compare and swap
	Lock                    // take a lock; blocks
	TryLock                 // take a lock if it is free
	Unlock                  // release a lock
	RLock                   // take a lock for reading; blocks
	TryRLock                // take a lock for reading if it is free
	RUnlock                 // release a lock taken for reading
	Down                    // take Arg permits; blocks
	TryDown                 // take Arg permits if they are there
	Up                      // give Arg permits
	Inspect                 // read a primitive's state: Len, Count, HasWaiters
	Enqueue                 // link a waiter into a queue
	Dequeue                 // unlink it
	Wake                    // wake waiters of a queue; Arg is the number, 0 is all
	Close                   // close a primitive
	Park                    // sleep until unparked; blocks
	Unpark                  // wake one sleeper
	Get                     // take a reference
	Put                     // drop a reference
	Touch                   // use a struct that has a life time
	End                     // end its life
	Cancel                  // end a context
	Start                   // start a task
	Finish                  // a task has ended
	Yield                   // let others make progress; blocks until they did
	Sleep                   // sleep until a time; blocks
	Choose                  // pick one of Arg inputs
	Downgrade               // turn a lock held for writing into one held for reading
)

var opKindNames = [...]string{
	"load", "store", "update", "lock", "trylock", "unlock", "rlock", "tryrlock", "runlock",
	"down", "trydown", "up", "inspect", "enqueue", "dequeue", "wake", "close", "park", "unpark",
	"get", "put", "touch", "end", "cancel", "start", "finish", "yield", "sleep", "choose", "downgrade",
}

// String returns the kind's name in lower case.
func (k OpKind) String() string {
	if int(k) < len(opKindNames) {
		return opKindNames[k]
	}
	return "op"
}

// Writes reports whether an operation of this kind may change its object, so
// that its order among operations on the same object matters. Two operations
// that only read commute.
func (k OpKind) Writes() bool {
	switch k {
	case Load, Inspect, Touch, RLock, TryRLock:
		return false
	}
	return true
}

// Blocks reports whether an operation of this kind can block.
func (k OpKind) Blocks() bool {
	switch k {
	case Lock, RLock, Down, Park, Yield, Sleep:
		return true
	}
	return false
}
