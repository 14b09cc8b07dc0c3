package explore_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// A program is a random small program: what each task does, one word a step.
type program struct {
	tasks [][]string
	sems  []int // permits at the start
}

func (p program) String() string {
	var lines []string
	for _, t := range p.tasks {
		lines = append(lines, strings.Join(t, " "))
	}
	return fmt.Sprintf("semaphores %v: ", p.sems) + strings.Join(lines, " | ")
}

// randomProgram makes a program of 2 or 3 tasks. Locks are nested and given
// back in most programs, and lie about in some.
func randomProgram(r *rand.Rand) program {
	n := 2 + r.IntN(2)
	steps := 5
	if n == 3 {
		steps = 3
	}
	p := program{sems: []int{r.IntN(3), r.IntN(3)}}
	ops := []string{"load x", "load y", "store x", "store y", "add x", "cas x", "cas y",
		"lock m", "unlock m", "trylock m", "lock k", "unlock k",
		"rlock w", "runlock w", "wlock w", "wunlock w",
		"down s", "up s", "trydown s", "down q", "up q", "count s",
		"park 0", "unpark 0", "unpark 1", "cancel", "cpark", "cdown s", "choose", "spin x", "spin y", "grab y"}
	favour := make([]string, 5)
	for i := range favour {
		favour[i] = ops[r.IntN(len(ops))]
	}
	for range n {
		var t []string
		held := map[string]bool{}
		for len(t) < steps {
			op := favour[r.IntN(len(favour))]
			if r.IntN(4) == 0 {
				op = ops[r.IntN(len(ops))]
			}
			verb, obj, _ := strings.Cut(op, " ")
			switch verb {
			case "lock", "wlock", "rlock":
				if held[obj] {
					op = "un" + verb + " " + obj
					if verb == "wlock" {
						op = "wunlock " + obj
					} else if verb == "rlock" {
						op = "runlock " + obj
					}
					held[obj] = false
				} else {
					held[obj] = true
				}
			case "unlock", "wunlock", "runlock":
				continue
			case "trylock":
				if held[obj] {
					continue
				}
			}
			t = append(t, op)
			if op == "rlock w" && held["w"] { // give it back as what it was taken
				t = append(t, "load x", "runlock w")
				held["w"] = false
			} else if op == "wlock w" && held["w"] {
				t = append(t, "store x", "wunlock w")
				held["w"] = false
			}
		}
		for _, obj := range slices.Sorted(maps.Keys(held)) {
			if held[obj] && obj != "w" && r.IntN(8) > 0 {
				t = append(t, "unlock "+obj)
			}
		}
		p.tasks = append(p.tasks, t)
	}
	return p
}

// outcomes explores p and returns all ways in which it ends: what each task saw
// and where each got to.
func (p program) outcomes(t *testing.T, ph explore.Phase, opts ...explore.Option) (map[string]bool, explore.PhaseResult) {
	out := map[string]bool{}
	opts = append(opts, explore.Plan(ph), explore.CollectAll(), explore.MaxSteps(200))
	r := explore.Explore(context.Background(), p.run(out), opts...)
	for _, f := range r.Findings {
		out[f.Signature] = true
		switch f.Kind {
		case explore.Deadlock, explore.LostWakeup, explore.Livelock, explore.Leak:
		default:
			t.Errorf("%v\n%s", p, f.Report(0))
		}
	}
	if len(r.Certificate.Phases) == 0 {
		t.Fatalf("%v: no phase was run: %v", p, r.Findings)
	}
	return out, r.Certificate.Phases[0]
}

