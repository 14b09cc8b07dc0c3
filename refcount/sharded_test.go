package refcount

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/floodgate-go/floodgate/sched"
)

// counted is a Sharded that counts its releases.
type counted struct {
	*Sharded
	releases atomic.Int64
}

func newCounted(s sched.Scheduler, flags ShardedFlag) *counted {
	c := new(counted)
	c.Sharded = NewSharded(s, "s", func() { c.releases.Add(1) }, flags)
	return c
}

// sum is the number of references, for tests in which nothing else runs.
func (c *counted) sum() int64 {
	v := c.central.Peek()
	if isLive(v) {
		v -= live
	}
	for i := range c.stripes {
		v += c.stripes[i].Peek() >> 1
	}
	return v
}

// everywhere runs f on plain goroutines, at coarse and at fine grain.
func everywhere(t *testing.T, f func(t *testing.T, s sched.Scheduler)) {
	for name, s := range map[string]sched.Scheduler{
		"goroutines": nil, "taker": new(taker), "coarse": new(recorder), "fine": &recorder{fine: true},
	} {
		t.Run(name, func(t *testing.T) { f(t, s) })
	}
}

func wantState(t *testing.T, state string, f func()) {
	t.Helper()
	e, ok := mustPanic(t, f).(*StateError)
	if !ok || e.State != state {
		t.Helper()
		t.Errorf("panic %v, want state %q", e, state)
	}
}

func TestU1_StripesMayBeNegative(t *testing.T) {
	r := newCounted(&recorder{fine: true}, 0)
	for range 5 {
		r.Get() // on the first stripe
	}
	for range 5 {
		r.Put() // on the last
	}
	if a, b := r.stripes[0].Peek(), r.stripes[1].Peek(); a != 5*stripeOne || b != -5*stripeOne {
		t.Fatalf("stripes %d, %d", a, b)
	}
	if r.sum() != 1 || r.releases.Load() != 0 {
		t.Errorf("sum %d, %d releases", r.sum(), r.releases.Load())
	}
	r.Kill()
	if r.releases.Load() != 1 || !r.IsZero() {
		t.Errorf("%d releases after Kill", r.releases.Load())
	}
}

func TestU1_GetHerePutThere(t *testing.T) {
	r := newCounted(nil, 0)
	const n, tokens = 8, 2000
	c := make(chan struct{}, 64)
	together(2*n, func(i int) {
		for range tokens {
			if i < n {
				r.Get()
				c <- struct{}{}
			} else {
				<-c
				r.Put()
			}
		}
	})
	if r.sum() != 1 {
		t.Errorf("sum %d", r.sum())
	}
	r.Kill()
	if r.releases.Load() != 1 {
		t.Errorf("%d releases", r.releases.Load())
	}
}

func TestU2_ReleaseOnceAfterKill(t *testing.T) {
	for range rounds(2000) {
		r := newCounted(nil, 0)
		var early atomic.Bool
		var killed atomic.Bool
		together(4, func(i int) {
			if i == 0 {
				killed.Store(true)
				r.Kill()
				return
			}
			for range 20 {
				if !r.TryGet() {
					return
				}
				if r.releases.Load() != 0 && !killed.Load() {
					early.Store(true)
				}
				r.Put()
			}
		})
		if r.releases.Load() != 1 || early.Load() || !r.IsZero() {
			t.Fatalf("%d releases, early %v, zero %v", r.releases.Load(), early.Load(), r.IsZero())
		}
	}
}

func TestU2_WhoReleases(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		r := newCounted(s, 0)
		r.GetN(3)
		r.Kill()
		if r.PutN(2) || r.releases.Load() != 0 || r.IsZero() {
			t.Error("released with a reference left")
		}
		if !r.Put() || r.releases.Load() != 1 || !r.IsZero() {
			t.Error("the last Put does not release")
		}
		q := newCounted(s, 0)
		q.Kill()
		if q.releases.Load() != 1 {
			t.Error("Kill with no other reference does not release")
		}
	})
}

func TestU3_NoReleaseBeforeKill(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		for _, flags := range []ShardedFlag{0, InitAtomic} {
			r := newCounted(s, flags)
			for range 3 { // the sum passes zero
				if r.Put() {
					t.Error("a Put before Kill releases")
				}
			}
			r.GetN(3)
			if r.releases.Load() != 0 || r.IsZero() || r.IsDying() {
				t.Error("ended before Kill")
			}
			r.Kill()
			if r.releases.Load() != 1 {
				t.Error("not released at Kill")
			}
		}
	})
}

