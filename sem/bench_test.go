package sem_test

import (
	"context"
	"sync"
	"testing"

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

func contend(b *testing.B, down, up func()) {
	b.SetParallelism(4) // 8 on 2
	shared := 0
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			down()
			shared++
			up()
		}
	})
}

func BenchmarkContended(b *testing.B) {
	b.Run("impl=sem", func(b *testing.B) {
		s := sem.New(1)
		contend(b, func() { _ = s.Down(background) }, s.Up)
	})
	b.Run("impl=semctx", func(b *testing.B) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		s := sem.New(1)
		contend(b, func() { _ = s.Down(ctx) }, s.Up)
	})
	b.Run("impl=xsync", func(b *testing.B) {
		s := semaphore.NewWeighted(1)
		contend(b, func() { _ = s.Acquire(background, 1) }, func() { s.Release(1) })
	})
	b.Run("impl=xsyncctx", func(b *testing.B) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		s := semaphore.NewWeighted(1)
		contend(b, func() { _ = s.Acquire(ctx, 1) }, func() { s.Release(1) })
	})
	b.Run("impl=mutex", func(b *testing.B) {
		var m sync.Mutex
		contend(b, m.Lock, m.Unlock)
	})
}
