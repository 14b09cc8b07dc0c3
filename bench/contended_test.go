package main

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/sasha-s/go-deadlock"
	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate/sem"
)

// A lock is what down and up are called on.
type lock struct{ down, up func() }

// locks are the locks that do not look at a context while they sleep.
var locks = []impl[lock]{
	{"floodgate", func() lock {
		s := sem.New(1)
		return lock{func() { _ = s.Down(background) }, s.Up}
	}},
	{"mutex", func() lock {
		m := new(sync.Mutex)
		return lock{m.Lock, m.Unlock}
	}},
	{"xsync", func() lock {
		s := semaphore.NewWeighted(1)
		return lock{func() { _ = s.Acquire(background, 1) }, func() { s.Release(1) }}
	}},
	{"chan", func() lock {
		s := make(chanSem, 1)
		return lock{s.Down, s.Up}
	}},
}

// withDeadlock adds the mutex that looks for deadlocks.
var withDeadlock = append(locks[:len(locks):len(locks)], impl[lock]{"deadlock", func() lock {
	m := new(deadlock.Mutex)
	return lock{m.Lock, m.Unlock}
}})

// cancellable are the locks whose sleep a context can end. None ends.
func cancellable(ctx context.Context) []impl[lock] {
	return []impl[lock]{
		{"floodgate", func() lock {
			s := sem.New(1)
			return lock{func() { _ = s.Down(ctx) }, s.Up}
		}},
		{"xsync", func() lock {
			s := semaphore.NewWeighted(1)
			return lock{func() { _ = s.Acquire(ctx, 1) }, func() { s.Release(1) }}
		}},
		{"chan", func() lock {
			s := make(chanSem, 1)
			down := func() {
				select {
				case s <- struct{}{}:
				case <-ctx.Done():
				}
			}
			return lock{down, s.Up}
		}},
	}
}

// BenchmarkContended is the grid of sync.Mutex's own benchmarks: slack is
// goroutines per processor, work what each does between up and down. Goroutines
// come and go as they like, so who is unfair wins: see [BenchmarkLoad].
func BenchmarkContended(b *testing.B) {
	for _, g := range []struct{ slack, work int }{{1, 0}, {10, 0}, {10, 100}} {
		b.Run(fmt.Sprintf("slack=%d/work=%d", g.slack, g.work), func(b *testing.B) {
			each(b, withDeadlock, func(b *testing.B, l lock) {
				b.SetParallelism(g.slack)
				b.RunParallel(func(pb *testing.PB) {
					x := 1
					for pb.Next() {
						l.down()
						l.up()
						for range g.work {
							x *= 2
							x /= 2
						}
					}
					_ = x
				})
			})
		})
	}
}
