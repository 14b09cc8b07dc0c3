package refcount

import (
	"sync/atomic"
	"testing"
)

// plainCount is Count without the seam: the same code on a bare atomic.
type plainCount struct{ v atomic.Int64 }

func (c *plainCount) Inc() {
	if old := c.v.Load(); old > 0 && old < Max && c.v.CompareAndSwap(old, old+1) {
		return
	}
	c.slow(opInc)
}

func (c *plainCount) DecAndTest() bool {
	if old := c.v.Load(); old > 0 && c.v.CompareAndSwap(old, old-1) {
		return old == 1
	}
	return c.slow(opDecAndTest)
}

//go:noinline
func (c *plainCount) slow(o op) bool {
	for {
		old := c.v.Load()
		v, ok, _ := o.apply(old, 1, 0)
		if v == old || c.v.CompareAndSwap(old, v) {
			return ok
		}
	}
}

func BenchmarkGetPut(b *testing.B) {
	b.Run("impl=Count", func(b *testing.B) {
		c := new(Count)
		c.Set(1)
		for b.Loop() {
			c.Inc()
			c.DecAndTest()
		}
	})
	b.Run("impl=noseam", func(b *testing.B) {
		c := new(plainCount)
		c.v.Store(1)
		for b.Loop() {
			c.Inc()
			c.DecAndTest()
		}
	})
	b.Run("impl=atomic", func(b *testing.B) {
		c := new(atomic.Int64)
		c.Store(1)
		for b.Loop() {
			c.Add(1)
			c.Add(-1)
		}
	})
}

func BenchmarkGetPutAll(b *testing.B) {
	b.Run("impl=Sharded", func(b *testing.B) {
		r := NewSharded(nil, "r", func() {}, 0)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r.Get()
				r.Put()
			}
		})
	})
	b.Run("impl=Count", func(b *testing.B) {
		c := new(Count)
		c.Set(1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Inc()
				c.DecAndTest()
			}
		})
	})
	b.Run("impl=atomic", func(b *testing.B) {
		c := new(atomic.Int64)
		c.Store(1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Add(1)
				c.Add(-1)
			}
		})
	})
}
