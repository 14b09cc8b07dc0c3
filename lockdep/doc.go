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
//		fmt.Print(lockdep.AsHang(err)) // who, where, what, whom, the circle
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
package lockdep
