//lint:file-ignore SA2001 taking a lock and giving it back is what is measured

package main

import (
	"context"
	"sync"
	"testing"

	"github.com/sasha-s/go-deadlock"
	"golang.org/x/sync/semaphore"

	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

var background = context.Background()

// BenchmarkUncontended is one goroutine and nobody else. The loops are written
// out: a call of a function value would cost as much as what is measured.
func BenchmarkUncontended(b *testing.B) {
	b.Run("op=wake", uncontendedWake)
	b.Run("op=wait", uncontendedWait)
	b.Run("op=down+up", uncontendedDown)
	b.Run("op=read", uncontendedRead)
	b.Run("op=write", uncontendedWrite)
}

// run1 is b.Run with allocations.
func run1(b *testing.B, name string, f func(b *testing.B)) {
	b.Run("impl="+name, func(b *testing.B) {
		b.ReportAllocs()
		f(b)
	})
}

func uncontendedWake(b *testing.B) {
	run1(b, "floodgate", func(b *testing.B) {
		var q waitq.Queue
		for b.Loop() {
			q.Wake()
		}
	})
	run1(b, "floodgate-single", func(b *testing.B) {
		var x waitq.Single
		for b.Loop() {
			x.Wake()
		}
	})
	run1(b, "cond", func(b *testing.B) {
		c := sync.NewCond(new(sync.Mutex))
		for b.Loop() {
			c.Signal()
		}
	})
	run1(b, "chan", func(b *testing.B) {
		c := make(chan struct{})
		for b.Loop() {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	})
	run1(b, "callback", func(b *testing.B) {
		var c callbacks
		for b.Loop() {
			c.notify(1)
		}
	})
}

func uncontendedWait(b *testing.B) {
	ready := true
	run1(b, "floodgate", func(b *testing.B) {
		var q waitq.Queue
		cond := func() bool { return ready }
		for b.Loop() {
			_ = q.Wait(background, cond)
		}
	})
	run1(b, "cond", func(b *testing.B) {
		c := sync.NewCond(new(sync.Mutex))
		for b.Loop() {
			c.L.Lock()
			for !ready {
				c.Wait()
			}
			c.L.Unlock()
		}
	})
}

func uncontendedDown(b *testing.B) {
	run1(b, "floodgate", func(b *testing.B) {
		s := sem.New(1)
		for b.Loop() {
			_ = s.Down(background)
			s.Up()
		}
	})
	run1(b, "mutex", func(b *testing.B) {
		m := new(sync.Mutex)
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
	run1(b, "xsync", func(b *testing.B) {
		s := semaphore.NewWeighted(1)
		for b.Loop() {
			_ = s.Acquire(background, 1)
			s.Release(1)
		}
	})
	run1(b, "chan", func(b *testing.B) {
		s := make(chanSem, 1)
		for b.Loop() {
			s.Down()
			s.Up()
		}
	})
	run1(b, "deadlock", func(b *testing.B) {
		m := new(deadlock.Mutex)
		for b.Loop() {
			m.Lock()
			m.Unlock()
		}
	})
}

func uncontendedRead(b *testing.B) {
	run1(b, "floodgate", func(b *testing.B) {
		l := new(sem.RW)
		for b.Loop() {
			_ = l.DownRead(background)
			l.UpRead()
		}
	})
	run1(b, "rwmutex", func(b *testing.B) {
		l := new(sync.RWMutex)
		for b.Loop() {
			l.RLock()
			l.RUnlock()
		}
	})
}

func uncontendedWrite(b *testing.B) {
	run1(b, "floodgate", func(b *testing.B) {
		l := new(sem.RW)
		for b.Loop() {
			_ = l.DownWrite(background)
			l.UpWrite()
		}
	})
	run1(b, "rwmutex", func(b *testing.B) {
		l := new(sync.RWMutex)
		for b.Loop() {
			l.Lock()
			l.Unlock()
		}
	})
}
