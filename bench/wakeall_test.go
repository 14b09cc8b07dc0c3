package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// A crowd comes together again and again. Waiter returns the wait of one
// goroutine, which ends when the round does; release ends round r.
type crowd struct {
	waiter  func() (wait func(r int64))
	release func(r int64)
}

var crowds = []impl[crowd]{
	{"floodgate", func() crowd {
		var q waitq.Queue
		var over atomic.Int64 // rounds that are
		return crowd{
			func() func(int64) {
				var round int64
				cond := func() bool { return over.Load() > round }
				return func(r int64) { round = r; _ = q.Wait(background, cond) }
			},
			func(r int64) { over.Store(r + 1); q.WakeAll() },
		}
	}},
	{"floodgate-completion", func() crowd {
		var rounds [2]atomic.Pointer[waitq.Completion]
		rounds[0].Store(new(waitq.Completion))
		return crowd{
			func() func(int64) {
				return func(r int64) { _ = rounds[r%2].Load().Wait(background) }
			},
			func(r int64) {
				rounds[(r+1)%2].Store(new(waitq.Completion))
				rounds[r%2].Load().CompleteAll()
			},
		}
	}},
	{"cond", func() crowd {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		over := int64(0)
		return crowd{
			func() func(int64) {
				return func(r int64) {
					mu.Lock()
					for over <= r {
						c.Wait()
					}
					mu.Unlock()
				}
			},
			func(r int64) {
				mu.Lock()
				over = r + 1
				mu.Unlock()
				c.Broadcast()
			},
		}
	}},
	{"floor", func() crowd {
		var f floor
		var over atomic.Int64
		return crowd{
			func() func(int64) {
				var round int64
				cond := func() bool { return over.Load() > round }
				return func(r int64) { round = r; f.wait(cond) }
			},
			func(r int64) { over.Store(r + 1); f.wakeAll() },
		}
	}},
	{"chan", func() crowd { // closed once, so each round has its own
		var rounds [2]atomic.Pointer[chan struct{}]
		open := func(r int64) {
			c := make(chan struct{})
			rounds[r%2].Store(&c)
		}
		open(0)
		return crowd{
			func() func(int64) { return func(r int64) { <-*rounds[r%2].Load() } },
			func(r int64) { open(r + 1); close(*rounds[r%2].Load()) },
		}
	}},
	{"callback", func() crowd {
		var q callbacks
		var over atomic.Int64
		return crowd{
			func() func(int64) {
				c := make(chan struct{}, 1)
				q.register(&callback{mask: 1, f: func(uint64) {
					select {
					case c <- struct{}{}:
					default:
					}
				}})
				return func(r int64) {
					for over.Load() <= r {
						<-c
					}
				}
			},
			func(r int64) { over.Store(r + 1); q.notify(1) },
		}
	}},
}

// BenchmarkWakeAll ends the waits of all that are parked, and is over when the
// last of them has run. What is not timed: parking them, and waiting until the
// runtime says that they are. Allocations are those of a whole round, parking
// included.
func BenchmarkWakeAll(b *testing.B) {
	for _, parked := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprintf("parked=%d", parked), func(b *testing.B) {
			each(b, crowds, func(b *testing.B, c crowd) { rounds(b, c, parked) })
		})
	}
}

// rounds lets a crowd of n come together and releases it, again and again.
func rounds(b *testing.B, c crowd, n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var stop atomic.Bool
	last := make(chan struct{})
	var wg sync.WaitGroup
	for range n {
		wait := c.waiter()
		wg.Go(func() {
			for r := int64(0); ; r++ {
				wait(r)
				end := stop.Load()
				if left.Add(-1) == 0 {
					left.Store(int64(n)) // the others can not come before the next release
					last <- struct{}{}
				}
				if end {
					return
				}
			}
		})
	}
	w := newStopwatch()
	r := int64(0)
	for ; b.Loop(); r++ {
		settle()
		w.start()
		c.release(r)
		<-last
		w.stop()
	}
	stop.Store(true)
	c.release(r)
	<-last
	wg.Wait()
	w.report(b)
}

// endings are crowds that wait for what never comes; release is the end of the
// context.
var endings = []impl[crowd]{
	{"floodgate", func() crowd {
		var q waitq.Queue
		never := func() bool { return false }
		return ending(func(ctx context.Context) { _ = q.Wait(ctx, never) })
	}},
	{"floodgate-sem", func() crowd {
		s := sem.New(0)
		return ending(func(ctx context.Context) { _ = s.Down(ctx) })
	}},
	{"chan", func() crowd {
		c := make(chan struct{})
		return ending(func(ctx context.Context) {
			select {
			case <-c:
			case <-ctx.Done():
			}
		})
	}},
	{"xsync", func() crowd {
		s := semaphore.NewWeighted(1)
		_ = s.Acquire(background, 1)
		return ending(func(ctx context.Context) { _ = s.Acquire(ctx, 1) })
	}},
}

// ending makes a crowd of a wait. The context of the next round is there before
// that of this one ends.
func ending(wait func(context.Context)) crowd {
	type round struct {
		ctx    context.Context
		cancel context.CancelFunc
	}
	var rounds [2]atomic.Pointer[round]
	open := func(r int64) {
		ctx, cancel := context.WithCancel(background)
		rounds[r%2].Store(&round{ctx, cancel})
	}
	open(0)
	return crowd{
		func() func(int64) { return func(r int64) { wait(rounds[r%2].Load().ctx) } },
		func(r int64) { open(r + 1); rounds[r%2].Load().cancel() },
	}
}

// BenchmarkCancel is [BenchmarkWakeAll] with the end of a context that all
// waits have in common.
func BenchmarkCancel(b *testing.B) {
	for _, parked := range []int{1, 1000} {
		b.Run(fmt.Sprintf("parked=%d", parked), func(b *testing.B) {
			each(b, endings, func(b *testing.B, c crowd) { rounds(b, c, parked) })
		})
	}
}
