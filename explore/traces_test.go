package explore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

func mutex(x *explore.Run, name string) *sched.Mutex {
	m := new(sched.Mutex)
	m.Init(x.Scheduler(), sched.Spec{Name: name})
	return m
}

// pass takes a lock and gives it back.
func pass(m *sched.Mutex) {
	m.Lock()
	defer m.Unlock()
}

func cell(x *explore.Run, name string) *sched.Int64 {
	v := new(sched.Int64)
	v.Init(x.Scheduler(), sched.Spec{Name: name})
	return v
}

// lockRounds is n tasks that take one lock k times each.
func lockRounds(n, k int) func(*explore.Run) {
	return func(x *explore.Run) {
		m := mutex(x, "m")
		for i := range n {
			x.Go(fmt.Sprint("t", i), func() {
				for range k {
					pass(m)
				}
			})
		}
	}
}

// independent is n tasks that write k times to a cell of their own.
func independent(n, k int) func(*explore.Run) {
	return func(x *explore.Run) {
		for i := range n {
			c := cell(x, fmt.Sprint("own", i))
			x.Go(fmt.Sprint("t", i), func() {
				for j := range k {
					c.Store(int64(j))
				}
			})
		}
	}
}

// conflicting is n tasks that write k times to the same cell.
func conflicting(n, k int) func(*explore.Run) {
	return func(x *explore.Run) {
		c := cell(x, "shared")
		for i := range n {
			x.Go(fmt.Sprint("t", i), func() {
				for range k {
					c.Add(1)
				}
			})
		}
	}
}

// readers is n tasks that read one cell and one that writes it once.
func readers(n int) func(*explore.Run) {
	return func(x *explore.Run) {
		c := cell(x, "shared")
		x.Go("writer", func() { c.Store(1) })
		for i := range n {
			x.Go(fmt.Sprint("r", i), func() { c.Load() })
		}
	}
}

// loadStore is n tasks that increment a cell with a load and a store.
func loadStore(n int) func(*explore.Run) {
	return func(x *explore.Run) {
		c := cell(x, "shared")
		for i := range n {
			x.Go(fmt.Sprint("t", i), func() { c.Store(c.Load() + 1) })
		}
	}
}

func explored(t *testing.T, fn func(*explore.Run), p explore.Phase) explore.PhaseResult {
	t.Helper()
	r := explore.Explore(context.Background(), fn, explore.Plan(p), explore.CollectAll())
	for _, f := range r.Findings {
		t.Errorf("%s", f.Report(0))
	}
	if len(r.Certificate.Phases) != 1 || !r.Certificate.Phases[0].Exhausted {
		t.Fatalf("%v is not exhausted: %v", p, r.Certificate.String())
	}
	return r.Certificate.Phases[0]
}

// The number of traces of these programs is known: n tasks of k operations in
// total conflict have (nk)!/(k!)^n orders, independent ones have 1.
func TestExecutionsAreTraces(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fn     func(*explore.Run)
		traces uint64
		orders uint64 // of all steps; 0: too many to run
	}{
		{"independent 2×1", independent(2, 1), 1, 2},
		{"independent 2×3", independent(2, 3), 1, 20},
		{"independent 3×2", independent(3, 2), 1, 90},
		{"conflicting 2×1", conflicting(2, 1), 2, 2},
		{"conflicting 2×3", conflicting(2, 3), 20, 20},
		{"conflicting 3×1", conflicting(3, 1), 6, 6},
		{"conflicting 3×2", conflicting(3, 2), 90, 90},
		{"conflicting 3×3", conflicting(3, 3), 1680, 1680},
		{"readers 2", readers(2), 4, 6},
		{"readers 4", readers(4), 16, 120},
		{"load and store 2", loadStore(2), 4, 6},
		{"load and store 3", loadStore(3), 36, 90},
		{"load and store 4", loadStore(4), 576, 2520},
		{"locks 2×1", lockRounds(2, 1), 2, 0},
		{"locks 2×4", lockRounds(2, 4), 70, 0},
		{"locks 2×6", lockRounds(2, 6), 924, 0},
		{"locks 3×1", lockRounds(3, 1), 6, 0},
		{"locks 3×2", lockRounds(3, 2), 90, 0},
		{"locks 3×3", lockRounds(3, 3), 1680, 0},
		{"locks 4×1", lockRounds(4, 1), 24, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := explored(t, tc.fn, explore.DPOR(0))
			if r.Traces != tc.traces {
				t.Errorf("DPOR saw %d traces, want %d", r.Traces, tc.traces)
			}
			if r.Executions > r.Traces+r.Traces/2 {
				t.Errorf("DPOR needed %d executions for %d traces", r.Executions, r.Traces)
			}
			t.Logf("%v", r.String())
			s := explored(t, tc.fn, explore.SleepSets(0))
			if s.Traces != tc.traces {
				t.Errorf("sleep sets saw %d traces, want %d", s.Traces, tc.traces)
			}
			if tc.orders > 0 {
				if d := explored(t, tc.fn, explore.Exhaustive(0)); d.Executions != tc.orders {
					t.Errorf("plain search saw %d orders, want %d", d.Executions, tc.orders)
				}
			}
		})
	}
}

// Several workers see the same ends, and hardly more executions.
func TestWorkersShareATree(t *testing.T) {
	for _, workers := range []int{2, 3, 7} {
		for _, ph := range []explore.Phase{explore.DPOR(0), explore.SleepSets(0), explore.Exhaustive(0)} {
			for name, fn := range map[string]func(*explore.Run){"conflicting": conflicting(3, 3), "locks": lockRounds(3, 2)} {
				one := explored(t, fn, ph)
				r := explore.Explore(context.Background(), fn, explore.Plan(ph), explore.CollectAll(), explore.Workers(workers))
				p := r.Certificate.Phases[0]
				if len(r.Findings) > 0 || !p.Exhausted || p.Traces < one.Traces || p.Traces > one.Traces+one.Traces/4 {
					t.Errorf("%s, %v, %d workers: %v %v; with one: %v", name, ph, workers, r.Findings, p.String(), one.String())
				}
			}
		}
	}
}
