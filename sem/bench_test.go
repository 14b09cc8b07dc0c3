package sem_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate/sem"
)

func BenchmarkUncontended(b *testing.B) {
	b.Run("impl=sem", func(b *testing.B) {
		s := sem.New(1)
		for b.Loop() {
			_ = s.Down(background)
			s.Up()
		}
	})
	b.Run("impl=mutex", func(b *testing.B) {
		var m sync.Mutex
		for b.Loop() {
			m.Lock()
			//lint:ignore SA2001 that is what is measured
			m.Unlock()
		}
	})
	b.Run("impl=xsync", func(b *testing.B) {
		s := semaphore.NewWeighted(1)
		for b.Loop() {
			_ = s.Acquire(background, 1)
			s.Release(1)
		}
	})
	b.Run("impl=rw-read", func(b *testing.B) {
		var l sem.RW
		for b.Loop() {
			_ = l.DownRead(background)
			l.UpRead()
		}
	})
	b.Run("impl=rw-write", func(b *testing.B) {
		var l sem.RW
		for b.Loop() {
			_ = l.DownWrite(background)
			l.UpWrite()
		}
	})
	b.Run("impl=rwmutex-read", func(b *testing.B) {
		var l sync.RWMutex
		for b.Loop() {
			l.RLock()
			//lint:ignore SA2001 that is what is measured
			l.RUnlock()
		}
	})
	b.Run("impl=rwmutex-write", func(b *testing.B) {
		var l sync.RWMutex
		for b.Loop() {
			l.Lock()
			//lint:ignore SA2001 that is what is measured
			l.Unlock()
		}
	})
}

// contend lets 8 goroutines take turns, and reports how unequal their shares
// are: the largest over the smallest, 1 when all are equal. All are queued
// before the clock starts.
func contend(b *testing.B, down, up func()) {
	const tasks = 8
	var taken [tasks]struct {
		n int
		_ [56]byte
	}
	left := b.N
	var wg sync.WaitGroup
	down()
	for i := range tasks {
		wg.Go(func() {
			for more := true; more; {
				down()
				if more = left > 0; more {
					left--
				}
				taken[i].n++
				up()
			}
		})
	}
	time.Sleep(time.Millisecond) // only to begin with: most have come by now
	b.ResetTimer()
	up()
	wg.Wait()
	least, most := taken[0].n, taken[0].n
	for _, x := range taken {
		least, most = min(least, x.n), max(most, x.n)
	}
	b.ReportMetric(float64(most)/float64(least), "max/min")
}

func BenchmarkContended(b *testing.B) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	b.Run("impl=sem", func(b *testing.B) {
		s := sem.New(1)
		contend(b, func() { _ = s.Down(background) }, s.Up)
	})
	b.Run("impl=semctx", func(b *testing.B) {
		s := sem.New(1)
		contend(b, func() { _ = s.Down(ctx) }, s.Up)
	})
	b.Run("impl=xsync", func(b *testing.B) {
		s := semaphore.NewWeighted(1)
		contend(b, func() { _ = s.Acquire(background, 1) }, func() { s.Release(1) })
	})
	b.Run("impl=xsyncctx", func(b *testing.B) {
		s := semaphore.NewWeighted(1)
		contend(b, func() { _ = s.Acquire(ctx, 1) }, func() { s.Release(1) })
	})
	b.Run("impl=floor", func(b *testing.B) {
		var f baton
		contend(b, f.down, f.up)
	})
	b.Run("impl=mutex", func(b *testing.B) { // not fair
		var m sync.Mutex
		contend(b, m.Lock, m.Unlock)
	})
}

// A baton is the least that hands over in order: a list under a mutex, a yield
// and a channel to sleep on. It knows no context, no count, no limit; what it
// costs is the switch of goroutines and the mutex, twice.
type baton struct {
	mu         sync.Mutex
	held       bool
	head, tail *flag
}

type flag struct {
	state atomic.Int32 // 0, asleep or granted
	c     chan struct{}
	next  *flag
}

const (
	asleep  = 1
	granted = 2
)

var flags = sync.Pool{New: func() any { return &flag{c: make(chan struct{}, 1)} }}

func (b *baton) down() {
	b.mu.Lock()
	if !b.held {
		b.held = true
		b.mu.Unlock()
		return
	}
	f := flags.Get().(*flag)
	f.next = nil
	f.state.Store(0)
	if b.tail == nil {
		b.head = f
	} else {
		b.tail.next = f
	}
	b.tail = f
	b.mu.Unlock()
	runtime.Gosched()
	if f.state.CompareAndSwap(0, asleep) {
		<-f.c
	}
	flags.Put(f)
}

func (b *baton) up() {
	b.mu.Lock()
	f := b.head
	if f == nil {
		b.held = false
		b.mu.Unlock()
		return
	}
	if b.head = f.next; b.head == nil {
		b.tail = nil
	}
	b.mu.Unlock()
	if f.state.Swap(granted) == asleep {
		f.c <- struct{}{}
	}
}
