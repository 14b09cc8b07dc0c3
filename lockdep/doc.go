// Package lockdep watches a real run: which task sleeps on what, who holds
// what, and whether anybody is left who could end a sleep.
//
// A [Watch] is a [sched.Scheduler] of real goroutines. Give it to the objects of
// a program when they are made, start the tasks on it, and wait:
//
//	w := lockdep.New(lockdep.Config{})
//	s.Init(w, "i_sem", 1)
//	w.Go(ls, func() { … })
//	w.Go(rm, func() { … })
//	if err := w.Wait(ctx); err != nil {
//		fmt.Printf("%+v", err) // who, where, what, whom, the circle
//	}
//	w.Kill(nil) // tear it down:
//	w.Join(ctx) // no goroutine is left
//
// # What a hang is
//
// The run has hung when no task that has not ended can go on: each is between
// the Step and the Done of an operation that can block, none of these
// operations could be made now, none has a context that has ended or has a
// deadline, and no timer of the watch is pending. That is a fact about the
// state of the objects, not a guess from the clock, so a hang is found within
// microseconds: by the task that falls asleep last, before it sleeps. It works
// the same on one processor and on many.
//
// Linux finds a hang when a task has slept for two minutes (hung_task), and can
// name the holder of a mutex or a semaphore then. It can not see that a task
// sleeps on a wait queue whose waker needs what the sleeper holds.
//
// Three things can end a sleep without being tasks: a timer, which the watch
// sees if it is made with its AfterFunc; a deadline of a context, which it sees
// in the operation; and somebody who is not a task, who must be announced with
// [Watch.Hold]. The goroutine that made the watch is such a somebody, until it
// calls [Watch.Wait].
//
// When tasks wait for each other in a circle while others still run, that is
// found too, as a partial hang, as long as what they wait for is used as a
// lock: a mutex, a strict semaphore, a semaphore of one permit that was only
// ever given by the task that took it, or a queue whose waker was announced
// with [sched.SetWaker].
//
// # What it knows, and from where
//
// The watch knows only what is announced: the operations. It keeps a model of
// each object that is fed by them, and never looks inside, so the locks of
// package sync or of anybody else are watched as well as ours if somebody
// announces their operations.
//
// The model errs to one side only: what gives a permit counts from the start
// of the operation, what takes it from the end. A task whose permit is on its
// way is never called stuck. On the other side, two things are outside the
// model, and a hang that hinges on them shows only when the context of Wait
// ends: a semaphore that serves its waiters in order, and lets nobody past one
// that wants more permits than there are; and a reader that a read-write lock
// keeps out because a writer waits.
//
// Tasks are known by name from the operations that carry one. The operations
// of a mutex, and an up, do not; then the watch takes an up for that of the
// task that took the permit last, and says "somebody" for the rest, unless
// [Config.Identify] tells it to ask the runtime.
//
// # Order
//
// An [Order] learns from the same operations in which order locks are taken,
// and reports an order that could deadlock although it did not (lockdep). It
// works on classes: what one i_sem teaches holds for every i_sem. "A was held
// while B was taken" is an edge from A to B, and remembered; an edge that closes
// a circle, of any length, is reported once, with each edge's task, labels and
// call sites. TryDown and TryLock can not sleep, so they add no edge to what they
// take; but what they have taken counts as held. Two of a class may be held
// together if [Nested] says which comes second.
//
// Events are part of the graph, which Linux never had for semaphores and wait
// queues. Somebody who sleeps on queue Q with S in his hands makes an edge from
// S to Q. Somebody who wakes Q with S in his hands had to take S first, which is
// an edge from Q to S; and so does somebody who was announced as the waker of Q
// ([sched.SetWaker]) and takes S before the wake, even if he has given it back
// by then. Both together are the founding hang of this module, and it is
// reported without anybody hanging, from two tasks that never met.
//
// Which objects are locks, in this sense: mutexes, read-write locks, strict
// semaphores, and other semaphores that are made with permits, until somebody
// gives a permit that another task holds. A semaphore that is made with none is
// an event: a Down is a wait, an Up is a wake. Readers count as writers, since a
// writer between two readers stops the second one. What is learned of a class is
// not always true of each object in it, so a report is a question: can these
// meet?
//
// An Order also reports a release of what is not held, a close of what is held,
// and a task that ends with a lock in its hands. It never stops or changes
// anything, and the first report is not the last.
//
// # Kernel names
//
//	lockdep, lock class            [Order], [OrderConfig.Class]
//	down_nested, subclass          [Nested]
//	hung_task, "blocked on"        [Watch.Wait], [Hang]
//	debug_show_all_locks           [Sleeper.Holds], [Violation.Holds]
//	bad unlock balance             [BadRelease]
//	held lock freed                [ClosedHeld]
//	lock held at task exit         [EndedHolding]
//	cross-release (4.14, 4.15)     [sched.SetWaker], [Waking], [Owing]
package lockdep
