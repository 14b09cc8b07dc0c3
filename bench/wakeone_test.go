package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// A pond hands what is given to one of those who take, and they sleep until
// there is something.
type pond struct{ take, give func() }

var ponds = []impl[pond]{
	{"floodgate", func() pond { // exclusive waiters
		var q waitq.Queue
		var n atomic.Int64
		cond := func() bool {
			for {
				v := n.Load()
				if v == 0 || n.CompareAndSwap(v, v-1) {
					return v > 0
				}
			}
		}
		return pond{
			func() { _ = q.WaitExclusive(background, cond) },
			func() { n.Add(1); q.Wake() },
		}
	}},
	{"floodgate-sem", func() pond {
		s := sem.New(0)
		return pond{func() { _ = s.Down(background) }, s.Up}
	}},
	{"cond", func() pond {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		n := 0
		return pond{
			func() {
				mu.Lock()
				for n == 0 {
					c.Wait()
				}
				n--
				mu.Unlock()
			},
			func() {
				mu.Lock()
				n++
				mu.Unlock()
				c.Signal()
			},
		}
	}},
	{"floor", func() pond {
		var f floor
		n := 0 // guarded by f.mu
		cond := func() bool {
			if n == 0 {
				return false
			}
			n--
			return true
		}
		return pond{
			func() { f.wait(cond) },
			func() {
				f.mu.Lock()
				n++
				f.mu.Unlock()
				f.wake()
			},
		}
	}},
	{"chan", func() pond {
		c := make(chan struct{})
		return pond{func() { <-c }, func() { c <- struct{}{} }}
	}},
	{"xsync", func() pond {
		const most = 1 << 30
		s := semaphore.NewWeighted(most)
		_ = s.Acquire(background, most)
		return pond{func() { _ = s.Acquire(background, 1) }, func() { s.Release(1) }}
	}},
}

// BenchmarkWakeOne wakes one of those that are parked, and is over when that one
// has run. All others stay parked, and before the next it has parked again,
// behind them: that, and the look whether it is so, are not timed. Callback
// queues can not wake one.
func BenchmarkWakeOne(b *testing.B) {
	for _, parked := range []int{1, 10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("parked=%d", parked), func(b *testing.B) {
			each(b, ponds, func(b *testing.B, p pond) { handOut(b, p, parked) })
		})
	}
}

// handOut lets n goroutines park at p, and gives them one thing at a time.
func handOut(b *testing.B, p pond, n int) {
	var stop atomic.Bool
	taken := make(chan struct{})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for {
				p.take()
				if stop.Load() {
					return
				}
				taken <- struct{}{}
			}
		})
	}
	w := newStopwatch()
	for b.Loop() {
		settle()
		w.start()
		p.give()
		<-taken
		w.stop()
	}
	settle()
	stop.Store(true)
	for range n {
		p.give()
	}
	wg.Wait()
	w.report(b)
}
