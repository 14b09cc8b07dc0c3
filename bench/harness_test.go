package main

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settle returns when every goroutine but the caller is parked: none is
// runnable, and none runs. It asks the runtime, so it does not matter what a
// rival parks on. This is the start condition of all that wakes somebody: a
// driver that runs ahead of those it is to wake measures nothing.
func settle() {
	for quiet, look := 0, 0; quiet < 3; look++ { // the numbers are taken one after another
		if look%100 == 99 { // the others have no processor: make room
			time.Sleep(50 * time.Microsecond)
		}
		runtime.Gosched()
		metrics.Read(others)
		if others[0].Value.Uint64() == 0 && others[1].Value.Uint64() <= 1 {
			quiet++
		} else {
			quiet = 0
		}
	}
}

var others = []metrics.Sample{
	{Name: "/sched/goroutines/runnable:goroutines"},
	{Name: "/sched/goroutines/running:goroutines"},
}

// An impl is one way to do what a benchmark measures.
type impl[T any] struct {
	name string
	make func() T
}

// each runs f on every way, as sub-benchmarks that differ in their last part.
func each[T any](b *testing.B, impls []impl[T], f func(b *testing.B, x T)) {
	for _, i := range impls {
		b.Run("impl="+i.name, func(b *testing.B) {
			b.ReportAllocs()
			f(b, i.make())
		})
	}
}

// A stopwatch times a part of each operation. That of package testing stops the
// world, which is the last thing to do to goroutines that have just parked.
type stopwatch struct {
	begun time.Time
	times []time.Duration // the last ones
	n     int
}

func newStopwatch() *stopwatch { return &stopwatch{times: make([]time.Duration, 4096)} }

func (w *stopwatch) start() { w.begun = time.Now() }

func (w *stopwatch) stop() {
	w.times[w.n%len(w.times)] = time.Since(w.begun)
	w.n++
}

// report makes the median of what w has timed the time of the operation. One
// time in which the system took the processor away would spoil the mean.
func (w *stopwatch) report(b *testing.B) {
	times := w.times[:min(w.n, len(w.times))]
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "ns/op")
}

// A flag has a cache line of its own.
type flag struct {
	atomic.Bool
	_ [124]byte
}
