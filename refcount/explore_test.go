package refcount_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
)

// every explores each order of the atomics and locks inside what fn uses.
func every(t *testing.T, fn func(x *explore.Run)) {
	t.Helper()
	explore.Test(t, fn, explore.Fine(), explore.Plan(explore.DPOR(20*time.Second)))
}

func TestF3F4_Explored(t *testing.T) {
	every(t, func(x *explore.Run) {
		var c refcount.Count
		c.Init(x.Scheduler(), "c", 2)
		trues, got := 0, false
		drop := func() {
			if c.DecAndTest() {
				trues++
			}
		}
		x.Go("a", drop)
		x.Go("b", drop)
		x.Go("look-up", func() {
			if got = c.IncNotZero(); got {
				drop()
			}
		})
		x.Check(func() {
			if trues != 1 || c.Peek() != 0 {
				x.Errorf("%d trues, value %d, looked up %v", trues, c.Peek(), got)
			}
		})
	})
}

func TestF11_Explored(t *testing.T) {
	every(t, func(x *explore.Run) {
		var c refcount.Count
		c.Init(x.Scheduler(), "c", 2)
		var drops, lasts [3]int // of each task
		drop := func(i int) {
			switch {
			case c.DecNotOne():
				drops[i]++
			case c.DecIfOne():
				drops[i]++
				lasts[i]++
			}
		}
		x.Go("a", func() { drop(0) })
		x.Go("b", func() { drop(1) })
		x.Go("c", func() {
			if c.IncNotZero() {
				drops[2]--
				drop(2)
			}
		})
		x.Check(func() {
			dropped, last := drops[0]+drops[1]+drops[2], lasts[0]+lasts[1]+lasts[2]
			if v := c.Peek(); v != 2-dropped || last > 1 || (v == 0) != (last == 1) {
				x.Errorf("value %d after %d drops, %d last ones", v, dropped, last)
			}
		})
	})
}

func TestK4D2D6_Explored(t *testing.T) {
	every(t, func(x *explore.Run) {
		var mu sched.Mutex
		mu.Init(x.Scheduler(), sched.Spec{Name: "table", Inner: true})
		var r refcount.Ref
		r.Init(x.Scheduler(), "object")
		r.Get()
		published, releases := true, 0
		put := func() {
			r.PutLock(&mu, func() {
				releases++
				published = false
				mu.Unlock()
			})
		}
		x.Go("a", put)
		x.Go("b", put)
		x.Go("look-up", func() {
			mu.Lock()
			found := published
			if found {
				r.Get() // not unless zero: the lock must be enough
			}
			mu.Unlock()
			if found {
				put()
			}
		})
		x.Check(func() {
			if releases != 1 || published {
				x.Errorf("%d releases, published %v", releases, published)
			}
		})
	})
}

func TestU2U5U7_Explored(t *testing.T) {
	every(t, func(x *explore.Run) {
		releases := 0
		var confirmed sched.Int64
		confirmed.Init(x.Scheduler(), sched.Spec{Name: "confirmed"})
		r := refcount.NewSharded(x.Scheduler(), "r", func() { releases++ }, 0)
		r.Get()
		x.Go("kill", func() {
			r.KillAndConfirm(func() {
				confirmed.Store(1)
				if releases != 0 {
					x.Errorf("confirmed after release")
				}
			})
			if r.TryGetLive() {
				x.Errorf("TryGetLive after Kill")
			}
		})
		x.Go("put", func() { r.Put() })
		x.Go("get", func() {
			after := confirmed.Load() == 1
			live := r.TryGetLive()
			if live && after {
				x.Errorf("TryGetLive after confirm")
			}
			if live {
				r.Put()
			}
		})
		x.Check(func() {
			if releases != 1 || !r.IsZero() {
				x.Errorf("%d releases", releases)
			}
		})
	})
}

func TestU8_Explored(t *testing.T) {
	every(t, func(x *explore.Run) {
		releases := 0
		var won [2]int
		r := refcount.NewSharded(x.Scheduler(), "r", func() { releases++ }, 0)
		kill := func(i int) {
			defer func() {
				switch e := recover().(type) {
				case nil:
				case *refcount.StateError: // the other one won
				default:
					panic(e)
				}
			}()
			r.Kill()
			won[i]++
		}
		x.Go("a", func() { kill(0) })
		x.Go("b", func() { kill(1) })
		x.Check(func() {
			if won[0]+won[1] != 1 || releases != 1 {
				x.Errorf("%v Kills won, %d releases", won, releases)
			}
		})
	})
}

func TestU11_Explored(t *testing.T) {
	every(t, func(x *explore.Run) {
		releases := 0
		r := refcount.NewSharded(x.Scheduler(), "r", func() { releases++ }, 0)
		x.Go("switch", func() {
			r.SwitchToAtomic()
			r.SwitchToSharded()
		})
		x.Go("use", func() {
			r.Get()
			r.Put()
		})
		x.Check(func() {
			r.Kill()
			if releases != 1 {
				x.Errorf("%d releases", releases)
			}
		})
	})
}

// lookup is the pointer of the founding story: one task publishes a record and
// clears it, others follow the pointer.
func lookup(x *explore.Run, underLock bool) {
	s := x.Scheduler()
	var mu sched.Mutex
	mu.Init(s, sched.Spec{Name: "lock"})
	var slot sched.Pointer[refcount.Shared[int]]
	slot.Init(s, sched.Spec{Name: "d_fsdata"})
	rec := refcount.NewShared(s, "lookup_struct", 7, nil)
	slot.Store(rec)
	x.Go("looker", func() {
		mu.Lock()
		slot.Store(nil)
		mu.Unlock()
		rec.Put()
	})
	x.Go("waiter", func() {
		if underLock {
			mu.Lock()
		}
		p := slot.Load()
		if p != nil {
			p.Get()
		}
		if underLock {
			mu.Unlock()
		}
		if p != nil {
			p.Value()
			p.Put()
		}
	})
}

func TestX3_Explored(t *testing.T) {
	explore.Test(t, func(x *explore.Run) { lookup(x, true) })
	r := explore.Explore(context.Background(), func(x *explore.Run) { lookup(x, false) })
	if len(r.Findings) == 0 || !strings.Contains(r.Findings[0].Message, `"lookup_struct" got after its end`) {
		t.Errorf("a reference taken outside the lock: findings %v", r.Findings)
	}
}

func TestFrame_DeadFrameIsFound(t *testing.T) {
	for _, fine := range []bool{false, true} {
		var opts []explore.Option
		if fine {
			opts = append(opts, explore.Fine())
		}
		r := explore.Explore(context.Background(), func(x *explore.Run) {
			var slot sched.Var[refcount.Life[int]]
			slot.Init(x.Scheduler(), sched.Spec{Name: "d_fsdata"})
			x.Go("looker", func() {
				info := refcount.NewFrame(x.Scheduler(), "lookup_info", 7)
				slot.Store(info)
				slot.Store(nil)
				info.End()
			})
			x.Go("waiter", func() {
				if p := slot.Load(); p != nil {
					p.Value()
				}
			})
		}, opts...)
		if len(r.Findings) == 0 || !strings.Contains(r.Findings[0].Message, `frame "lookup_info" touched after its end`) {
			t.Errorf("fine %v: findings %v", fine, r.Findings)
		}
	}
}
