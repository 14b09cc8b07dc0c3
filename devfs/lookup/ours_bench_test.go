package lookup_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sync/singleflight"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// Those that ours is measured against.
var rivals = []*lookup.Generation{&lookup.G4, &lookup.G6, &lookup.Ours}

// impls runs f for each rival.
func impls(b *testing.B, f func(b *testing.B, g *lookup.Generation)) {
	for _, g := range rivals {
		b.Run("impl="+g.ID, func(b *testing.B) { f(b, g) })
	}
}

// serve runs a daemon that handles each lookup until stop, which waits for it.
func serve(b *testing.B, fs *devfs.FS, handle func(t *sched.Task, ev devfs.Event)) (stop func()) {
	t := sched.NewTask("devfsd", sched.TaskConfig{})
	d, err := fs.Claim(t, devfs.Events(devfs.Lookup))
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer d.Release()
		for {
			ev, err := d.Read(t)
			if err != nil {
				return
			}
			if handle != nil {
				handle(t, ev)
			}
		}
	}()
	return func() { t.Kill(nil); <-done }
}

func lookers(n int) []*sched.Task {
	ts := make([]*sched.Task, n)
	for i := range ts {
		ts[i] = sched.NewTask(fmt.Sprintf("ls%d", i), sched.TaskConfig{})
	}
	return ts
}

// A name that is cached.
func BenchmarkCached(b *testing.B) {
	impls(b, func(b *testing.B, g *lookup.Generation) {
		fs := devfs.New(devfs.Config{Lookup: g})
		if err := fs.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)); err != nil {
			b.Fatal(err)
		}
		ls := lookers(1)[0]
		b.ReportAllocs()
		for b.Loop() {
			if _, err := fs.Stat(ls, "/misc/null"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The same by as many as there are processors.
func BenchmarkCachedParallel(b *testing.B) {
	impls(b, func(b *testing.B, g *lookup.Generation) {
		fs := devfs.New(devfs.Config{Lookup: g})
		if err := fs.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)); err != nil {
			b.Fatal(err)
		}
		b.RunParallel(func(pb *testing.PB) {
			ls := lookers(1)[0]
			for pb.Next() {
				if _, err := fs.Stat(ls, "/misc/null"); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// A name that is missing, with nobody to ask.
func BenchmarkMissAlone(b *testing.B) {
	impls(b, func(b *testing.B, g *lookup.Generation) {
		fs := devfs.New(devfs.Config{Lookup: g})
		ls := lookers(1)[0]
		b.ReportAllocs()
		for b.Loop() {
			if _, err := fs.Stat(ls, "/foo"); vfs.Errno(err) != syscall.ENOENT {
				b.Fatal(err)
			}
		}
	})
}

// A name that is missing, with a daemon that ignores it.
func BenchmarkMiss(b *testing.B) {
	impls(b, func(b *testing.B, g *lookup.Generation) {
		fs := devfs.New(devfs.Config{Lookup: g})
		defer serve(b, fs, nil)()
		ls := lookers(1)[0]
		b.ReportAllocs()
		for b.Loop() {
			if _, err := fs.Stat(ls, "/foo"); vfs.Errno(err) != syscall.ENOENT {
				b.Fatal(err)
			}
		}
	})
}

const crowd = 64

// 64 look up one missing name: one event, one answer, all released. G4 is left
// out: on real goroutines it runs into its race of d_op.
func BenchmarkCrowdOneName(b *testing.B) {
	b.Run("impl=floodgate", func(b *testing.B) {
		var events atomic.Int64
		var ready sync.WaitGroup
		fs := devfs.New(devfs.Config{})
		defer serve(b, fs, func(*sched.Task, devfs.Event) {
			events.Add(1)
			ready.Wait()
		})()
		ls := lookers(crowd)
		oneName(b, &ready, func(n int) { _, _ = fs.Stat(ls[n], "/foo") })
		b.ReportMetric(float64(events.Load())/float64(b.N), "events/op")
	})
	b.Run("impl=singleflight", func(b *testing.B) {
		var events atomic.Int64
		var ready sync.WaitGroup
		var g singleflight.Group
		oneName(b, &ready, func(int) {
			_, _, _ = g.Do("foo", func() (any, error) {
				events.Add(1)
				ready.Wait()
				return nil, nil
			})
		})
		b.ReportMetric(float64(events.Load())/float64(b.N), "events/op")
	})
}

// oneName lets a crowd look, all of them on their way before the answer.
func oneName(b *testing.B, ready *sync.WaitGroup, look func(n int)) {
	b.ReportAllocs()
	for b.Loop() {
		var wg sync.WaitGroup
		ready.Add(crowd)
		for n := range crowd {
			wg.Go(func() {
				ready.Done()
				look(n)
			})
		}
		wg.Wait()
	}
}

// 64 look up 64 names, and the handler of one is slow: it ends when the other 63
// have their answers. Generations with one serial handler can not do that: they
// would wait for ever. Singleflight runs each call on its caller.
func BenchmarkCrowdOneSlow(b *testing.B) {
	b.Run("impl=floodgate", func(b *testing.B) {
		fs := devfs.New(devfs.Config{})
		var slow chan struct{}
		defer serve(b, fs, func(_ *sched.Task, ev devfs.Event) {
			ev.Hold()
			go func() {
				defer ev.Done()
				if ev.Name == "n0" {
					<-slow
				}
			}()
		})()
		ls := lookers(crowd)
		oneSlow(b, &slow, func(n int) { _, _ = fs.Stat(ls[n], fmt.Sprintf("/n%d", n)) })
	})
	b.Run("impl=singleflight", func(b *testing.B) {
		var g singleflight.Group
		var slow chan struct{}
		oneSlow(b, &slow, func(n int) {
			_, _, _ = g.Do(fmt.Sprintf("n%d", n), func() (any, error) {
				if n == 0 {
					<-slow
				}
				return nil, nil
			})
		})
	})
}

func oneSlow(b *testing.B, slow *chan struct{}, look func(n int)) {
	b.ReportAllocs()
	for b.Loop() {
		*slow = make(chan struct{})
		var one, others sync.WaitGroup
		one.Go(func() { look(0) })
		for n := 1; n < crowd; n++ {
			others.Go(func() { look(n) })
		}
		others.Wait()
		close(*slow)
		one.Wait()
	}
}
