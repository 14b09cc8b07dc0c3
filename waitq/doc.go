// Package waitq has wait queues in the manner of Linux: goroutines sleep until
// a condition of the program's holds, and whoever makes it true wakes all of
// them, one, or some.
//
//	var q waitq.Queue // the zero value works
//
//	err := q.Wait(ctx, func() bool { return ready.Load() }) // sleep until ready
//
//	ready.Store(true) // first make it true,
//	q.Wake()          // then wake
//
// # The lost wake-up
//
// A wake is not a message. It tells those who sleep now to look again; if
// nobody sleeps it does nothing. So a wait must be in the queue before it looks
// at its condition, and a waker must make the condition true before it looks at
// the queue:
//
//	waiter                      waker
//	link into the queue         ready = true
//	ready? no: sleep            anybody in the queue? wake
//
// Whichever way these four meet, the waiter sees the condition or the waker
// sees the waiter. Swap the two lines of either side and there is an order in
// which both look too early, and the waiter sleeps for ever. This package
// writes the waiter's side: no wait comes without a condition (there is no
// sleep_on), and each tests it after linking. The waker's side is one rule:
// store, then wake. [Queue.HasWaiters] may stand in for a wake under the same
// rule.
//
// # Shared and exclusive
//
// A shared waiter is woken by every wake. Of the exclusive ones a wake wakes
// one, in the order in which they came: for events that only one can use, such
// as an item in a buffer. An exclusive waiter that is cancelled, runs out of
// time, or panics after a wake has chosen it gives the wake to the next, so
// that no event is stranded. Success wins: the condition is looked at a last
// time before a wait fails.
//
// # What there is
//
// [Queue] has the waits and the wakes; [Waiter] is its entry, for code that
// spells the protocol out, selects on several things, or wants a callback;
// [Batch] collects whom to wake under a lock and wakes after it. [WaitBit],
// [LockBit], [WaitVar] and their wakes need no queue of the program's: they share
// a hashed table. [Completion] remembers that something is done. [Single] is
// for one waiter. [Poller] waits on many queues.
//
// No wait allocates, except one that really sleeps in a context that can end:
// it makes a channel, which can not be pooled, as channels belong to bubbles of
// testing/synctest. A [Waiter] of the caller's keeps it.
//
// # Kernel names
//
//	DECLARE_WAIT_QUEUE_HEAD, init_waitqueue_head    var q Queue
//	wait_event                                      q.Wait(context.Background(), cond)
//	wait_event_interruptible, _killable             q.Wait(ctx, cond)
//	wait_event_timeout, _hrtimeout                  q.WaitFor(d, cond)
//	wait_event_interruptible_timeout                q.Wait with a deadline in ctx
//	wait_event_interruptible_exclusive              q.WaitExclusive(ctx, cond)
//	wait_event_lock_irq, wait_event_interruptible_locked
//	                                                q.WaitLocked(ctx, l, cond)
//	wait_event_cmd, wait_event_exclusive_cmd        q.WaitOpts, BeforeSleep, AfterSleep
//	sleep_on                                        none: it can not be used right
//	wake_up, wake_up_interruptible, wake_up_sync    q.Wake()
//	wake_up_nr, wake_up_all                         q.WakeN(n), q.WakeAll()
//	wake_up_poll, __wake_up                         q.WakeKey(n, key)
//	wake_up_locked                                  none: wakes may be called under any lock
//	wake_up_pollfree                                q.Close(err)
//	wake_q_add, wake_up_q                           Batch.Collect, Batch.Flush
//	waitqueue_active, wq_has_sleeper                q.HasWaiters()
//	wq_has_single_sleeper                           q.Len() == 1
//	DEFINE_WAIT, init_wait                          NewWaiter()
//	DECLARE_WAITQUEUE, default_wake_function        Waiter{Sticky: true}
//	init_waitqueue_func_entry, DEFINE_WAIT_FUNC     Waiter{Func: f}
//	add_wait_queue, _exclusive, _priority           q.Add(w), q.AddExclusive(w), q.AddPriority(w, false)
//	add_wait_queue_priority_exclusive               q.AddPriority(w, true)
//	remove_wait_queue                               q.Remove(w)
//	prepare_to_wait, prepare_to_wait_exclusive      q.Prepare(w, exclusive)
//	schedule, schedule_timeout                      w.Park(ctx), or <-w.C()
//	wait_woken                                      w.Park(ctx) of a sticky waiter
//	finish_wait, abort_exclusive_wait               q.Finish(w), q.Abort(w)
//	wait_on_bit, wait_on_bit_lock                   WaitBit, LockBit
//	clear_and_wake_up_bit, test_and_clear_wake_up_bit
//	                                                ClearBit
//	wake_up_bit                                     WakeBit
//	wait_var_event, wait_var_event_mutex            WaitVar, WaitVarLocked
//	wake_up_var                                     WakeVar
//	store_release_wake_up, atomic_dec_and_wake_up   StoreAndWake, DecAndWake
//	init_completion, reinit_completion              var c Completion, c.Reinit()
//	complete, complete_all                          c.Complete(), c.CompleteAll()
//	wait_for_completion, _interruptible, _timeout   c.Wait(ctx), c.WaitFor(d)
//	try_wait_for_completion, completion_done        c.TryWait(), c.Completed()
//	swait_event_exclusive, swake_up_one             q.WaitExclusive, q.Wake
//	rcuwait_wait_event, rcuwait_wake_up             Single.Wait, Single.Wake
//	poll_wait, poll_schedule_timeout, poll_freewait Poller.Add, Poller.Wait, Poller.Close
//	EPOLLEXCLUSIVE                                  Poller.AddExclusive
//
// The kernel's forms for task states, for hints to its scheduler (sync,
// on_current_cpu), for I/O accounting, for freezing and for interrupts have no
// counterpart: a goroutine has no state that a wake could look at.
package waitq
