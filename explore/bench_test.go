package explore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// bench runs b.N executions of fn in a phase that does not end by itself, and
// reports executions and steps per second. A search that is exhausted starts
// over.
func bench(b *testing.B, fn func(*explore.Run), p explore.Phase) {
	b.Helper()
	b.ReportAllocs()
	var executions, steps, traces uint64
	for executions < uint64(b.N) {
		r := explore.Explore(context.Background(), fn, explore.Plan(p.Most(b.N-int(executions))), explore.CollectAll())
		if len(r.Findings) > 0 {
			b.Fatal(r.Findings[0])
		}
		executions += r.Certificate.Phases[0].Executions
		steps += r.Certificate.Phases[0].Steps
		traces += r.Certificate.Phases[0].Traces
	}
	b.ReportMetric(float64(executions)/b.Elapsed().Seconds(), "ex/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
	b.ReportMetric(float64(executions)/float64(traces), "ex/trace")
}

// buffer is a condition variable's bounded buffer of one place: p puts n, c
// gets n.
func buffer(n int) func(*explore.Run) {
	return func(x *explore.Run) {
		m := mutex(x, "m")
		var notEmpty, notFull sched.Parker
		notEmpty.Init(x.Scheduler(), sched.Spec{Name: "not empty"})
		notFull.Init(x.Scheduler(), sched.Spec{Name: "not full"})
		full := false
		x.Go("put", func() {
			for range n {
				m.Lock()
				for full {
					m.Unlock()
					_ = notFull.Park(context.Background(), nil)
					m.Lock()
				}
				full = true
				m.Unlock()
				notEmpty.Unpark()
			}
		})
		x.Go("get", func() {
			for range n {
				m.Lock()
				for !full {
					m.Unlock()
					_ = notEmpty.Park(context.Background(), nil)
					m.Lock()
				}
				full = false
				m.Unlock()
				notFull.Unpark()
			}
		})
	}
}

// The programs that other explorers were measured with.
func BenchmarkExecutions(b *testing.B) {
	for _, prog := range []struct {
		name string
		fn   func(*explore.Run)
	}{
		{"locks3x3", lockRounds(3, 3)},
		{"locks2x6", lockRounds(2, 6)},
		{"locks2x12", lockRounds(2, 12)},
		{"fetchadd3x3", conflicting(3, 3)},
		{"loadstore4", loadStore(4)},
		{"buffer3", buffer(3)},
	} {
		for _, p := range []explore.Phase{
			explore.Uniform(0), explore.POS(0), explore.PCT(3, 0), explore.Exhaustive(0), explore.SleepSets(0), explore.DPOR(0),
		} {
			b.Run(prog.name+"/"+p.String(), func(b *testing.B) { bench(b, prog.fn, p) })
		}
	}
}

// ping is two tasks that take turns, so that each step is a change of task.
func BenchmarkTaskChange(b *testing.B) {
	b.ReportAllocs()
	r := explore.Explore(context.Background(), func(x *explore.Run) {
		var p [2]sched.Parker
		for i := range p {
			p[i].Init(x.Scheduler(), sched.Spec{Name: fmt.Sprint("p", i)})
		}
		for i := range p {
			x.Go(fmt.Sprint("t", i), func() {
				for range b.N/4 + 1 {
					p[1-i].Unpark()
					_ = p[i].Park(context.Background(), nil)
				}
			})
		}
	}, explore.Plan(), explore.MaxSteps(1<<40), explore.Watchdog(0))
	_ = r
}
