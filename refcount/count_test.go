package refcount

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// taker is plain goroutines, with the reports taken: no step is watched, so the
// fast paths run.
type taker struct {
	sched.Goroutines
	faults []error
}

func (r *taker) Report(err error) { r.faults = append(r.faults, err) }

// take returns the kinds of the counter faults so far and forgets them.
func (r *taker) take() (kinds []FaultKind) {
	for _, err := range r.faults {
		kinds = append(kinds, err.(*Fault).Kind)
	}
	r.faults = nil
	return kinds
}

// poke sets any value, also one that no operation makes.
func poke(c *Count, v int64) { c.v.Store(v) }

func sameKinds(got []FaultKind, want FaultKind) bool {
	if want == none {
		return len(got) == 0
	}
	return len(got) == 1 && got[0] == want
}

// table43 is the transition table of the contract: the value, the result and
// the fault of each operation at each kind of start value.
var table43 = []struct {
	start int64
	// In the order of the columns: inc, inc_not_zero, dec_and_test, dec,
	// dec_if_one, dec_not_one.
	value [6]int64
	ok    [6]bool
	fault [6]FaultKind
}{
	{0,
		[6]int64{Saturated, 0, Saturated, Saturated, 0, Saturated},
		[6]bool{false, false, false, false, false, true},
		[6]FaultKind{AddUAF, none, SubUAF, DecLeak, none, SubUAF}},
	{1,
		[6]int64{2, 2, 0, Saturated, 0, 1},
		[6]bool{false, true, true, false, true, false},
		[6]FaultKind{none, none, none, DecLeak, none, none}},
	{2,
		[6]int64{3, 3, 1, 1, 2, 1},
		[6]bool{false, true, false, false, false, true},
		[6]FaultKind{}},
	{Max - 1,
		[6]int64{Max, Max, Max - 2, Max - 2, Max - 1, Max - 2},
		[6]bool{false, true, false, false, false, true},
		[6]FaultKind{}},
	{Max,
		[6]int64{Saturated, Saturated, Max - 1, Max - 1, Max, Max - 1},
		[6]bool{false, true, false, false, false, true},
		[6]FaultKind{AddOvf, AddNotZeroOvf, none, none, none, none}},
	{Saturated,
		[6]int64{Saturated, Saturated, Saturated, Saturated, Saturated, Saturated},
		[6]bool{false, true, false, false, false, true},
		[6]FaultKind{AddOvf, AddNotZeroOvf, SubUAF, DecLeak, none, none}},
	{-1,
		[6]int64{Saturated, Saturated, Saturated, Saturated, -1, Saturated},
		[6]bool{false, true, false, false, false, true},
		[6]FaultKind{AddOvf, AddNotZeroOvf, SubUAF, DecLeak, none, none}},
	{math.MinInt32,
		[6]int64{Saturated, Saturated, Saturated, Saturated, math.MinInt32, Saturated},
		[6]bool{false, true, false, false, false, true},
		[6]FaultKind{AddOvf, AddNotZeroOvf, SubUAF, DecLeak, none, none}},
}

var columns43 = [6]string{"Inc", "IncNotZero", "DecAndTest", "Dec", "DecIfOne", "DecNotOne"}

func TestF1_TransitionTable(t *testing.T) {
	for _, row := range table43 {
		for i, op := range columns43 {
			t.Run(fmt.Sprintf("%s at %d", op, row.start), func(t *testing.T) {
				r := new(taker)
				var c Count
				c.Init(r, "c", 1)
				poke(&c, row.start)
				ok := call{op: op}.do(&c) == 1
				if v := int64(c.Peek()); v != row.value[i] || ok != row.ok[i] {
					t.Errorf("value %d, %v; want %d, %v", v, ok, row.value[i], row.ok[i])
				}
				if kinds := r.take(); !sameKinds(kinds, row.fault[i]) {
					t.Errorf("faults %v, want %v", kinds, row.fault[i])
				}
				m := model{v: int32(row.start)}
				if ok := (call{op: op}).model(&m) == 1; ok != row.ok[i] || int64(m.v) != row.value[i] || m.fault != row.fault[i] {
					t.Errorf("the model disagrees: %d, %v, %v", m.v, ok, m.fault)
				}
			})
		}
	}
}

