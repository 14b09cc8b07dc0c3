// Package explore runs a program again and again and chooses who goes next at
// each step, until every schedule that matters has been seen or a budget is
// spent. It finds deadlocks, lost wake-ups, livelocks, uses after the end of a
// life, broken invariants, leaks, and under the race detector races on plain
// memory, in the code that ships; it says how each comes about, in the fewest
// decisions it can, and replays it from a token.
//
//	func TestCacheShutdown(t *testing.T) {
//		explore.Test(t, func(x *explore.Run) {
//			c := NewCache(x.Provider())
//			x.Go("get", func() { c.Get("k") })
//			x.Go("close", func() { c.Close() })
//			x.Check(func() {
//				if n := c.Refs(); n != 0 {
//					x.Errorf("%d references left", n)
//				}
//			})
//		})
//	}
//
// # What is explored
//
// A step is one operation on an object that was registered with the
// [Run.Scheduler]: a lock of a mutex, a store to a cell, a sleep. What a task
// does between two steps nobody sees, and nobody can come between. So a program
// is explored through its locks, queues, cells and semaphores, which is why it
// takes them from a scheduler or a provider; see package sched. One operation
// of a semaphore, a queue or a counter is one step; with [Fine] each atomic and
// each lock inside of it is.
//
// Steps are sequentially consistent, as Go's atomics and locks are. Memory that
// is not registered must be free of races, which is what exploring under -race
// checks.
//
// # Strategies
//
// A plan is a list of phases. The default takes a few hundred samples ([POS],
// [PCT]), which find most of what there is in milliseconds, and then searches
// all executions that are not the same up to the order of independent steps
// ([DPOR]). If that search ends within its budget the [Certificate] says so,
// and then there is no schedule with another end.
//
// # What a program must be
//
// The function is called again for each execution and must do the same each
// time. Tasks may block only in registered objects: a raw channel or a
// [sync.Mutex] that is held across a step blocks everybody, and after a while
// the watchdog says who. No task may lock its goroutine to a thread
// ([runtime.LockOSThread]); that ends the process.
//
// # Time and cancellation
//
// The clock is virtual. When a timer goes off, when a deadline passes, when a
// context of the run ends are steps like others, and may come at any time.
package explore
