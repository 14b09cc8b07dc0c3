package floodgate

import (
	"strings"
	"sync"

	"github.com/floodgate-go/floodgate/internal/announce"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// Ours returns the provider of this module's own locks on s, where nil is
// plain goroutines: [sem.Semaphore], [waitq.Queue], and for short sections
// [sync.RWMutex], which nothing beats there. It lacks nothing.
func Ours(s sched.Scheduler) Provider { return ours{s} }

// Default returns [Ours] on plain goroutines: what a program takes that was
// told nothing else.
func Default() Provider { return ours{} }

type ours struct{ s sched.Scheduler }

func (p ours) Name() string               { return "floodgate" }
func (p ours) Scheduler() sched.Scheduler { return p.s }
func (p ours) Lacks() Capability          { return 0 }

func (p ours) NewSemaphore(name string, n int) Semaphore {
	s := new(sem.Semaphore)
	s.Init(p.s, name, n)
	return s
}

func (p ours) NewRWLock(name string) RWLock {
	return announce.NewRWLock(p.s, name, new(sync.RWMutex))
}

func (p ours) NewQueue(name string) *waitq.Queue {
	q := new(waitq.Queue)
	q.Init(p.s, name)
	return q
}

var capabilityNames = [...]string{"cancel", "counting", "fifo", "queue"}

// Has reports whether all of d are in c.
func (c Capability) Has(d Capability) bool { return c&d == d }

// String lists the capabilities in c, as in "cancel, fifo".
func (c Capability) String() string {
	if c == 0 {
		return "nothing"
	}
	var names []string
	for i, name := range capabilityNames {
		if c.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