func TestF1_Amounts(t *testing.T) {
	for _, x := range []struct {
		start int64
		call  call
		value int64
		fault FaultKind
	}{
		{Max - 1, call{op: "Add", n: 3}, Saturated, AddOvf},
		{Max - 5, call{op: "Add", n: 4}, Max - 1, none},
		{3, call{op: "SubAndTest", n: 5}, Saturated, SubUAF},
		{1, call{op: "Add", n: Max}, Saturated, AddOvf},
		{Max, call{op: "Add", n: Max}, Saturated, AddOvf},
		{1, call{op: "AddNotZeroLimit", n: 1, limit: 1}, 1, none},
		{1, call{op: "AddNotZeroLimit", n: 1, limit: 2}, 2, none},
		{1, call{op: "AddNotZeroLimit", n: 1, limit: math.MaxInt}, 2, none},
		{Max, call{op: "AddNotZeroLimit", n: 1, limit: math.MaxInt}, Max, none},
		{Saturated, call{op: "AddNotZeroLimit", n: 1, limit: Max}, Saturated, none},
	} {
		r := new(taker)
		var c Count
		c.Init(r, "c", 1)
		poke(&c, x.start)
		x.call.do(&c)
		if v := int64(c.Peek()); v != x.value || !sameKinds(r.take(), x.fault) {
			t.Errorf("%v at %d = %d, want %d, %v", x.call, x.start, v, x.value, x.fault)
		}
	}
}

func TestF1_RandomAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	starts := []int32{0, 1, 2, 3, 7, 1000, Max - 1000, Max - 7, Max - 1, Max, Saturated, -1, math.MinInt32, Saturated - 1, Saturated + 1}
	for range 200_000 {
		start := starts[rng.IntN(len(starts))]
		if rng.IntN(4) == 0 {
			start = int32(rng.Uint32())
		}
		k := call{op: calls[rng.IntN(len(calls))], n: 1 + rng.IntN(10), limit: Max}
		if rng.IntN(4) == 0 {
			k.n = 1 + rng.IntN(Max)
		}
		if rng.IntN(4) == 0 {
			k.limit = rng.IntN(Max)
		}
		r := new(taker)
		var c Count
		c.Init(r, "c", 1)
		poke(&c, int64(start))
		m := model{v: start}
		got, want := k.do(&c), k.model(&m)
		if got != want || c.Peek() != int(m.v) || !sameKinds(r.take(), m.fault) {
			t.Fatalf("%v at %d: result %d value %d, want %d %d %v", k, start, got, c.Peek(), want, m.v, m.fault)
		}
	}
}

func TestF2_CrashTestVectors(t *testing.T) {
	inc, dec := call{op: "Inc"}, call{op: "Dec"}
	add := func(n int) call { return call{op: "Add", n: n} }
	incNZ := call{op: "IncNotZero"}
	addNZ := func(n int) call { return call{op: "AddNotZero", n: n} }
	decTest := call{op: "DecAndTest"}
	subTest := func(n int) call { return call{op: "SubAndTest", n: n} }
	for _, x := range []struct {
		name   string
		start  int64
		calls  []call
		result int // of the last call but those that return nothing
		fault  FaultKind
	}{
		{"INC_OVERFLOW", Max - 1, []call{dec, inc, inc, inc}, 0, AddOvf},
		{"ADD_OVERFLOW", Max - 1, []call{dec, dec, dec, dec, add(4), add(4)}, 0, AddOvf},
		{"INC_NOT_ZERO_OVERFLOW", Max, []call{incNZ}, 1, AddNotZeroOvf},
		{"ADD_NOT_ZERO_OVERFLOW", Max, []call{addNZ(6)}, 1, AddNotZeroOvf},
		{"DEC_ZERO", 2, []call{dec, dec}, 0, DecLeak},
		{"DEC_NEGATIVE", 0, []call{dec}, 0, DecLeak},
		{"DEC_AND_TEST_NEGATIVE", 0, []call{decTest}, 0, SubUAF},
		{"SUB_AND_TEST_NEGATIVE", 3, []call{subTest(5)}, 0, SubUAF},
		{"INC_ZERO", 0, []call{incNZ, inc}, 0, AddUAF},
		{"ADD_ZERO", 0, []call{addNZ(3), add(3)}, 0, AddUAF},
		{"INC_SATURATED", Saturated, []call{inc}, 0, AddOvf},
		{"ADD_SATURATED", Saturated, []call{add(8)}, 0, AddOvf},
		{"DEC_SATURATED", Saturated, []call{dec}, 0, DecLeak},
		{"INC_NOT_ZERO_SATURATED", Saturated, []call{incNZ}, 1, AddNotZeroOvf},
		{"ADD_NOT_ZERO_SATURATED", Saturated, []call{addNZ(7)}, 1, AddNotZeroOvf},
		{"DEC_AND_TEST_SATURATED", Saturated, []call{decTest}, 0, SubUAF},
		{"SUB_AND_TEST_SATURATED", Saturated, []call{subTest(8)}, 0, SubUAF},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := new(taker)
			var c Count
			c.Init(r, "c", 1)
			poke(&c, x.start)
			for i, k := range x.calls {
				got := k.do(&c)
				last := i == len(x.calls)-1
				if !last {
					if got != 0 || len(r.faults) != 0 || c.Peek() == Saturated {
						t.Fatalf("%v: result %d, value %d, faults %v", k, got, c.Peek(), r.faults)
					}
					continue
				}
				if got != x.result {
					t.Errorf("%v = %d, want %d", k, got, x.result)
				}
			}
			if c.Peek() != Saturated || !sameKinds(r.take(), x.fault) {
				t.Errorf("value %d, want saturated with %v", c.Peek(), x.fault)
			}
		})
	}
	t.Run("SUB_AND_TEST_ZERO", func(t *testing.T) {
		var c Count
		if e := mustPanic(t, func() { c.SubAndTest(0) }); e.(*AmountError).Amount != 0 || c.Peek() != 0 {
			t.Errorf("panic %v, value %d", e, c.Peek())
		}
	})
	t.Run("REFCOUNT_TIMING", func(t *testing.T) {
		const n = 1 << 16 // the vector has INT_MAX
		r := new(taker)
		var c Count
		c.Init(r, "c", 1)
		for range n - 1 {
			c.Inc()
		}
		trues := 0
		for range n {
			if c.DecAndTest() {
				trues++
			}
		}
		if trues != 1 || c.Peek() != 0 || len(r.faults) != 0 {
			t.Errorf("%d trues, value %d, faults %v", trues, c.Peek(), r.faults)
		}
	})
}

