// Package floodgate is the seam between a program and its locks: a [Provider]
// of semaphores, read-write locks and wait queues. A program that takes its
// locks from a Provider can run on those of this module, on those of package
// sync, of golang.org/x/sync and of go-deadlock, under a checker that knows who
// waits for whom, and under an explorer that tries every schedule that matters.
// The program does not change.
//
// The locks of this module are those of Linux, in the form that Go wants: they
// sleep with a context, their zero values work, and their names are the ones a
// kernel engineer knows.
//
//	      a program: vfs, devfs, yours
//	                  │ takes its locks from
//	               Provider
//	      ┌───────────┼────────────┬─────────────────┐
//	    ours      provider/std  provider/xsync  provider/deadlock
//	      │           │            │                 │
//	sem · waitq    sync.Cond    x/sync           go-deadlock
//	      └───────────┴─────┬──────┴─────────────────┘
//	                        │ announce each step to
//	                sched.Scheduler
//	      ┌─────────┬───────┴──┬───────────┐
//	     nil     NewNoise   lockdep     explore
//	   nobody,   yields     who holds,  chooses
//	  goroutines now and    who waits,  who goes
//	             then       cycles      next
//
// # A program
//
// A mailbox has room for a few letters. Whoever puts one in takes a permit of
// room and gives one of letters; whoever takes one out does the opposite. That
// is something a mutex can not do: the permit is given back by somebody else.
//
//	type mailbox struct {
//		room, letters floodgate.Semaphore
//		lock          floodgate.RWLock
//		list          []string
//	}
//
//	func newMailbox(p floodgate.Provider, n int) *mailbox {
//		return &mailbox{
//			room:    p.NewSemaphore("room", n),
//			letters: p.NewSemaphore("letters", 0),
//			lock:    p.NewRWLock("list"),
//		}
//	}
//
//	func (m *mailbox) put(ctx context.Context, letter string) error {
//		if err := m.room.Down(ctx); err != nil {
//			return err // ctx has ended; nothing was taken
//		}
//		m.lock.Lock()
//		m.list = append(m.list, letter)
//		m.lock.Unlock()
//		m.letters.Up()
//		return nil
//	}
//
// In production it is newMailbox(floodgate.Default(), n). In a test it is
// newMailbox(x.Provider(), n), where x is an [explore.Run]: then each schedule
// of its tasks is tried, and one that hangs is printed and can be replayed. The
// examples of this page do both.
//
// # Where to go from here
//
//   - [github.com/floodgate-go/floodgate/waitq]: sleep until something holds; wake one, some, all
//   - [github.com/floodgate-go/floodgate/sem]: semaphores that hand over in order, and a read-write semaphore
//   - [github.com/floodgate-go/floodgate/refcount]: counts that saturate, structs with a life time
//   - [github.com/floodgate-go/floodgate/explore]: every schedule that matters
//   - [github.com/floodgate-go/floodgate/lockdep]: a real run, watched
//   - [github.com/floodgate-go/floodgate/sched]: what all of them stand on
//   - [github.com/floodgate-go/floodgate/provider/providertest]: what a Provider of your own must pass
//
// [explore.Run]: https://pkg.go.dev/github.com/floodgate-go/floodgate/explore#Run
package floodgate
