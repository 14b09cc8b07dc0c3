// Package xsync provides the locks of golang.org/x/sync: its weighted
// semaphore, as a counting semaphore and as a read-write lock.
package xsync

import (
	"context"
	"math"

	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/internal/announce"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Provider makes locks of golang.org/x/sync. Make it with [New].
type Provider struct{ s sched.Scheduler }

var _ floodgate.Provider = Provider{}

// New returns a provider whose locks announce their steps to s, where nil is
// plain goroutines.
func New(s sched.Scheduler) Provider { return Provider{s} }

// Name returns "xsync".
func (p Provider) Name() string { return "xsync" }

// Scheduler returns what was given to [New].
func (p Provider) Scheduler() sched.Scheduler { return p.s }

// Lacks returns Queue.
func (p Provider) Lacks() floodgate.Capability { return floodgate.Queue }

// NewSemaphore returns a semaphore with n permits.
//
// A [semaphore.Weighted] refuses to hold more than it was made with. So it is
// made with as much as there can be, of which all but n is taken at once: then
// Up may go beyond n.
func (p Provider) NewSemaphore(name string, n int) floodgate.Semaphore {
	if n < 0 {
		panic("xsync: semaphore " + name + " with a negative count")
	}
	w := weighted{semaphore.NewWeighted(math.MaxInt64)}
	w.TryAcquire(math.MaxInt64 - int64(n))
	return announce.NewSemaphore(p.s, name, n, w)
}

// NewRWLock returns a lock that is a [semaphore.Weighted]: a reader takes one
// permit, a writer all.
func (p Provider) NewRWLock(name string) floodgate.RWLock {
	return announce.NewRWLock(p.s, name, rwLock{semaphore.NewWeighted(math.MaxInt64)})
}

// NewQueue returns a wait queue of ours.
func (p Provider) NewQueue(name string) *waitq.Queue {
	q := new(waitq.Queue)
	q.Init(p.s, name)
	return q
}

type weighted struct{ *semaphore.Weighted }

// Down looks for a permit before it looks at ctx, which Acquire does the other
// way round.
func (w weighted) Down(ctx context.Context) error {
	if w.TryAcquire(1) {
		return nil
	}
	return w.Acquire(ctx, 1)
}

func (w weighted) TryDown() bool { return w.TryAcquire(1) }
func (w weighted) Up()           { w.Release(1) }

type rwLock struct{ w *semaphore.Weighted }

func (l rwLock) Lock()    { l.take(math.MaxInt64) }
func (l rwLock) Unlock()  { l.w.Release(math.MaxInt64) }
func (l rwLock) RLock()   { l.take(1) }
func (l rwLock) RUnlock() { l.w.Release(1) }

func (l rwLock) take(n int64) {
	// The context never ends, so neither does Acquire without the permits.
	if err := l.w.Acquire(context.Background(), n); err != nil {
		panic("xsync: " + err.Error())
	}
}
