// Package refcount counts references, finds out who holds them, and tells when
// a struct is used after its life has ended.
//
// Go frees memory by itself, but not what memory stands for: a device that must
// be closed, an entry that must leave a table, a wait queue that somebody may
// still be linked into. Such things have a last user, and two bugs: a use after
// it, and a last user that never comes. Both are silent in Go. Here they are
// not.
//
//   - [Count] is a counter that saturates: when it goes wrong it stays pinned, a
//     [Fault] is reported, and the object leaks instead of being released under
//     somebody's hands.
//   - [Ref] is a Count that an object carries in itself, with a release
//     function; [Shared] is a struct that comes with its count.
//   - [Frame] is a struct that lives as long as a call, and [Pool] hands out
//     structs for one use each. With Shared they are the kinds of [Life]: a touch
//     after the end is reported with three places, where it was made, where it
//     ended, where it was touched.
//   - [Weak] is a handle without a reference; [Sharded] is a count for all
//     processors at once; [Dir] notes who holds each reference, and names the
//     ones that are dropped twice or never.
//
// # Where faults go
//
// A fault goes to the scheduler that the object was made with, if that is a
// [sched.Reporter]: an explorer makes a finding of it. Else it goes to the
// [Handler] that [SetHandler] was given, else it is logged once per kind and
// name. It never unwinds the goroutine that ran into it: to leak is the safe
// outcome. What panics is misuse that shows in the call itself: an amount that
// is not positive, a nil release, a copy, a second Kill.
//
// Life times are checked where a scheduler watches them, and on plain goroutines
// after [CheckLives]. Unchecked they cost one test against nil.
//
// # Which one to use
//
// One goroutine at a time drops to zero: Ref or Shared. The drop to zero must
// exclude look-ups: [Ref.PutLock] or [Count.DecAndLock] with the lock of the
// look-up, which then takes references with [Ref.GetUnlessZero] or, if zero is
// only ever reached under that lock, with [Ref.Get]. Many processors take and
// drop references all the time and the end is an event that somebody decides on:
// [Sharded]. A Count that several processors hammer is slower than a bare
// atomic, because each operation is one compare-and-swap.
//
// # Kernel names
//
//	refcount_set, REFCOUNT_INIT              Count.Init, Count.Set
//	refcount_read                            Count.Read
//	refcount_inc, refcount_add               Count.Inc, Count.Add
//	refcount_inc_not_zero, _add_not_zero     Count.IncNotZero, Count.AddNotZero
//	…_not_zero_acquire                       the same: Go's atomics are ordered
//	…_limited_acquire                        Count.AddNotZeroLimit
//	refcount_dec_and_test, _sub_and_test     Count.DecAndTest, Count.SubAndTest
//	refcount_dec                             Count.Dec
//	refcount_dec_if_one, _dec_not_one        Count.DecIfOne, Count.DecNotOne
//	refcount_dec_and_lock, _mutex_lock,
//	  _rtnl_lock, _irqsave;
//	  atomic_dec_and_lock                    Count.DecAndLock
//	REFCOUNT_MAX, REFCOUNT_SATURATED         Max, Saturated
//	REFCOUNT_WARN                            Fault, Handler
//	kref_init                                Ref.Init, NewShared
//	kref_get, kref_get_unless_zero           Ref.Get, Ref.GetUnlessZero;
//	                                         Shared.Get, Shared.TryGet
//	kref_put                                 Ref.Put, Shared.Put
//	kref_put_mutex, kref_put_lock            Ref.PutLock
//	kref_read                                Ref.Read, Shared.Count
//	lockref_*                                a Count beside the lock
//	percpu_ref_init                          NewSharded
//	percpu_ref_get(_many), _put(_many)       Sharded.Get, GetN, Put, PutN
//	percpu_ref_tryget(_many), _tryget_live   Sharded.TryGet, TryGetN, TryGetLive
//	percpu_ref_kill, _kill_and_confirm       Sharded.Kill, KillAndConfirm
//	percpu_ref_switch_to_atomic(_sync)       Sharded.SwitchToAtomic
//	percpu_ref_switch_to_percpu              Sharded.SwitchToSharded
//	percpu_ref_resurrect, _reinit            Sharded.Resurrect, Reinit
//	percpu_ref_exit                          Sharded.Exit
//	percpu_ref_is_zero, _is_dying            Sharded.IsZero, IsDying
//	PERCPU_REF_INIT_ATOMIC, _INIT_DEAD       InitAtomic, InitDead
//	PERCPU_REF_ALLOW_REINIT                  always allowed
//	ref_tracker_dir_init, _exit              NewDir, Dir.Exit
//	ref_tracker_alloc, _free                 Dir.Alloc, Tracker.Free;
//	                                         GetTracked, PutTracked
//	ref_tracker_dir_print, _snprint          Dir.Report, Dir.Groups
//	SLAB_TYPESAFE_BY_RCU                     Pool: memory that is reused in place
package refcount
