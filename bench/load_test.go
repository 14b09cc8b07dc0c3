package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// BenchmarkLoad is a lock that is always wanted, and always by the same
// goroutines. The metric max/min compares their shares: 1 is perfectly fair. A
// lock that lets whoever runs have it again switches goroutines seldom, and its
// time per operation says little; compare times at equal fairness only.
func BenchmarkLoad(b *testing.B) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for _, tasks := range []int{8, 64} {
		b.Run(fmt.Sprintf("tasks=%d/wait=plain", tasks), func(b *testing.B) {
			each(b, locks, func(b *testing.B, l lock) { load(b, l, tasks) })
		})
	}
	b.Run("tasks=8/wait=cancellable", func(b *testing.B) {
		each(b, cancellable(ctx), func(b *testing.B, l lock) { load(b, l, 8) })
	})
}

// load lets tasks goroutines do b.N downs and ups between them. All are queued
// before the clock starts.
func load(b *testing.B, l lock, tasks int) {
	type share struct {
		n int
		_ [120]byte
	}
	taken := make([]share, tasks)
	left := b.N // guarded by l
	var wg sync.WaitGroup
	l.down()
	for i := range tasks {
		wg.Go(func() {
			for {
				l.down()
				if left == 0 {
					l.up()
					return
				}
				left--
				taken[i].n++
				l.up()
			}
		})
	}
	settle()
	b.ResetTimer()
	l.up()
	wg.Wait()
	b.StopTimer()
	least := slices.MinFunc(taken, func(x, y share) int { return x.n - y.n })
	most := slices.MaxFunc(taken, func(x, y share) int { return x.n - y.n })
	b.ReportMetric(float64(most.n)/float64(max(least.n, 1)), "max/min")
}
