//lint:file-ignore SA2001 taking a lock and giving it back is all that these tests do

package lockdep_test

import (
	"context"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
)

// A step is half of each of these: one Step and one Done for each of the two
// operations.
func BenchmarkSteps(b *testing.B) {
	a := task("a")
	for _, c := range []struct {
		name string
		w    func() sched.Scheduler
	}{
		{"nobody", func() sched.Scheduler { return nil }},
		{"watch", func() sched.Scheduler { return lockdep.New(lockdep.Config{}) }},
		{"identify", func() sched.Scheduler { return lockdep.New(lockdep.Config{Identify: true}) }},
		{"order", func() sched.Scheduler {
			return lockdep.New(lockdep.Config{Order: lockdep.NewOrder(lockdep.OrderConfig{})})
		}},
	} {
		b.Run("down+up/"+c.name, func(b *testing.B) {
			s := newSemaphore(c.w(), "s", 1)
			ctx := a.Context()
			b.ReportAllocs()
			for b.Loop() {
				s.Down(ctx)
				s.Up()
			}
		})
		b.Run("lock+unlock/"+c.name, func(b *testing.B) {
			var m sched.Mutex
			m.Init(c.w(), sched.Spec{Name: "m"})
			b.ReportAllocs()
			for b.Loop() {
				m.Lock()
				m.Unlock()
			}
		})
		b.Run("unpark+park/"+c.name, func(b *testing.B) {
			var p sched.Parker
			p.Init(c.w(), sched.Spec{Name: "p"})
			ctx := a.Context()
			b.ReportAllocs()
			for b.Loop() {
				p.Unpark()
				p.Park(ctx, nil)
			}
		})
	}
}

// Contended steps, from all processors on objects of their own: what the one
// lock of a watch costs.
func BenchmarkStepsParallel(b *testing.B) {
	w := lockdep.New(lockdep.Config{})
	b.RunParallel(func(pb *testing.PB) {
		var m sched.Mutex
		m.Init(w, sched.Spec{Name: "m"})
		for pb.Next() {
			m.Lock()
			m.Unlock()
		}
	})
}

// BenchmarkRound is a round of a stress test: a watch, a semaphore, two tasks
// that use it, Wait, Join. Bare is the same on plain goroutines.
func BenchmarkRound(b *testing.B) {
	ctx := context.Background()
	b.Run("watch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w := lockdep.New(lockdep.Config{})
			s := semaphore(w, "s", 1)
			for range 2 {
				t := task("t")
				w.Go(t, func() { down(t, s); s.Up() })
			}
			if w.Wait(ctx) != nil || w.Join(ctx) != nil {
				b.Fatal("hang")
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s := newSemaphore(nil, "s", 1)
			done := make(chan struct{})
			for range 2 {
				t := task("t")
				sched.Go(nil, t, func() { down(t, s); s.Up(); done <- struct{}{} })
			}
			<-done
			<-done
		}
	})
}

// BenchmarkHang is from the start of a run that hangs to the end of its
// teardown.
func BenchmarkHang(b *testing.B) {
	ctx := context.Background()
	for b.Loop() {
		w := lockdep.New(lockdep.Config{})
		s := semaphore(w, "s", 1)
		for range 2 {
			t := task("t")
			w.Go(t, func() { down(t, s) })
		}
		if w.Wait(ctx) == nil {
			b.Fatal("no hang")
		}
		w.Kill(nil)
		if err := w.Join(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
