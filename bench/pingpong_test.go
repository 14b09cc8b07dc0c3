package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// A turnstile lets its one waiter through once for each pass, which comes when
// it waits or shortly before.
type turnstile struct{ wait, pass func() }

// turnstiles wait without a look at a context.
var turnstiles = []impl[turnstile]{
	{"floodgate", func() turnstile { return queueTurnstile(background) }},
	{"floodgate-single", func() turnstile {
		var x waitq.Single
		var turn flag
		cond := func() bool { return turn.CompareAndSwap(true, false) }
		return turnstile{
			func() { _ = x.Wait(background, cond) },
			func() { turn.Store(true); x.Wake() },
		}
	}},
	{"floodgate-sem", func() turnstile {
		s := sem.New(0)
		return turnstile{func() { _ = s.Down(background) }, s.Up}
	}},
	{"cond", func() turnstile {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		turn := false
		return turnstile{
			func() {
				mu.Lock()
				for !turn {
					c.Wait()
				}
				turn = false
				mu.Unlock()
			},
			func() {
				mu.Lock()
				turn = true
				mu.Unlock()
				c.Signal() // faster than with the lock held
			},
		}
	}},
	{"floor", func() turnstile {
		var f floor
		var turn flag
		cond := func() bool { return turn.CompareAndSwap(true, false) }
		return turnstile{
			func() { f.wait(cond) },
			func() { turn.Store(true); f.wake() },
		}
	}},
	{"chan", func() turnstile {
		c := make(chan struct{}, 1)
		return turnstile{func() { <-c }, func() { c <- struct{}{} }}
	}},
}

func queueTurnstile(ctx context.Context) turnstile {
	var q waitq.Queue
	var turn flag
	cond := func() bool { return turn.CompareAndSwap(true, false) }
	return turnstile{
		func() { _ = q.Wait(ctx, cond) },
		func() { turn.Store(true); q.Wake() },
	}
}

// cancellableTurnstiles wait until they are passed or ctx ends, which it does
// not.
func cancellableTurnstiles(ctx context.Context) []impl[turnstile] {
	return []impl[turnstile]{
		{"floodgate", func() turnstile { return queueTurnstile(ctx) }},
		{"floodgate-waiter", func() turnstile { // the protocol spelled out
			var q waitq.Queue
			var turn flag
			w := waitq.NewWaiter()
			return turnstile{
				func() {
					for {
						q.Prepare(w, false)
						if turn.CompareAndSwap(true, false) {
							break
						}
						if w.Park(ctx) != nil {
							q.Abort(w)
							return
						}
					}
					q.Finish(w)
				},
				func() { turn.Store(true); q.Wake() },
			}
		}},
		{"floodgate-sem", func() turnstile {
			s := sem.New(0)
			return turnstile{func() { _ = s.Down(ctx) }, s.Up}
		}},
		{"chan", func() turnstile {
			c := make(chan struct{}, 1)
			wait := func() {
				select {
				case <-c:
				case <-ctx.Done():
				}
			}
			return turnstile{wait, func() { c <- struct{}{} }}
		}},
		{"xsync", func() turnstile {
			s := semaphore.NewWeighted(1)
			_ = s.Acquire(ctx, 1)
			return turnstile{func() { _ = s.Acquire(ctx, 1) }, func() { s.Release(1) }}
		}},
	}
}

// BenchmarkPingPong is a round trip of two goroutines. Who waits may yield
// before it sleeps, and ours does: where nobody else wants the processor the
// partner answers in that time, and there is neither a sleep nor a wake. That is
// how it is for programs, too; [BenchmarkWakeOne] is the wake of a goroutine that
// is known to sleep.
func BenchmarkPingPong(b *testing.B) { trips(b, 2) }

// BenchmarkRing is a round trip through 16 goroutines: most of them wait at any
// time, and for longer. The operation is the whole round.
func BenchmarkRing(b *testing.B) { trips(b, 16) }

func trips(b *testing.B, n int) {
	b.Run("wait=plain", func(b *testing.B) { trip(b, n, turnstiles) })
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	b.Run("wait=cancellable", func(b *testing.B) { trip(b, n, cancellableTurnstiles(ctx)) })
}

func trip(b *testing.B, n int, impls []impl[turnstile]) {
	for _, i := range impls {
		b.Run("impl="+i.name, func(b *testing.B) {
			b.ReportAllocs()
			stiles := make([]turnstile, n)
			for k := range stiles {
				stiles[k] = i.make()
			}
			var stop atomic.Bool
			var wg sync.WaitGroup
			for k := 1; k < n; k++ {
				wg.Go(func() {
					next := (k + 1) % n
					for {
						stiles[k].wait()
						end := stop.Load()
						stiles[next].pass()
						if end {
							return
						}
					}
				})
			}
			settle()
			for b.Loop() {
				stiles[1].pass()
				stiles[0].wait()
			}
			stop.Store(true)
			stiles[1].pass()
			stiles[0].wait()
			wg.Wait()
		})
	}
}