func (p program) run(out map[string]bool) func(*explore.Run) {
	var mu sync.Mutex // there may be several workers
	return func(x *explore.Run) {
		s := x.Scheduler()
		vars := map[string]*sched.Int64{"x": cell(x, "x"), "y": cell(x, "y")}
		locks := map[string]*sched.Mutex{"m": mutex(x, "m"), "k": mutex(x, "k")}
		var w sem.RW
		w.Init(s, "w")
		var sm, sq sem.Semaphore
		sm.Init(s, "s", p.sems[0])
		sq.Init(s, "q", p.sems[1])
		sems := map[string]*sem.Semaphore{"s": &sm, "q": &sq}
		var parkers [3]sched.Parker
		for i := range parkers {
			parkers[i].Init(s, sched.Spec{Name: fmt.Sprint("p", i)})
		}
		ctx, cancel := x.WithCancel(context.Background())
		saw := make([][]string, len(p.tasks))
		for i, ops := range p.tasks {
			x.Go(fmt.Sprint("t", i), func() {
				note := func(v any) { saw[i] = append(saw[i], fmt.Sprint(v)) }
				try := false
				for n, op := range ops {
					verb, obj, _ := strings.Cut(op, " ")
					switch verb {
					case "load":
						note(vars[obj].Load())
					case "store":
						vars[obj].Store(int64(10*(i+1) + n))
					case "add":
						note(vars[obj].Add(1))
					case "cas":
						note(vars[obj].CompareAndSwap(0, int64(i+1)))
					case "lock":
						locks[obj].Lock()
					case "unlock":
						locks[obj].Unlock()
					case "trylock":
						if try = locks[obj].TryLock(); try {
							vars["x"].Store(int64(100 + i))
							locks[obj].Unlock()
						}
						note(try)
					case "rlock":
						w.DownRead(context.Background())
					case "runlock":
						w.UpRead()
					case "wlock":
						w.DownWrite(context.Background())
					case "wunlock":
						w.UpWrite()
					case "down":
						sems[obj].Down(context.Background())
					case "cdown":
						note(sems[obj].Down(ctx))
					case "up":
						sems[obj].Up()
					case "trydown":
						note(sems[obj].TryDown())
					case "count":
						note(sems[obj].Count())
					case "park":
						parkers[i].Park(context.Background(), nil)
					case "cpark":
						note(parkers[i].Park(ctx, nil))
					case "unpark":
						note(parkers[int(obj[0]-'0')].Unpark())
					case "cancel":
						cancel()
					case "choose":
						note(x.Choose(2))
					case "spin":
						for vars[obj].Load() == 0 {
							x.Yield()
						}
					case "grab":
						for !vars[obj].CompareAndSwap(0, int64(i+1)) {
							x.Yield()
						}
						note("grabbed")
						vars[obj].Store(0)
					}
				}
			})
		}
		x.Check(func() {
			end := fmt.Sprint(saw, vars["x"].Peek(), vars["y"].Peek(), sm.Count(), sq.Count())
			mu.Lock()
			out[end] = true
			mu.Unlock()
		})
	}
}

// The searches with and without reduction see the same ends of several hundred
// random programs.
func TestSearchesAgree(t *testing.T) {
	n, first := 400, 0
	if testing.Short() {
		n = 100
	}
	if v, err := strconv.Atoi(os.Getenv("EXPLORE_PROGRAMS")); err == nil {
		n, first = v, 1000 // a longer run than the usual one
	}
	var most, sum float64
	var programs, plain, reduced uint64
	for seed := first; seed < first+n; seed++ {
		p := randomProgram(rand.New(rand.NewPCG(uint64(seed), 1)))
		want, all := p.outcomes(t, explore.Exhaustive(0).Most(20_000))
		if !all.Exhausted {
			continue
		}
		for i, ph := range []explore.Phase{explore.SleepSets(0), explore.DPOR(0), explore.DPOR(0)} {
			got, r := p.outcomes(t, ph, explore.Workers(1+i/2*2))
			if !r.Exhausted {
				t.Errorf("seed %d: %v is not exhausted: %v", seed, ph, r.String())
			}
			for o := range want {
				if !got[o] {
					t.Errorf("seed %d: %v misses %q\n%v\n%v", seed, ph, o, p, r.String())
					break
				}
			}
			for o := range got {
				if !want[o] {
					t.Errorf("seed %d: %v invents %q\n%v", seed, ph, o, p)
					break
				}
			}
			if i == 1 {
				programs++
				plain += all.Executions
				reduced += r.Executions
				ratio := float64(r.Executions) / float64(r.Traces)
				sum += ratio
				most = max(most, ratio)
			}
		}
	}
	if programs < uint64(n/2) {
		t.Errorf("only %d of %d programs were small enough", programs, n)
	}
	t.Logf("%d programs: %d executions in plain order, %d with DPOR; executions over traces %.3f in the mean, %.2f at most",
		programs, plain, reduced, sum/float64(programs), most)
}
