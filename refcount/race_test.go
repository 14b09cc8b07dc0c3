package refcount

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// together runs f(0) … f(n-1) at the same time and waits for them.
func together(n int, f func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// rounds is the number of rounds of a race that is not gated.
func rounds(n int) int {
	if testing.Short() {
		return n / 20
	}
	return n
}

// fineCount is a counter whose atomics are steps.
func fineCount(n int) (*Count, *recorder) {
	r := &recorder{fine: true}
	c := new(Count)
	c.Init(r, "c", n)
	return c, r
}

func isUpdate(op opSeen) bool { return op.Kind == sched.Update }

func TestF1_NoOtherValueInBetween(t *testing.T) {
	for _, row := range table43 {
		for i, op := range columns43 {
			c, r := fineCount(1)
			poke(c, row.start)
			r.hook = func(sched.Op) {
				if v := int64(c.Peek()); v != row.start {
					t.Errorf("%s at %d: value %d before a step of it", op, row.start, v)
				}
			}
			call{op: op}.do(c)
			if v := int64(c.Peek()); v != row.value[i] {
				t.Errorf("%s at %d: %d", op, row.start, v)
			}
			updates := 0
			for _, op := range r.done {
				if op.Kind == sched.Update {
					updates++
				}
			}
			if updates > 1 {
				t.Errorf("%s at %d: %d writes", op, row.start, updates)
			}
		}
	}
}

func TestF3_OneTruePerLife(t *testing.T) {
	for range rounds(200) {
		var c Count
		c.Set(64)
		var trues atomic.Int64
		together(64, func(int) {
			if c.DecAndTest() {
				trues.Add(1)
			}
		})
		if trues.Load() != 1 || c.Read() != 0 {
			t.Fatalf("%d trues, value %d", trues.Load(), c.Read())
		}
	}
}

func TestF3_OneTrueAtTheWindow(t *testing.T) {
	// A has read 2 and is about to write 1 when B drops its reference.
	c, r := fineCount(2)
	var b bool
	r.at(isUpdate, func() { b = c.DecAndTest() })
	a := c.DecAndTest()
	if !a || b || c.Peek() != 0 {
		t.Errorf("a %v, b %v, value %d; want true, false, 0", a, b, c.Peek())
	}
}

func TestF4_NoResurrectionAtTheWindow(t *testing.T) {
	// The look-up has read 1 and is about to write 2 when the last
	// reference goes.
	c, r := fineCount(1)
	r.at(isUpdate, func() {
		if !c.DecAndTest() {
			t.Error("the last drop reports false")
		}
	})
	if c.IncNotZero() || c.Peek() != 0 {
		t.Errorf("the dead counter was raised to %d", c.Peek())
	}
	if c.IncNotZero() || c.AddNotZero(3) || c.AddNotZeroLimit(1, 10) || c.Peek() != 0 {
		t.Error("a dead counter was raised")
	}
}

func TestF4_NoResurrection(t *testing.T) {
	for range rounds(100_000) {
		var c Count
		c.Set(1)
		var got, last, again bool
		together(2, func(i int) {
			if i == 0 {
				last = c.DecAndTest()
				return
			}
			if got = c.IncNotZero(); got {
				again = c.DecAndTest()
			}
		})
		switch {
		case got && last == again:
			t.Fatal("both or neither of two drops was the last")
		case !got && !last:
			t.Fatal("nobody released")
		}
	}
}

func TestF7_FaultsUnderRace(t *testing.T) {
	var n atomic.Int64
	defer SetHandler(func(error) { n.Add(1) })()
	var c Count
	poke(&c, Saturated)
	together(8, func(int) {
		for range 100 {
			c.Inc()
		}
	})
	if n.Load() != 800 {
		t.Errorf("%d reports of 800 faults", n.Load())
	}
}

func TestF10_ReleaseOrder(t *testing.T) {
	for range rounds(2000) {
		var c Count
		c.Set(8)
		var wrote [8]int
		together(8, func(i int) {
			wrote[i] = i + 1
			if c.DecAndTest() {
				for j, v := range wrote { // the race detector looks on
					if v != j+1 {
						t.Errorf("holder %d: %d", j, v)
					}
				}
			}
		})
	}
}

func TestF11_DecIfOneAndDecNotOneAtTheWindow(t *testing.T) {
	for _, x := range []struct {
		name   string
		start  int
		a, b   string // b runs when a is about to write
		ra, rb int
		value  int
	}{
		{"not one, 2 becomes 1", 2, "DecNotOne", "DecAndTest", 0, 0, 1},
		{"not one, 2 becomes 3", 2, "DecNotOne", "Inc", 1, 0, 2},
		{"if one, 1 becomes 2", 1, "DecIfOne", "Inc", 0, 0, 2},
		{"if one, 1 becomes 0", 1, "DecIfOne", "DecIfOne", 0, 1, 0},
		{"if one, 1 becomes 0 by test", 1, "DecIfOne", "DecAndTest", 0, 1, 0},
		{"test, 1 becomes 2", 1, "DecAndTest", "IncNotZero", 0, 1, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, r := fineCount(x.start)
			rb := -1
			r.at(isUpdate, func() { rb = call{op: x.b}.do(c) })
			ra := call{op: x.a}.do(c)
			if ra != x.ra || rb != x.rb || c.Peek() != x.value {
				t.Errorf("results %d, %d, value %d; want %d, %d, %d", ra, rb, c.Peek(), x.ra, x.rb, x.value)
			}
		})
	}
}

