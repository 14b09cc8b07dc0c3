//lint:file-ignore SA2001 taking a lock and giving it back is all that these tests do

package lockdep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/floodgate-go/floodgate/internal/announce"
	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// The chains of the kernel's locking selftests, each run by one task after the
// other, so nothing ever waits; and each once more with its end the right way
// round.
var selftests = []struct {
	chains string
	bad    bool
}{
	{"AB BA", true},
	{"AB AB", false},
	{"AB BC CA", true},
	{"AB BC AC", false},
	{"AB CA BC", true},
	{"AB CA CB", false},
	{"AB BC CD DA", true},
	{"AB BC CD AD", false},
	{"AB CD BD DA", true},
	{"AB CD BD AD", false},
	{"AB CD BC DA", true},
	{"AB CD BC AD", false},
	{"ABC CA", true}, // not only neighbours
	{"ABC AC", false},
	{"AB BC CD DE EF FG GA", true},
}

func TestL1_Selftests(t *testing.T) {
	for _, c := range selftests {
		for _, kind := range []string{"semaphore", "mutex"} {
			t.Run(strings.ReplaceAll(c.chains, " ", "-")+"/"+kind, func(t *testing.T) {
				x := newOrderTest(t, lockdep.OrderConfig{})
				run := x.chain
				if kind == "mutex" {
					run = x.locked
				}
				chains := strings.Fields(c.chains)
				for _, chain := range chains {
					x.want() // silent until the last
					run(strings.Split(chain, "")...)
				}
				if !c.bad {
					x.want()
					return
				}
				v := x.want(lockdep.Circular)[0]
				if last := chains[len(chains)-1]; v.Task.Name != last || v.Circle[0].Task.Name != last {
					t.Errorf("by %v, want %s", v.Task, last)
				}
				for i, d := range v.Circle {
					if d.To != v.Circle[(i+1)%len(v.Circle)].From {
						t.Errorf("not a circle: %v", v)
					}
				}
				for _, chain := range chains { // once is enough
					run(strings.Split(chain, "")...)
				}
				x.want(lockdep.Circular)
			})
		}
	}
}

// A task that takes what it has is reported before it sleeps for ever.
func TestL1_AA(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	a := task("a")
	x.w.Go(a, func() { down(a, x.sem("i_sem")); down(a, x.sem("i_sem")) })
	hang(t, x.w)
	v := x.want(lockdep.Recursive)[0]
	if v.Task.Name != "a" || len(v.Holds) != 1 || v.Holds[0].Object != v.Object {
		t.Errorf("found %+v", v)
	}
}

func TestL1_TwoOfAClass(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	x.chain("i_sem /", "i_sem /misc")
	v := x.want(lockdep.Recursive)[0]
	if v.Class != "i_sem" || v.Object.Name != "i_sem /misc" {
		t.Errorf("%+v", v)
	}
	// Classes of the caller's choosing: each directory its own.
	x = newOrderTest(t, lockdep.OrderConfig{Class: func(s sched.Spec) string { return s.Name }})
	x.chain("i_sem /", "i_sem /misc")
	x.want()
	x.chain("i_sem /misc", "i_sem /")
	x.want(lockdep.Circular)
	// And none at all.
	x = newOrderTest(t, lockdep.OrderConfig{Class: func(s sched.Spec) string { return "" }})
	x.chain("A", "B")
	x.chain("B", "A")
	x.want()
}

func TestL1_ReadersCountAsWriters(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	a := announce.NewRWLock(x.w, "a", new(sync.RWMutex))
	b := x.sem("b")
	x.task("ab", func(t *sched.Task) { a.RLock(); down(t, b); b.Up(); a.RUnlock() })
	x.want()
	x.task("ba", func(t *sched.Task) { down(t, b); a.RLock(); a.RUnlock(); b.Up() })
	x.want(lockdep.Circular)
	x.task("aa", func(t *sched.Task) { a.RLock(); a.RLock(); a.RUnlock(); a.RUnlock() })
	x.want(lockdep.Circular, lockdep.Recursive)
}