func TestF5F6_SaturatedIsForEver(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	defer SetHandler(func(error) {})()
	for s, n := range map[sched.Scheduler]int{dropper{}: n, nil: n / 100} {
		var c Count
		c.Init(s, "", 1)
		poke(&c, Saturated)
		for i := range n {
			k := call{op: calls[rng.IntN(len(calls)-1)], n: 1 + rng.IntN(Max), limit: Max}
			got := k.do(&c)
			if c.Peek() != Saturated {
				t.Fatalf("call %d: %v moved it to %d", i, k, c.Peek())
			}
			if got == 1 && strings.HasSuffix(k.op, "AndTest") || got == 1 && k.op == "DecIfOne" {
				t.Fatalf("call %d: %v releases", i, k)
			}
		}
		c.Set(1)
		if c.Peek() != 1 || !c.DecAndTest() {
			t.Error("Set does not revive")
		}
	}
}

// dropper takes every report and forgets it.
type dropper struct{ sched.Goroutines }

func (dropper) Report(error) {}

func TestF7_FaultsSayWhat(t *testing.T) {
	r := new(taker)
	var c Count
	c.Init(r, "users", 3)
	c.SubAndTest(5)
	if len(r.faults) != 1 {
		t.Fatalf("faults %v", r.faults)
	}
	f := r.faults[0].(*Fault)
	if f.Kind != SubUAF || f.Op != "SubAndTest" || f.Old != 3 || f.Amount != 5 || f.Name != "users" {
		t.Errorf("fault %+v", f)
	}
	if got := f.Where.String(); !strings.HasPrefix(got, "refcount.TestF7_FaultsSayWhat (count_test.go:") {
		t.Errorf("where = %s", got)
	}
	for _, want := range []string{"users", "SUB_UAF", "SubAndTest(5)", "at 3", "count_test.go"} {
		if !strings.Contains(f.Error(), want) {
			t.Errorf("%q lacks %q", f.Error(), want)
		}
	}
	for k := AddNotZeroOvf; k < numFaultKinds; k++ {
		if k != afterExit && (k.String() == "" || faultKindTexts[k] == "") {
			t.Errorf("kind %d has no name", k)
		}
	}
}

func TestF7_EachFaultOnce(t *testing.T) {
	var got []error
	defer SetHandler(func(err error) { got = append(got, err) })()
	before := Faults()
	var c Count
	c.Inc()
	c.Inc()
	c.Inc()
	if len(got) != 3 || Faults()-before != 3 {
		t.Fatalf("%d reports, %d counted, want 3", len(got), Faults()-before)
	}
	for i, k := range []FaultKind{AddUAF, AddOvf, AddOvf} {
		if got[i].(*Fault).Kind != k {
			t.Errorf("report %d is %v, want %v", i, got[i], k)
		}
	}
}

