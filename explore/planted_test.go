package explore_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// chain has a bug of depth d: a flag goes wrong only if d steps of two tasks
// come in one order, each right after the other.
func chain(d int) func(*explore.Run) {
	return func(x *explore.Run) {
		v := cell(x, "v")
		turn := func(from int) func() {
			return func() {
				for i := from; i < d; i += 2 {
					if v.Load() == int64(i) {
						v.Store(int64(i + 1))
					}
				}
			}
		}
		x.Go("even", turn(0))
		x.Go("odd", turn(1))
		x.Check(func() {
			if v.Peek() == int64(d) {
				x.Errorf("all %d in order", d)
			}
		})
	}
}

// ordered has a bug of depth 2 among noise: use comes before the init of
// another task, which has other things to do first.
func ordered(x *explore.Run) {
	ready, noise := cell(x, "ready"), cell(x, "noise")
	x.Go("use", func() {
		if ready.Load() == 0 {
			x.Errorf("used before it was ready")
		}
	})
	x.Go("init", func() {
		ready.Store(1)
		for range 5 {
			noise.Add(1)
		}
	})
}

// atomicity has a bug of depth 3: a write falls between a test and the use.
func atomicity(x *explore.Run) {
	p, noise := cell(x, "p"), cell(x, "noise")
	p.Store(1)
	x.Go("user", func() {
		for range 4 {
			noise.Add(1)
		}
		if p.Load() != 0 && p.Load() == 0 {
			x.Errorf("gone between test and use")
		}
	})
	x.Go("killer", func() {
		for range 4 {
			noise.Add(1)
		}
		p.Store(0)
	})
}

// dining is n philosophers who all take the left fork first.
func dining(n int) func(*explore.Run) {
	return func(x *explore.Run) {
		forks := make([]*sched.Mutex, n)
		for i := range forks {
			forks[i] = mutex(x, fmt.Sprint("fork", i))
		}
		for i := range n {
			x.Go(fmt.Sprint("p", i), func() {
				a, b := forks[i], forks[(i+1)%n]
				a.Lock()
				pass(b)
				a.Unlock()
			})
		}
	}
}

// Every strategy finds every bug that is within its reach.
func TestPlantedBugs(t *testing.T) {
	bugs := []struct {
		name        string
		fn          func(*explore.Run)
		kind        explore.Kind
		depth       int
		preemptions int
	}{
		{"order", ordered, explore.Failure, 2, 0},
		{"atomicity", atomicity, explore.Failure, 3, 1},
		{"lost update", lostUpdate, explore.Broken, 2, 1},
		{"chain of 3", chain(3), explore.Broken, 3, 1},
		{"chain of 4", chain(4), explore.Broken, 4, 2},
		{"chain of 6", chain(6), explore.Broken, 6, 4},
		{"AB-BA", abba, explore.Deadlock, 2, 1},
		{"three philosophers", dining(3), explore.Deadlock, 3, 1},
		{"five philosophers", dining(5), explore.Deadlock, 5, 1},
		{"lost wake-up", lostWakeup, explore.LostWakeup, 2, 1},
	}
	for _, bug := range bugs {
		plans := map[string]explore.Phase{
			"POS":   explore.POS(20_000),
			"DPOR":  explore.DPOR(0),
			"sleep": explore.SleepSets(0),
			"bound": explore.Preemptions(bug.preemptions, 0),
		}
		if bug.depth < 6 { // the chance of more is below one in a million
			plans["PCT"] = explore.PCT(bug.depth, 50_000)
			plans["uniform"] = explore.Uniform(50_000)
		}
		if bug.depth < 5 {
			plans["exhaustive"] = explore.Exhaustive(0)
		}
		for name, plan := range plans {
			t.Run(bug.name+"/"+name, func(t *testing.T) {
				f := only(t, bug.fn, explore.Plan(plan))
				if f.Kind != bug.kind {
					t.Errorf("found %v, want %v", f, bug.kind)
				}
				t.Logf("in execution %d: %v", f.Execution, f.Schedule)
			})
		}
		if bug.preemptions > 0 {
			t.Run(bug.name+"/out of bound", func(t *testing.T) {
				r := explore.Explore(context.Background(), bug.fn, explore.Plan(explore.Preemptions(bug.preemptions-1, 0)))
				if len(r.Findings) > 0 || !r.Certificate.Phases[0].Exhausted {
					t.Errorf("with %d preemptions: %v, %v", bug.preemptions-1, r.Findings, r.Certificate.String())
				}
			})
		}
	}
}

// Memory is bounded by the length of an execution, not by how many there are.
func TestMemoryDoesNotGrow(t *testing.T) {
	if raceDetector || testing.Short() {
		t.Skip("counts allocated memory, for a second")
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	n := 0
	explore.Explore(context.Background(), func(x *explore.Run) {
		if n++; n == 20_000 {
			early = heap()
		} else if n == 360_000 {
			late = heap()
		}
		conflicting(4, 3)(x)
	}, explore.Plan(explore.DPOR(0)), explore.CollectAll(), explore.Watchdog(time.Minute))
	if late == 0 || late > early+64<<10 {
		t.Errorf("%d bytes in use after 20 000 executions, %d after 360 000", early, late)
	}
}
