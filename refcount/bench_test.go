package refcount

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// The rivals of one goroutine and of all processors are sub-benchmarks of the
// same shape; compare within one run. An operation is a get and a put.

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
	defer c.mu.Unlock()
	c.n--
	return c.n == 0
}

// A rival makes one object with one reference and returns a get and a put of
// it as one function. It is called in a loop, so that each rival pays for one
// call of a closure.
type rival struct {
	name string
	make func() func()
}

var rivals = []rival{
	{"Count", func() func() {
		c := new(Count)
		c.Set(1)
		return func() { c.Inc(); c.DecAndTest() }
	}},
	{"Ref", func() func() {
		r := new(Ref)
		r.Init(nil, "r")
		release := func() {}
		return func() { r.Get(); r.Put(release) }
	}},
	{"Shared", func() func() {
		x := NewShared(nil, "x", 0, nil)
		return func() { x.Get(); x.Put() }
	}},
	{"Sharded", func() func() {
		r := NewSharded(nil, "r", func() {}, 0)
		return func() { r.Get(); r.Put() }
	}},
	{"ShardedAtomic", func() func() {
		r := NewSharded(nil, "r", func() {}, InitAtomic)
		return func() { r.Get(); r.Put() }
	}},
	{"noseam", func() func() {
		c := new(plainCount)
		c.v.Store(1)
		return func() { c.Inc(); c.DecAndTest() }
	}},
	{"atomic", func() func() {
		v := new(atomic.Int64)
		v.Store(1)
		return func() { v.Add(1); v.Add(-1) }
	}},
	{"WaitGroup", func() func() {
		wg := new(sync.WaitGroup)
		wg.Add(1)
		return func() { wg.Add(1); wg.Done() }
	}},
	{"RWMutex", func() func() {
		mu := new(sync.RWMutex)
		return func() { mu.RLock(); defer mu.RUnlock() }
	}},
	{"Mutex", func() func() {
		c := new(mutexCount)
		c.get()
		return func() { c.get(); c.put() }
	}},
}

// BenchmarkGetPut is one goroutine.
func BenchmarkGetPut(b *testing.B) {
	for _, r := range rivals {
		b.Run("impl="+r.name, func(b *testing.B) {
			b.ReportAllocs()
			f := r.make()
			for b.Loop() {
				f()
			}
		})
	}
}

// BenchmarkGetPutAll is a goroutine on each processor, all on one object.
func BenchmarkGetPutAll(b *testing.B) {
	for _, r := range rivals {
		b.Run("impl="+r.name, func(b *testing.B) {
			b.ReportAllocs()
			f := r.make()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					f()
				}
			})
		})
	}
}

// BenchmarkTouch is what a checked pointer costs to follow.
func BenchmarkTouch(b *testing.B) {
	b.Run("impl=pointer", func(b *testing.B) {
		v := new(int)
		for b.Loop() {
			*v++
		}
	})
	b.Run("impl=Frame", func(b *testing.B) {
		f := NewFrame(nil, "f", 0)
		for b.Loop() {
			*f.Value()++
		}
	})
	b.Run("impl=Shared", func(b *testing.B) {
		x := NewShared(nil, "x", 0, nil)
		for b.Loop() {
			*x.Value()++
		}
	})
	b.Run("impl=FrameChecked", func(b *testing.B) {
		defer CheckLives(CheckLives(true))
		f := NewFrame(nil, "f", 0)
		for b.Loop() {
			*f.Value()++
		}
	})
}

// BenchmarkDecAndLock drops a reference that is not the last one.
func BenchmarkDecAndLock(b *testing.B) {
	var mu sync.Mutex
	b.Run("impl=Count", func(b *testing.B) {
		c := new(Count)
		c.Set(1)
		for b.Loop() {
			c.Inc()
			c.DecAndLock(&mu)
		}
	})
	b.Run("impl=LockAndTest", func(b *testing.B) {
		c := new(Count)
		c.Set(1)
		for b.Loop() {
			c.Inc()
			mu.Lock()
			c.DecAndTest()
			mu.Unlock()
		}
	})
}

// BenchmarkTracker is what it costs to know who holds a reference.
func BenchmarkTracker(b *testing.B) {
	d := NewDir("d", 0)
	b.ReportAllocs()
	for b.Loop() {
		d.Alloc().Free()
	}
}

// BenchmarkLife is the birth and the end of a struct.
func BenchmarkLife(b *testing.B) {
	for _, x := range []struct {
		name  string
		check bool
	}{{"off", false}, {"on", true}} {
		b.Run("check="+x.name, func(b *testing.B) {
			defer CheckLives(CheckLives(x.check))
			b.ReportAllocs()
			for b.Loop() {
				f := NewFrame(nil, "f", 0)
				f.End()
			}
		})
	}
}

// BenchmarkPool is one use of a recycled struct.
func BenchmarkPool(b *testing.B) {
	b.Run("impl=Pool", func(b *testing.B) {
		p := NewPool[[64]byte](nil, "p", nil)
		b.ReportAllocs()
		for b.Loop() {
			h := p.Get()
			h.Value()[0]++
			p.Put(h)
		}
	})
	b.Run("impl=sync.Pool", func(b *testing.B) {
		p := sync.Pool{New: func() any { return new([64]byte) }}
		b.ReportAllocs()
		for b.Loop() {
			v := p.Get().(*[64]byte)
			v[0]++
			p.Put(v)
		}
	})
}

// BenchmarkWatched is a get and a put under a scheduler that does nothing but
// watch.
func BenchmarkWatched(b *testing.B) {
	c := new(Count)
	c.Init(watcher{}, "c", 1)
	b.ReportAllocs()
	for b.Loop() {
		c.Inc()
		c.DecAndTest()
	}
}

type watcher struct{ sched.Goroutines }

func (w watcher) Object(spec sched.Spec) *sched.Object {
	return &sched.Object{Spec: spec, Sched: w}
}
