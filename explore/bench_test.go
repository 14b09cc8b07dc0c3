package explore_test

import (
	"context"
	"fmt"
	"iter"
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
		{"locks3x14", lockRounds(3, 14)}, // 84 steps
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

// A bare change of coroutine, from one through the driver to another: what no
// step with a change of task can be cheaper than.
func BenchmarkBareChange(b *testing.B) {
	loop := func(yield func(struct{}) bool) {
		for yield(struct{}{}) {
		}
	}
	one, stop1 := iter.Pull(loop)
	two, stop2 := iter.Pull(loop)
	defer stop1()
	defer stop2()
	for b.Loop() {
		one()
		two()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/change")
}

// A baton is an object that two tasks use, in turns or not.
type baton struct {
	turns bool
	turn  int
}

type turnGate struct {
	b  *baton
	of int
}

func (g *turnGate) Ready() bool { return !g.b.turns || g.b.turn == g.of }

// Two tasks that take each step in turns, against the same two one after the
// other: what is left is the change of task, with the decision for it.
func BenchmarkTaskChange(b *testing.B) {
	const rounds = 500
	perStep := func(turns bool) float64 {
		fn := func(x *explore.Run) {
			o := x.Scheduler().Object(sched.Spec{Kind: sched.KindVar, Name: "baton"})
			bt := &baton{turns: turns}
			for i := range 2 {
				x.Go(fmt.Sprint("t", i), func() {
					op := sched.Op{Kind: sched.Update, Gate: &turnGate{bt, i}}
					for range rounds {
						o.Step(op)
						bt.turn = 1 - i
						o.Done(op, 0)
					}
				})
			}
		}
		r := explore.Explore(context.Background(), fn, explore.Plan(explore.PCT(1, b.N/(2*rounds)+1)))
		p := r.Certificate.Phases[0]
		return float64(p.Elapsed.Nanoseconds()) / float64(p.Steps)
	}
	with, without := perStep(true), perStep(false)
	b.ReportMetric(with, "ns/step")
	b.ReportMetric(with-without, "ns/change")
}

// One tree, by several workers.
func BenchmarkWorkers(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				r := explore.Explore(context.Background(), conflicting(4, 3), explore.Plan(explore.DPOR(0)), explore.Workers(n))
				if p := r.Certificate.Phases[0]; !p.Exhausted || p.Executions < 369_600 {
					b.Fatal(p.String())
				}
			}
		})
	}
}