func TestU4_TryGetWhileThereIsOne(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		r := newCounted(s, 0)
		r.Get()
		r.Kill()
		if !r.TryGet() || !r.TryGetN(2) {
			t.Error("TryGet with a holder left")
		}
		r.PutN(3)
		if r.releases.Load() != 0 || !r.Put() {
			t.Error("the last holder does not release")
		}
		if r.TryGet() || r.TryGetN(2) || r.TryGetLive() {
			t.Error("TryGet at zero")
		}
		if r.releases.Load() != 1 {
			t.Errorf("%d releases", r.releases.Load())
		}
	})
}

func TestU5U7_TryGetLiveAfterConfirmAndKill(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		r := newCounted(s, 0)
		r.Get()
		if !r.TryGetLive() {
			t.Error("TryGetLive before Kill")
		}
		r.Put()
		confirmed := 0
		r.KillAndConfirm(func() {
			confirmed++
			if r.TryGetLive() {
				t.Error("TryGetLive in confirm")
			}
			if !r.IsDying() {
				t.Error("not dying in confirm")
			}
		})
		if confirmed != 1 || r.TryGetLive() {
			t.Errorf("confirmed %d times; or TryGetLive after Kill", confirmed)
		}
		if !r.TryGet() {
			t.Error("TryGet with a holder left")
		}
		r.PutN(2)
		if r.releases.Load() != 1 {
			t.Error("not released")
		}
	})
}

func TestU5_TryGetLiveUnderRace(t *testing.T) {
	for range rounds(2000) {
		r := newCounted(nil, 0)
		var confirmed atomic.Bool
		together(3, func(i int) {
			if i == 0 {
				r.KillAndConfirm(func() { confirmed.Store(true) })
				return
			}
			for {
				after := confirmed.Load()
				got := r.TryGetLive()
				if got {
					r.Put()
				}
				if after {
					if got {
						t.Error("TryGetLive after confirm")
					}
					return
				}
				runtime.Gosched()
			}
		})
		if r.releases.Load() != 1 {
			t.Fatalf("%d releases", r.releases.Load())
		}
	}
}

func TestU5U6_WhileTheStripesClose(t *testing.T) {
	// The killer is held before each of its atomics in turn, while somebody
	// takes a reference and somebody drops one.
	for window := 0; ; window++ {
		f := &recorder{fine: true}
		r := newCounted(f, 0)
		r.GetN(2)
		confirmed, seen := false, false
		want := int64(2)
		f.at(func(op opSeen) bool { return op.n == window }, func() {
			seen = true
			if confirmed {
				return
			}
			r.Put()
			want--
			if r.TryGetLive() {
				want++
			} else if !r.IsDying() {
				t.Errorf("window %d: TryGetLive fails on a live count", window)
			}
		})
		r.KillAndConfirm(func() {
			confirmed = true
			for i := range r.stripes {
				if r.stripes[i].Peek()&stripeClosed == 0 {
					t.Errorf("window %d: confirmed with stripe %d open", window, i)
				}
			}
			if r.releases.Load() != 0 {
				t.Errorf("window %d: confirmed after release", window)
			}
		})
		if !seen {
			if window < 8 {
				t.Errorf("only %d windows", window)
			}
			return
		}
		if got := r.sum(); got != want || r.releases.Load() != 0 {
			t.Fatalf("window %d: %d references, want %d; %d releases", window, got, want, r.releases.Load())
		}
		r.PutN(int(want))
		if r.releases.Load() != 1 || !r.IsZero() || len(f.take()) != 0 {
			t.Fatalf("window %d: %d releases", window, r.releases.Load())
		}
	}
}

func TestU6_ConfirmOnce(t *testing.T) {
	for range rounds(1000) {
		r := newCounted(nil, 0)
		r.Get()
		var order []string // confirm happens before release
		r.Sharded.release = func() { order = append(order, "release") }
		together(2, func(i int) {
			if i == 0 {
				r.KillAndConfirm(func() { order = append(order, "confirm") })
			} else {
				r.Put()
			}
		})
		if len(order) != 2 || order[0] != "confirm" {
			t.Fatalf("order %v", order)
		}
	}
}

func TestU8_SecondKill(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		r := newCounted(s, 0)
		r.Get()
		r.Kill()
		wantState(t, "killed", r.Kill)
		wantState(t, "killed", func() { r.KillAndConfirm(func() { t.Error("confirmed") }) })
		if r.sum() != 1 || r.releases.Load() != 0 {
			t.Error("the second Kill dropped something")
		}
	})
	for range rounds(2000) {
		r := newCounted(nil, 0)
		var won atomic.Int64
		together(2, func(int) {
			defer func() {
				if e := recover(); e != nil && e.(*StateError).State != "killed" {
					t.Error(e)
				}
			}()
			r.Kill()
			won.Add(1)
		})
		if won.Load() != 1 || r.releases.Load() != 1 {
			t.Fatalf("%d Kills won, %d releases", won.Load(), r.releases.Load())
		}
	}
}