func TestL2_Subclass(t *testing.T) {
	nested := func(x *orderTest, outer, inner int) {
		x.Helper()
		x.task("nested", func(t *sched.Task) {
			ctx := t.Uninterruptible()
			t.Must(x.sem("i_sem /").Down(lockdep.Nested(ctx, outer)))
			t.Must(x.sem("i_sem /misc").Down(lockdep.Nested(ctx, inner)))
			x.sem("i_sem /misc").Up()
			x.sem("i_sem /").Up()
		})
	}
	x := newOrderTest(t, lockdep.OrderConfig{})
	nested(x, 0, 1)
	nested(x, 0, 1)
	nested(x, 1, 2)
	x.want()
	nested(x, 1, 0) // the wrong direction
	v := x.want(lockdep.Circular)[0]
	if v.Circle[0].From != "i_sem/1" || v.Circle[0].To != "i_sem" {
		t.Errorf("%+v", v)
	}
	nested(x, 0, 0) // the pair that is not annotated
	x.want(lockdep.Circular, lockdep.Recursive)

	defer func() {
		if recover() == nil {
			t.Error("subclass 8 is taken")
		}
	}()
	lockdep.Nested(context.Background(), lockdep.MaxSubclass+1)
}

func TestL3_Try(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	x.chain("A", "B?")
	x.chain("B", "A?")
	x.chain("B", "A") // A's holder never waits for B
	x.want()
	x.chain("A?", "B") // what was tried is held all the same
	x.want(lockdep.Circular)

	x = newOrderTest(t, lockdep.OrderConfig{})
	x.chain("A", "B")
	x.chain("B", "A")
	x.want(lockdep.Circular)
}

func TestL4_ReleaseOfWhatIsNotHeld(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	m := x.lock("m")
	x.task("owner", func(*sched.Task) { m.Lock() })
	x.want(lockdep.EndedHolding)
	x.task("other", func(*sched.Task) { m.Unlock() })
	v := x.want(lockdep.EndedHolding, lockdep.BadRelease)[1]
	if v.Task.Name != "other" || v.Object.Name != "m" {
		t.Errorf("%v", v)
	}
}

func TestL4_ForeignUpOfAStrictSemaphore(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	s := semaphore(x.w, "s", 1, sem.Strict())
	x.task("owner", func(t *sched.Task) { down(t, s) })
	x.task("other", func(other *sched.Task) {
		defer func() {
			if recover() == nil {
				t.Error("a foreign up succeeds")
			}
		}()
		s.As(other).Up()
	})
	x.want(lockdep.EndedHolding, lockdep.BadRelease)
	// The up that was refused has given nothing: the next down hangs.
	b := task("b")
	x.w.Go(b, func() { down(b, s) })
	hang(t, x.w)
}

func TestL4_DoubleRelease(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	s := semaphore(x.w, "s", 1, sem.Strict())
	x.task("a", func(a *sched.Task) {
		down(a, s)
		s.As(a).Up()
		x.want()
		defer func() {
			if recover() == nil {
				t.Error("the second up succeeds")
			}
		}()
		s.As(a).Up()
	})
	x.want(lockdep.BadRelease)
}

func TestL4_CloseWhileHeld(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	x.task("a", func(t *sched.Task) {
		down(t, x.sem("s"))
		x.sem("s").Close()
	})
	v := x.want(lockdep.ClosedHeld, lockdep.EndedHolding)[0]
	if len(v.Holders) != 1 || v.Holders[0].Name != "a" {
		t.Errorf("%+v", v)
	}
}

func TestL4_EndWhileHolding(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	x.task("a", func(t *sched.Task) { down(t, x.sem("s")) })
	if v := x.want(lockdep.EndedHolding)[0]; v.Object.Name != "s" || v.Task.Name != "a" {
		t.Errorf("%v", v)
	}
	// A killed task holds what it holds by no fault of its own.
	x = newOrderTest(t, lockdep.OrderConfig{})
	empty := semaphore(x.w, "empty", 0)
	x.task("b", func(t *sched.Task) {
		down(t, x.sem("s"))
		t.Kill(nil)
		down(t, empty)
	})
	x.want()
}

// The handler takes locks in yet another wrong order, and panics.
func TestL6_AHandlerThatLocks(t *testing.T) {
	var x *orderTest
	depth, calls := 0, 0
	x = newOrderTest(t, lockdep.OrderConfig{Handler: func(v *lockdep.Violation) {
		if depth++; depth > 1 {
			t.Error("the handler runs inside itself")
		}
		defer func() { depth-- }()
		calls++
		for _, pair := range [][2]string{{"Y", "Z"}, {"Z", "Y"}} {
			x.lock(pair[0]).Lock()
			x.lock(pair[1]).Lock() // the second time a violation of its own
			x.lock(pair[1]).Unlock()
			x.lock(pair[0]).Unlock()
		}
		x.order.Violations()
		panic("handler")
	}})
	x.chain("A", "B")
	done := false
	x.task("BA", func(t *sched.Task) {
		down(t, x.sem("B"))
		down(t, x.sem("A"))
		x.sem("A").Up()
		x.sem("B").Up()
		done = true
	})
	if !done {
		t.Error("the handler has changed the task's fate")
	}
	x.want(lockdep.Circular, lockdep.Circular)
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
	if f, _ := x.w.Faults(); len(f) != calls {
		t.Errorf("%d panics kept, want %d", len(f), calls)
	}
}

