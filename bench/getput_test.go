package main

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/floodgate-go/floodgate/refcount"
)

// BenchmarkGetPut takes a reference and drops it, on one object that somebody
// else keeps alive. The loops are written out: a call of a function value would
// cost as much as what is measured.
func BenchmarkGetPut(b *testing.B) {
	b.Run("cpus=1", getPut)
	b.Run("cpus=all", getPutAll)
}

// mutexCount is what people write first.
type mutexCount struct {
	mu sync.Mutex
	n  int
}

func (c *mutexCount) get() {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

func (c *mutexCount) put() bool {
	c.mu.Lock()
	c.n--
	last := c.n == 0
	c.mu.Unlock()
	return last
}

func getPut(b *testing.B) {
	run1(b, "floodgate", func(b *testing.B) {
		c := new(refcount.Count)
		c.Set(1)
		for b.Loop() {
			c.Inc()
			c.DecAndTest()
		}
	})
	run1(b, "floodgate-shared", func(b *testing.B) {
		x := refcount.NewShared(nil, "x", 0, nil)
		for b.Loop() {
			x.Get()
			x.Put()
		}
	})
	run1(b, "floodgate-sharded", func(b *testing.B) {
		r := refcount.NewSharded(nil, "r", func() {}, 0)
		for b.Loop() {
			r.Get()
			r.Put()
		}
	})
	run1(b, "atomic", func(b *testing.B) {
		v := new(atomic.Int64)
		v.Store(1)
		for b.Loop() {
			v.Add(1)
			v.Add(-1)
		}
	})
	run1(b, "mutex", func(b *testing.B) {
		c := new(mutexCount)
		c.get()
		for b.Loop() {
			c.get()
			c.put()
		}
	})
	run1(b, "waitgroup", func(b *testing.B) {
		wg := new(sync.WaitGroup)
		wg.Add(1)
		for b.Loop() {
			wg.Add(1)
			wg.Done()
		}
	})
}

func getPutAll(b *testing.B) {
	run1(b, "floodgate", func(b *testing.B) {
		c := new(refcount.Count)
		c.Set(1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Inc()
				c.DecAndTest()
			}
		})
	})
	run1(b, "floodgate-sharded", func(b *testing.B) {
		r := refcount.NewSharded(nil, "r", func() {}, 0)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r.Get()
				r.Put()
			}
		})
	})
	run1(b, "atomic", func(b *testing.B) {
		v := new(atomic.Int64)
		v.Store(1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				v.Add(1)
				v.Add(-1)
			}
		})
	})
	run1(b, "mutex", func(b *testing.B) {
		c := new(mutexCount)
		c.get()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.get()
				c.put()
			}
		})
	})
	run1(b, "waitgroup", func(b *testing.B) {
		wg := new(sync.WaitGroup)
		wg.Add(1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				wg.Add(1)
				wg.Done()
			}
		})
	})
}