func TestF7_LoggedOncePerKind(t *testing.T) {
	logs := captureLogs(t)
	var a, b Count
	a.Init(nil, "logged", 0)
	b.Init(nil, "logged", 0)
	a.Inc()
	a.Inc()
	a.Inc()
	b.Inc()
	b.Dec()
	text := logs.String()
	for kind, n := range map[string]int{"ADD_UAF": 1, "ADD_OVF": 1, "DEC_LEAK": 1} {
		if got := strings.Count(text, kind); got != n {
			t.Errorf("%s logged %d times, want %d", kind, got, n)
		}
	}
}

func TestF8_HandlerPanics(t *testing.T) {
	boom := errors.New("boom")
	defer SetHandler(func(error) { panic(boom) })()
	var c Count
	if e := mustPanic(t, func() { c.Inc() }); e != boom {
		t.Errorf("panic %v", e)
	}
	if c.Peek() != Saturated {
		t.Errorf("value %d", c.Peek())
	}
	if e := mustPanic(t, func() { c.DecAndTest() }); e != boom || c.Peek() != Saturated {
		t.Errorf("panic %v, value %d", e, c.Peek())
	}
}

func TestF8_HandlerUsesTheCounter(t *testing.T) {
	calls := 0
	var c Count
	defer SetHandler(func(error) {
		calls++
		c.Inc() // a fault itself, on a saturated counter
		c.Read()
	})()
	before := Faults()
	c.Inc()
	if calls != 1 || Faults()-before != 2 || c.Peek() != Saturated {
		t.Errorf("%d calls, %d faults, value %d; want 1, 2, saturated", calls, Faults()-before, c.Peek())
	}
	c.Inc()
	if calls != 2 {
		t.Error("handler is not called again")
	}
}

func TestF9_AmountsOutOfRange(t *testing.T) {
	over := Max
	over++ // negative where int has 32 bits
	for _, n := range []int{0, -1, math.MinInt, over} {
		for _, op := range []string{"Add", "AddNotZero", "AddNotZeroLimit", "SubAndTest"} {
			var c Count
			c.Set(3)
			e, ok := mustPanic(t, func() { call{op: op, n: n, limit: Max}.do(&c) }).(*AmountError)
			if !ok || e.Op != op || e.Amount != n || c.Peek() != 3 {
				t.Errorf("%s(%d): panic %v, value %d", op, n, e, c.Peek())
			}
		}
	}
	for _, n := range []int{-1, over} {
		var c Count
		mustPanic(t, func() { c.Set(n) })
		mustPanic(t, func() { c.Init(nil, "c", n) })
		if c.Peek() != 0 {
			t.Error("value changed")
		}
	}
}

func TestF14_SetOnLive(t *testing.T) {
	r := new(recorder)
	var c Count
	c.Init(r, "c", 1)
	c.Set(5) // while others may have it
	list := r.take()
	if len(list) != 1 || list[0].(*Fault).Kind != LiveSet || list[0].(*Fault).Old != 1 || list[0].(*Fault).Amount != 5 {
		t.Errorf("reports %v", list)
	}
	poke(&c, 0)
	c.Set(1)
	poke(&c, Saturated)
	c.Set(1)
	if list := r.take(); len(list) != 0 {
		t.Errorf("Set on a dead counter: %v", list)
	}
	var got []error
	defer SetHandler(func(err error) { got = append(got, err) })()
	var d Count
	d.Set(1)
	d.Set(2) // nobody checks
	if d.Read() != 2 || len(got) != 0 {
		t.Errorf("unchecked: %v", got)
	}
	defer CheckLives(CheckLives(true))
	d.Set(3)
	if d.Read() != 3 || len(got) != 1 || got[0].(*Fault).Kind != LiveSet {
		t.Errorf("checked: %v", got)
	}
}

func TestCountSteps(t *testing.T) {
	r := new(recorder)
	var c Count
	c.Init(r, "c", 2)
	c.Inc()
	c.IncNotZero()
	c.DecAndTest()
	c.DecNotOne()
	c.Dec()
	c.DecIfOne()
	c.Read()
	c.Set(1)
	if got, want := r.kinds(), "count.get count.get count.put count.put count.put count.put count.inspect count.store"; got != want {
		t.Errorf("coarse: %s, want %s", got, want)
	}
	f := &recorder{fine: true}
	var d Count
	d.Init(f, "d", 2)
	d.Inc()
	d.DecIfOne()
	if got, want := f.kinds(), "var.load var.update var.load"; got != want {
		t.Errorf("fine: %s, want %s", got, want)
	}
}

func TestCountFailedSteps(t *testing.T) {
	r := new(recorder)
	var c Count
	c.Init(r, "c", 0)
	c.IncNotZero()
	c.DecIfOne()
	for _, op := range r.done {
		if !op.Failed {
			t.Errorf("%v changed nothing and is not marked as failed", op.Kind)
		}
	}
}