func TestU9U10_ResurrectAndReinit(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		r := newCounted(s, 0)
		wantState(t, "live", r.Resurrect)
		wantState(t, "live", r.Reinit)
		r.Get()
		r.Kill()
		wantState(t, "in use", r.Reinit)
		r.Resurrect()
		if r.IsDying() || r.IsZero() || r.sum() != 2 || !r.TryGetLive() {
			t.Errorf("after Resurrect: sum %d", r.sum())
		}
		r.PutN(2)
		r.Kill()
		if r.releases.Load() != 1 || !r.IsZero() {
			t.Errorf("second life: %d releases", r.releases.Load())
		}
		r.Reinit()
		r.Get()
		if r.IsZero() || r.sum() != 2 {
			t.Errorf("after Reinit: sum %d", r.sum())
		}
		r.Put()
		r.Kill()
		if r.releases.Load() != 2 {
			t.Errorf("third life: %d releases", r.releases.Load())
		}
	})
}

func TestU10_InitDead(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		r := newCounted(s, InitDead)
		if !r.IsDying() || !r.IsZero() || r.TryGet() {
			t.Error("not dead")
		}
		wantState(t, "killed", r.Kill)
		r.Reinit()
		if r.IsDying() || !r.TryGetLive() {
			t.Error("not live")
		}
		if r.stripes[0].Peek()&stripeClosed != 0 {
			t.Error("not sharded after Reinit")
		}
		r.Put()
		r.Kill()
		if r.releases.Load() != 1 {
			t.Error("not released")
		}
	})
}

func TestU11_SwitchesAtEachWindow(t *testing.T) {
	// Whatever one switch or Kill does, the others run in full before each
	// of its atomics in turn.
	for window := 0; window < 40; window++ {
		for _, first := range []string{"atomic", "sharded"} {
			f := &recorder{fine: true}
			r := newCounted(f, 0)
			if first == "sharded" {
				r.SwitchToAtomic()
			}
			r.Get()
			f.at(func(op opSeen) bool { return op.n == window }, func() {
				r.Get()
				r.Put()
				r.Get()
			})
			if first == "atomic" {
				r.SwitchToAtomic()
			} else {
				r.SwitchToSharded()
			}
			ran := f.hook == nil
			f.hook = nil
			if want := 2 + truth(ran); r.sum() != want {
				t.Fatalf("window %d, to %s: sum %d, want %d", window, first, r.sum(), want)
			}
			r.Put()
			if ran {
				r.Put()
			}
			r.Kill()
			if r.releases.Load() != 1 || len(f.take()) != 0 {
				t.Fatalf("window %d, to %s: %d releases", window, first, r.releases.Load())
			}
		}
	}
}

func TestU11_SwitchesUnderStorm(t *testing.T) {
	for seed := range uint64(rounds(100)) {
		r := newCounted(nil, 0)
		together(4, func(i int) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			for range 200 {
				if i == 0 {
					switch rng.IntN(3) {
					case 0:
						r.SwitchToAtomic()
					case 1:
						r.SwitchToSharded()
					case 2:
						r.Get()
						r.Kill()
						r.Resurrect()
						r.Put()
					}
					continue
				}
				if r.TryGet() {
					r.Put()
				} else {
					t.Error("TryGet with references left")
				}
			}
		})
		if r.sum() != 1 || r.releases.Load() != 0 {
			t.Fatalf("sum %d, %d releases", r.sum(), r.releases.Load())
		}
		r.Kill()
		if r.releases.Load() != 1 {
			t.Fatalf("%d releases", r.releases.Load())
		}
	}
}

func TestU11_AtomicIsSticky(t *testing.T) {
	r := newCounted(nil, InitAtomic)
	open := func() bool { return r.stripes[0].Peek()&stripeClosed == 0 }
	if open() {
		t.Error("InitAtomic is sharded")
	}
	r.Kill()
	r.Reinit()
	if open() {
		t.Error("sharded after Reinit")
	}
	r.Kill()
	r.SwitchToSharded()
	if open() {
		t.Error("stripes of a killed count are open")
	}
	r.Reinit()
	if !open() {
		t.Error("not sharded after SwitchToSharded and Reinit")
	}
	r.SwitchToAtomic()
	r.SwitchToAtomic()
	if open() || r.sum() != 1 {
		t.Error("SwitchToAtomic")
	}
}