func TestF11_Contended(t *testing.T) {
	for range rounds(5000) {
		var c Count
		c.Set(2)
		var ok [2]bool
		together(2, func(i int) { ok[i] = c.DecNotOne() })
		if ok[0] == ok[1] || c.Read() != 1 {
			t.Fatalf("DecNotOne at 2: %v, value %d", ok, c.Read())
		}
		together(2, func(i int) { ok[i] = c.DecIfOne() })
		if ok[0] == ok[1] || c.Read() != 0 {
			t.Fatalf("DecIfOne at 1: %v, value %d", ok, c.Read())
		}
	}
}

func TestF12_OverflowAtTheWindow(t *testing.T) {
	// A has read MAX and is about to saturate when B makes room.
	c, r := fineCount(Max)
	r.at(isUpdate, func() { c.DecAndTest() })
	c.Inc()
	if c.Peek() != Max || len(r.take()) != 0 {
		t.Errorf("value %d, want MAX without a fault", c.Peek())
	}
	// A has read MAX−1 and is about to write MAX when B overflows.
	c, r = fineCount(Max - 1)
	r.at(isUpdate, func() { c.Inc(); c.Inc() })
	c.Inc()
	if c.Peek() != Saturated || len(r.take()) != 2 {
		t.Errorf("value %d, want saturated with a fault for each", c.Peek())
	}
}

func TestF12F13_NoGoodValueAfterOverflow(t *testing.T) {
	for range rounds(40) {
		var c Count
		c.Init(dropper{}, "c", Max-50)
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			saturated := false
			for !stop.Load() {
				switch v := c.Read(); {
				case v == Saturated:
					saturated = true
				case v < Max-400 || v > Max:
					t.Errorf("read %d, which no operation makes", v)
					return
				case saturated:
					t.Errorf("read %d after saturation", v)
					return
				}
				runtime.Gosched()
			}
		})
		together(4, func(i int) {
			for range 100 {
				if i == 3 {
					c.DecAndTest()
				} else {
					c.Inc()
				}
			}
		})
		stop.Store(true)
		wg.Wait()
		if c.Read() != Saturated {
			t.Fatalf("value %d after overflow", c.Read())
		}
	}
}

func TestG1_ZeroValues(t *testing.T) {
	defer SetHandler(func(error) {})()
	var c Count
	var r Ref
	var d *Dir
	var tr *Tracker
	var s Sharded
	var w Weak[int]
	var h Handle[int]
	together(64, func(int) {
		if c.IncNotZero() || c.Read() != 0 || c.DecIfOne() {
			t.Error("the zero Count is not dead")
		}
		if r.GetUnlessZero() || r.Read() != 0 {
			t.Error("the zero Ref is not dead")
		}
		if d.Alloc() != nil || tr.Free() != nil || d.Exit() != nil {
			t.Error("the nil Dir does something")
		}
		if s.TryGet() || s.TryGetLive() || !s.IsZero() || !s.IsDying() {
			t.Error("the zero Sharded is not dead")
		}
		if w.TryGet() != nil || h.Value() != nil || h.Alive() {
			t.Error("the zero handles are handles of something")
		}
	})
}

func TestG2_Copies(t *testing.T) {
	isCopied := func(what string, f func()) {
		t.Helper()
		if e, ok := mustPanic(t, f).(*CopiedError); !ok {
			t.Errorf("%s: panic %v", what, e)
		}
	}
	for _, s := range []sched.Scheduler{nil, dropper{}, new(recorder)} {
		// Through a pointer of another type, so that vet does not see it.
		c := new(Count)
		if s != nil {
			c.Init(s, "c", 1)
		} else {
			c.Set(1)
		}
		d := clone(c)
		isCopied("Inc", func() { d.Inc() })
		isCopied("IncNotZero", func() { d.IncNotZero() })
		isCopied("DecAndTest", func() { d.DecAndTest() })
		isCopied("Dec", func() { d.Dec() })
		isCopied("Read", func() { d.Read() })
		isCopied("Set", func() { d.Set(1) })
		r := new(Ref)
		r.Init(s, "r")
		isCopied("Ref", func() { clone(r).Get() })
		x := NewShared(s, "x", 0, nil)
		isCopied("Shared", func() { clone(x).Get() })
		y := NewSharded(s, "y", func() {}, 0)
		isCopied("Sharded.Put", func() { clone(y).Put() })
		isCopied("Sharded.Kill", func() { clone(y).Kill() })
		isCopied("Sharded.IsZero", func() { clone(y).IsZero() })
	}
	dir := NewDir("d", 0)
	isCopied("Dir", func() { clone(dir).Alloc() })
	pool := NewPool[int](nil, "p", nil)
	isCopied("Pool", func() { clone(pool).Get() })
	h := pool.Get()
	mustPanic(t, func() { clone(pool).Put(h) })
}

func clone[T any](p *T) *T {
	q := new(T)
	*q = *p
	return q
}

func TestG9_NoAllocations(t *testing.T) {
	var c Count
	c.Set(1)
	var r Ref
	r.Init(nil, "r")
	x := NewShared(nil, "x", 0, nil)
	y := NewSharded(nil, "y", func() {}, 0)
	f := NewFrame(nil, "f", 0)
	task := sched.NewTask("t", sched.TaskConfig{})
	var mu sync.Mutex
	released := 0
	for name, f := range map[string]func(){
		"Count":   func() { c.Inc(); c.DecAndTest(); c.IncNotZero(); c.DecNotOne(); c.Read() },
		"Ref":     func() { r.Get(); r.Put(func() { released++ }) },
		"PutLock": func() { r.Get(); r.PutLock(&mu, func() { released++ }) },
		"Shared":  func() { x.Get(); x.Value(); x.Put() },
		"by task": func() { x.Get(task); x.Value(task); x.Put(task) },
		"Sharded": func() { y.Get(); y.Put() },
		"Frame":   func() { f.Value() },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if released != 0 {
		t.Error("released")
	}
}