// While the handler runs its task is awake: here it ends the sleep that
// everything else hangs on.
func TestL6_AHandlerRunsAwake(t *testing.T) {
	var x *orderTest
	var event *sem.Semaphore
	calls := 0
	x = newOrderTest(t, lockdep.OrderConfig{Handler: func(*lockdep.Violation) {
		calls++
		event.Up()
	}})
	event = semaphore(x.w, "event", 0)
	x.chain("A", "B")
	a, b := task("a"), task("b")
	sa, sb := x.sem("A"), x.sem("B")
	x.w.Go(a, func() { down(a, sa); down(a, event); sa.Up() })
	x.w.Go(b, func() {
		x.w.Settle(b, 0) // until a sleeps
		down(b, sb)
		down(b, sa)
		sa.Up()
		sb.Up()
	})
	if err := x.w.Wait(limit(t)); err != nil {
		t.Errorf("%+v", err)
	}
	v := x.want(lockdep.Circular, lockdep.Circular)[1] // the second is the handler's
	if v.Object.Name != "event" || v.Circle[0].How != lockdep.Waking || calls != 2 {
		t.Errorf("%d calls, %+v", calls, v)
	}
}

func TestL6_TheFirstReportIsNotTheLast(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{})
	for _, c := range []string{"AB", "BA", "BA", "CD", "DC"} {
		x.chain(strings.Split(c, "")...)
	}
	x.chain("E 1", "E 2")
	x.chain("E 1", "E 2")
	if list := x.want(lockdep.Circular, lockdep.Circular, lockdep.Recursive); list[2].Times != 2 {
		t.Errorf("seen %d times", list[2].Times)
	}
	// Beyond Max they are counted.
	x = newOrderTest(t, lockdep.OrderConfig{Max: 1})
	for _, c := range []string{"AB", "BA", "CD", "DC"} {
		x.chain(strings.Split(c, "")...)
	}
	if list, more := x.order.Violations(); len(list) != 1 || more != 1 {
		t.Errorf("kept %d, more %d", len(list), more)
	}
}

// One order learns from many watches.
func TestAnOrderOutlivesItsWatches(t *testing.T) {
	order := lockdep.NewOrder(lockdep.OrderConfig{})
	for i, names := range [][2]string{{"A", "B"}, {"B", "A"}} {
		w := lockdep.New(lockdep.Config{Order: order})
		a := task("a")
		first, second := semaphore(w, names[0], 1), semaphore(w, names[1], 1)
		w.Go(a, func() { down(a, first); down(a, second); second.Up(); first.Up() })
		finish(t, w)
		if list, _ := order.Violations(); len(list) != i {
			t.Errorf("round %d: %v", i, list)
		}
	}
}

func TestSitesAndLabels(t *testing.T) {
	x := newOrderTest(t, lockdep.OrderConfig{Sites: true})
	l := &sched.Label{ID: "L7", Text: "up(i_sem)"}
	ab := func(t *sched.Task) {
		t.At(l)
		down(t, x.sem("A"))
		down(t, x.sem("B"))
		x.sem("B").Up()
		x.sem("A").Up()
	}
	ba := func(t *sched.Task) {
		x.lock("B").Lock()
		down(t, x.sem("A"))
		x.sem("A").Up()
		x.lock("B").Unlock()
	}
	x.task("ab", ab)
	x.task("ba", ba)
	v := x.want(lockdep.Circular)[0]
	text := v.String()
	if n := strings.Count(text, "order_test.go"); n < 4 {
		t.Errorf("%d lines name this file in\n%s", n, text)
	}
	if !strings.Contains(text, "at L7 up(i_sem)") {
		t.Errorf("no label in\n%s", text)
	}
	for _, s := range []lockdep.Site{v.Site, v.Circle[0].First.Site, v.Circle[1].Second.Site} {
		if f := s.Frames(); len(f) == 0 || !strings.Contains(f[0], "lockdep_test.") {
			t.Errorf("the site begins %v", f)
		}
	}
	js, err := json.Marshal(v)
	if err != nil || !strings.Contains(string(js), `"how":"taking"`) {
		t.Errorf("%s, %v", js, err)
	}
	if fmt.Sprintf("%+v", v) != text || strings.Contains(fmt.Sprint(v), "\n") {
		t.Error("the long format is not the report, or the short one is not a line")
	}
}