func TestU12_Imbalance(t *testing.T) {
	for _, end := range []string{"Kill", "SwitchToAtomic"} {
		for _, grain := range []bool{false, true} {
			f := &recorder{fine: grain}
			r := newCounted(f, 0)
			r.Get()
			r.Put()
			r.Put() // one too many
			if end == "Kill" {
				r.Kill()
			} else {
				r.SwitchToAtomic()
			}
			list := f.take()
			if len(list) != 1 || list[0].(*Fault).Kind != SubUAF || list[0].(*Fault).Op != end || list[0].(*Fault).Old != 0 {
				t.Errorf("%s: reports %v", end, list)
			}
			r.Get()
			r.Put()
			r.Put()
			if r.releases.Load() != 0 || r.IsZero() || len(f.take()) != 0 {
				t.Errorf("%s: the object was released", end)
			}
		}
	}
}

func TestU12_OneTooManyAfterTheEnd(t *testing.T) {
	f := new(taker)
	r := newCounted(f, 0)
	r.Kill()
	r.Put()
	r.Get()
	if kinds := f.take(); !sameKinds(kinds, SubUAF) || r.releases.Load() != 1 {
		t.Errorf("faults %v, %d releases", kinds, r.releases.Load())
	}
	q := newCounted(f, 0)
	q.Kill()
	q.Get()
	if kinds := f.take(); !sameKinds(kinds, AddUAF) || q.Put() || q.releases.Load() != 1 {
		t.Errorf("Get at zero: faults %v", kinds)
	}
}

func TestU13_UseAfterExit(t *testing.T) {
	everywhere(t, func(t *testing.T, s sched.Scheduler) {
		for name, use := range map[string]func(r *counted){
			"Get":             func(r *counted) { r.Get() },
			"TryGet":          func(r *counted) { r.TryGet() },
			"TryGetLive":      func(r *counted) { r.TryGetLive() },
			"Put":             func(r *counted) { r.Put() },
			"Kill":            func(r *counted) { r.Kill() },
			"SwitchToAtomic":  func(r *counted) { r.SwitchToAtomic() },
			"SwitchToSharded": func(r *counted) { r.SwitchToSharded() },
			"Resurrect":       func(r *counted) { r.Resurrect() },
			"Reinit":          func(r *counted) { r.Reinit() },
			"IsZero":          func(r *counted) { r.IsZero() },
			"IsDying":         func(r *counted) { r.IsDying() },
			"Exit":            func(r *counted) { r.Exit() },
		} {
			for _, kill := range []bool{false, true} {
				r := newCounted(s, 0)
				if kill {
					r.Kill()
				}
				r.Exit()
				releases := r.releases.Load()
				wantState(t, "exited", func() { use(r) })
				if r.releases.Load() != releases {
					t.Errorf("%s released", name)
				}
			}
		}
	})
}

func TestU13_ExitDuringASwitch(t *testing.T) {
	for _, end := range []func(*counted){
		func(r *counted) { r.Kill() },
		func(r *counted) { r.SwitchToAtomic() },
	} {
		f := &recorder{fine: true}
		r := newCounted(f, 0)
		f.at(isUpdate, func() { wantState(t, "switching", r.Exit) })
		end(r)
		if f.hook != nil {
			t.Error("no window")
		}
		r.Exit()
	}
}

func TestU14_NoSharedCacheLine(t *testing.T) {
	r := newCounted(nil, 0)
	const line = 128 // with the neighbour that the processor fetches, too
	if size := unsafe.Sizeof(r.stripes[0]); size < line {
		t.Errorf("a stripe has %d bytes", size)
	}
	if n := len(r.stripes); n < 4 || n&(n-1) != 0 {
		t.Errorf("%d stripes", n)
	}
	before := r.central.Peek()
	together(8, func(int) {
		for range 1000 {
			r.Get()
			r.Put()
		}
	})
	if r.central.Peek() != before {
		t.Error("sharded references touched the central count")
	}
	if r.sum() != 1 {
		t.Errorf("sum %d", r.sum())
	}
}

func TestShardedSteps(t *testing.T) {
	r := new(recorder)
	x := newCounted(r, 0)
	x.Get()
	x.TryGet()
	x.TryGetLive()
	x.PutN(3)
	x.Kill()
	x.TryGet()
	x.IsZero()
	x.Reinit()
	want := "count.get count.get count.get count.put count.close count.put count.get count.inspect count.update"
	if got := r.kinds(); got != want {
		t.Errorf("steps %s, want %s", got, want)
	}
}
