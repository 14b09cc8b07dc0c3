// Package sem has semaphores in the manner of Linux: a counting [Semaphore]
// that hands its permits over in the order in which they were asked for, and a
// read-write semaphore [RW].
//
// A semaphore is not a lock with a number. Nobody owns a permit: whoever has
// something to give calls Up, and whoever needs it calls Down.
//
//	items := sem.New(0)
//	go func() { produce(); items.Up() }()
//	err := items.Down(ctx) // until there is one, or ctx ends
//
// What sets it apart from golang.org/x/sync/semaphore: the zero value works; Up
// may go beyond the initial number, or not ([Limit]); a permit that is there is
// taken even if the context has ended, and one that was handed over is never
// thrown away; a Down for more than there can ever be fails at once; it can be
// resized, closed, and asked who waits and who holds; it can be strict about
// who gives what back; and it runs under an explorer of schedules as it is.
//
// # Hand-off
//
// While somebody waits the count is 0, and an Up gives its permit to the one
// who has waited longest, before anybody else can see it. So nobody barges in,
// two goroutines that take turns get equal shares, and the price is a switch of
// goroutines for each hand-off. Where a lock is held for a few instructions and
// fairness does not matter, [sync.Mutex] is the faster choice.
//
// # A semaphore that belongs to somebody
//
// Who calls is a [sched.Task], the one of the context or the one of
// [Semaphore.As]. [Track] keeps who took a permit last. [Strict] makes taking
// one twice, and giving what one does not have, a panic:
//
//	s := sem.New(1, sem.Strict())
//	if err := s.Down(task.Context()); err != nil {
//		return err
//	}
//	defer s.As(task).Up()
//
// # Names
//
//	Linux                                here
//	DEFINE_SEMAPHORE, sema_init          New, Semaphore.Init
//	init_MUTEX, init_MUTEX_LOCKED        New(1), New(0)
//	down                                 Down(context.Background())
//	down_interruptible, down_killable    Down
//	down_trylock (0 is success)          TryDown (true is success)
//	down_timeout, -ETIME                 DownFor, ErrTimeout
//	up                                   Up
//	sem_last_holder                      LastHolder
//
//	init_rwsem, DECLARE_RWSEM            RW.Init, NewRW
//	down_read, …_interruptible, …_killable    RW.DownRead
//	down_write, …_killable               RW.DownWrite
//	down_read_trylock                    RW.TryDownRead
//	down_write_trylock                   RW.TryDownWrite
//	up_read, up_write                    RW.UpRead, RW.UpWrite
//	downgrade_write                      RW.Downgrade
//	rwsem_is_locked, rwsem_is_contended  RW.Readers, RW.Waiters
//
// DownN, UpN, Resize, Close, Limit, Strict and Dump have no counterpart there.
// The lock classes of down_read_nested and its like are what package lockdep
// takes from names.
package sem
