package refcount

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/floodgate-go/floodgate/sched"
)

// history runs clients goroutines with ops operations each and returns what
// they saw, for a linearizability checker.
func history(clients, ops int, pick func(rng *rand.Rand) call, do func(call) int, seed uint64) []porcupine.Operation {
	var clock atomic.Int64
	lists := make([][]porcupine.Operation, clients)
	together(clients, func(i int) {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		for range ops {
			k := pick(rng)
			start := clock.Add(1)
			out := do(k)
			lists[i] = append(lists[i], porcupine.Operation{ClientId: i, Input: k, Call: start, Output: out, Return: clock.Add(1)})
		}
	})
	var all []porcupine.Operation
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func checkHistory(t *testing.T, m porcupine.Model, ops []porcupine.Operation) {
	t.Helper()
	switch res := porcupine.CheckOperationsTimeout(m, ops, 20*time.Second); res {
	case porcupine.Illegal:
		t.Helper()
		for _, op := range ops {
			t.Logf("%d: %v [%d, %d] = %v", op.ClientId, op.Input, op.Call, op.Return, op.Output)
		}
		t.Fatal("no order of the operations explains what they returned")
	case porcupine.Unknown:
		t.Helper()
		t.Log("checker ran out of time")
	}
}

func TestF11F13_CountIsLinearizable(t *testing.T) {
	for seed := range uint64(rounds(300)) {
		for _, start := range []int64{1, 3, Max - 1, 0} {
			var c Count
			c.Init(noisy{sched.NewNoise(seed, 3)}, "c", 1)
			poke(&c, start)
			m := porcupine.Model{
				Init: func() any { return int32(start) },
				Step: func(state, in, out any) (bool, any) {
					m := model{v: state.(int32)}
					got := in.(call).model(&m)
					return got == out.(int), m.v
				},
			}
			ops := history(4, 8, func(rng *rand.Rand) call {
				return call{op: calls[rng.IntN(len(calls))], n: 1 + rng.IntN(3), limit: Max}
			}, func(k call) int { return k.do(&c) }, seed)
			checkHistory(t, m, ops)
		}
	}
}

// noisy is noise that takes the reports.
type noisy struct{ *sched.Noise }

func (n noisy) Object(spec sched.Spec) *sched.Object {
	if o := n.Noise.Object(spec); o != nil {
		o.Sched = n
		return o
	}
	// The atomics inside, too: between two of them is where it hurts.
	return &sched.Object{Spec: spec, Sched: n}
}

func (noisy) Report(error) {}

func TestU4U7_ShardedIsLinearizable(t *testing.T) {
	// Each client puts only what it got, so that the program is balanced.
	type state struct {
		n    int
		live bool
	}
	m := porcupine.Model{
		Init: func() any { return state{1, true} },
		Step: func(st, in, out any) (bool, any) {
			s := st.(state)
			ok := out.(int) == 1
			switch in.(call).op {
			case "TryGet":
				if ok != (s.n > 0) {
					return false, s
				}
				s.n += int(truth(ok))
			case "TryGetLive":
				if ok != s.live {
					return false, s
				}
				s.n += int(truth(ok))
			case "Put":
				s.n--
				if ok != (s.n == 0 && !s.live) {
					return false, s
				}
			case "Kill":
				s.live = false
			case "Drop": // of the first reference, the second half of Kill
				s.n--
			case "IsZero":
				return ok == (s.n == 0 && !s.live), s
			case "IsDying":
				return ok == !s.live, s
			}
			return true, s
		},
	}
	for seed := range uint64(rounds(400)) {
		r := newCounted(noisy{sched.NewNoise(seed, 3)}, 0)
		var clock atomic.Int64
		const clients = 4
		lists := make([][]porcupine.Operation, clients+1)
		together(clients, func(i int) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			held := 0
			note := func(list int, op string, start int64, out bool) {
				lists[list] = append(lists[list], porcupine.Operation{
					ClientId: list, Input: call{op: op}, Call: start, Output: int(truth(out)), Return: clock.Add(1)})
			}
			if i == 0 {
				for range rng.IntN(3) {
					start := clock.Add(1)
					note(0, "IsZero", start, r.IsZero())
				}
				start := clock.Add(1)
				var drop int64
				r.KillAndConfirm(func() {
					note(0, "Kill", start, true)
					drop = clock.Add(1)
				})
				note(0, "Drop", drop, true)
				return
			}
			for range 8 {
				start := clock.Add(1)
				switch k := rng.IntN(6); {
				case k < 2 && held > 0:
					note(i, "Put", start, r.Put())
					held--
				case k < 4:
					ok := r.TryGet()
					note(i, "TryGet", start, ok)
					held += int(truth(ok))
				case k == 4:
					ok := r.TryGetLive()
					note(i, "TryGetLive", start, ok)
					held += int(truth(ok))
				default:
					note(i, "IsDying", start, r.IsDying())
				}
			}
			for ; held > 0; held-- {
				start := clock.Add(1)
				note(i, "Put", start, r.Put())
			}
		})
		var all []porcupine.Operation
		for _, l := range lists {
			all = append(all, l...)
		}
		checkHistory(t, m, all)
		if r.releases.Load() != 1 {
			t.Fatal(fmt.Sprint(r.releases.Load()), " releases")
		}
	}
}
