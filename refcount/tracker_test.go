package refcount

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// sites are 20 places that take a reference.
var sites = [20]func(d *Dir) *Tracker{
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return d.Alloc() },
	func(d *Dir) *Tracker { return fromTimer(d) },
}

// fromTimer takes a reference in a timer's function.
func fromTimer(d *Dir) *Tracker {
	c := make(chan *Tracker)
	time.AfterFunc(0, func() { c <- d.Alloc() })
	return <-c
}

// takeAt takes one reference at a depth of calls of its own, so that each
// depth is a stack.
//
//go:noinline
func takeAt(d *Dir, depth int) *Tracker {
	if depth == 0 {
		return d.Alloc()
	}
	return takeAt(d, depth-1)
}

func report20(t *testing.T, d *Dir, limit int) string {
	t.Helper()
	var b bytes.Buffer
	if err := d.Report(&b, limit); err != nil {
		t.Error(err)
	}
	return b.String()
}

func TestT1_TokensAndStacks(t *testing.T) {
	d := NewDir("object", 0)
	seen := make(map[*Tracker]bool)
	stacks := make(map[Stack]bool)
	for range 2 {
		for _, site := range sites {
			tok := site(d)
			seen[tok] = true
			stacks[tok.Made().Stack] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d tokens of 40", len(seen))
	}
	groups := d.Groups()
	if len(groups) != 20 || len(stacks) != 20 {
		t.Fatalf("%d groups, %d stacks, want 20", len(groups), len(stacks))
	}
	lines := make(map[string]bool)
	for _, g := range groups {
		if g.Count != 2 {
			t.Errorf("group of %d, want 2", g.Count)
		}
		lines[g.Stack.String()] = true
	}
	if len(lines) != 20 {
		t.Errorf("%d lines of 20", len(lines))
	}
	if text := report20(t, d, 0); strings.Count(text, "2 of 40") != 20 || !strings.HasPrefix(text, "object: 40 references from 20 places\n") {
		t.Errorf("report:\n%s", text)
	}
}

func TestT2_DoubleFree(t *testing.T) {
	d := NewDir("object", 2)
	ls := sched.NewTask("ls", sched.TaskConfig{})
	tok := sites[3](d)
	want := tok.Made().Stack
	first := func() error { return tok.Free(ls) }
	if err := first(); err != nil {
		t.Fatal(err)
	}
	for range 10 { // push it out of the quarantine
		d.Alloc().Free()
	}
	runtime.GC()
	for range 2 {
		err := tok.Free()
		var e *ReleasedError
		if !errors.Is(err, ErrReleased) || !errors.As(err, &e) {
			t.Fatalf("second Free: %v", err)
		}
		if e.Made.Stack != want || !strings.Contains(e.Freed.String(), "TestT2_DoubleFree.func1") || !e.Freed.Task.Is(ls) {
			t.Errorf("places: %v", e)
		}
		if !strings.Contains(e.Again.String(), "TestT2_DoubleFree (") || e.Dir != "object" {
			t.Errorf("second: %v", e.Again)
		}
	}
	if err := d.Exit(); err != nil {
		t.Errorf("the second Free counted: %v", err)
	}
}

func TestT3_ForeignToken(t *testing.T) {
	a, b := NewDir("a", 0), NewDir("b", 0)
	tok := a.Alloc()
	if err := b.Free(tok); !errors.Is(err, ErrForeign) {
		t.Errorf("foreign token: %v", err)
	}
	if b.Exit() != nil || a.Free(tok) != nil || a.Exit() != nil {
		t.Error("the failed Free changed something")
	}
}

func TestT4_GroupsTotalsAndLimit(t *testing.T) {
	d := NewDir("object", 0)
	total := 0
	for depth := range 12 { // fewer frames than a stack keeps
		for range depth + 1 {
			takeAt(d, depth)
			total++
		}
	}
	groups := d.Groups()
	if len(groups) != 12 {
		t.Fatalf("%d groups of 12", len(groups))
	}
	for i, g := range groups {
		if g.Count != 12-i {
			t.Errorf("group %d has %d, want %d: largest first", i, g.Count, 12-i)
		}
	}
	text := report20(t, d, 3)
	for _, want := range []string{
		fmt.Sprintf("object: %d references from 12 places", total),
		fmt.Sprintf("  12 of %d\n", total),
		fmt.Sprintf("  %d of %d omitted\n", total-12-11-10, total),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "of 78\n"); n != 3 {
		t.Errorf("%d groups in the report, want 3", n)
	}
	if strings.Contains(report20(t, d, 12), "omitted") || strings.Contains(report20(t, d, 0), "omitted") {
		t.Error("omitted with everything printed")
	}
	// The text of a leak stops at 16 groups.
	for i := range sites {
		sites[i](d)
	}
	leak := d.Exit().(*LeakError)
	if len(leak.Groups) != 32 || strings.Count(leak.Error(), "tracker_test.go") == 0 || !strings.Contains(leak.Error(), "16 of 98 omitted") {
		t.Errorf("leak of %d groups: %v", len(leak.Groups), leak)
	}
}

func TestT4_WriterError(t *testing.T) {
	boom := errors.New("boom")
	if err := NewDir("d", 0).Report(failWriter{boom}, 0); err != boom {
		t.Errorf("error %v", err)
	}
}

type failWriter struct{ err error }

func (w failWriter) Write([]byte) (int, error) { return 0, w.err }

func TestT5_Exit(t *testing.T) {
	d := NewDir("object", 0)
	a, b := d.Alloc(), d.Alloc()
	if err := a.Free(); err != nil {
		t.Fatal(err)
	}
	var leak *LeakError
	if !errors.As(d.Exit(), &leak) || leak.Tracked != 1 || leak.Dir != "object" {
		t.Errorf("exit: %v", leak)
	}
	wantState(t, "exited", func() { d.Alloc() })
	wantState(t, "exited", func() { d.Exit() })
	if err := b.Free(); err != nil {
		t.Errorf("late Free: %v", err)
	}
	if err := b.Free(); !errors.Is(err, ErrReleased) {
		t.Errorf("late second Free: %v", err)
	}
	if err := a.Free(); !errors.Is(err, ErrReleased) {
		t.Errorf("late second Free of a: %v", err)
	}
	if err := NewDir("empty", 0).Exit(); err != nil {
		t.Errorf("empty: %v", err)
	}
}

func TestT6_Storm(t *testing.T) {
	d := NewDir("object", 8)
	together(8, func(i int) {
		rng := rand.New(rand.NewPCG(6, uint64(i)))
		var mine []*Tracker
		for range rounds(2000) {
			switch k := rng.IntN(20); {
			case k < 9:
				mine = append(mine, d.Alloc())
			case k < 18 && len(mine) > 0:
				if err := mine[0].Free(); err != nil {
					t.Error(err)
				}
				mine = mine[1:]
			case k == 18:
				d.Report(new(bytes.Buffer), 4)
			case k == 19:
				d.Freed()
				d.Groups()
			}
		}
		for _, tok := range mine {
			tok.Free()
		}
	})
	if err := d.Exit(); err != nil {
		t.Error(err)
	}
}

func TestT6_ExitUnderStorm(t *testing.T) {
	for range rounds(500) {
		d := NewDir("object", 0)
		freed, leaked := 0, 0
		together(2, func(i int) {
			if i == 0 {
				if e, ok := d.Exit().(*LeakError); ok {
					leaked = e.Tracked
				}
				return
			}
			defer func() { recover() }() // Alloc after Exit
			for range 20 {
				d.Alloc()
				freed++
			}
		})
		if leaked > freed {
			t.Fatalf("%d leaks of %d tokens", leaked, freed)
		}
		if leaked != len(d.live) {
			t.Fatalf("exit saw %d of %d", leaked, len(d.live))
		}
	}
}

func TestT7_Disabled(t *testing.T) {
	var d *Dir
	x := NewShared(nil, "x", 0, nil)
	if x.Track(nil) != nil || !x.plain {
		t.Error("tracked by nil")
	}
	r := newRef(nil)
	r.Track(nil)
	task := sched.NewTask("t", sched.TaskConfig{})
	n := testing.AllocsPerRun(100, func() {
		tok := d.Alloc(task)
		if d.Free(tok) != nil || tok.Free() != nil || tok.Made() != (Place{}) {
			t.Error("a nil token does something")
		}
		x.PutTracked(x.GetTracked(task), task)
		r.PutTracked(r.GetTracked(task), func() {}, task)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	if d.Groups() != nil || d.Freed() != nil || d.Report(nil, 0) != nil || d.Exit() != nil {
		t.Error("a nil directory does something")
	}
}

func TestT8_Quarantine(t *testing.T) {
	d := NewDir("object", 3)
	var tasks []*sched.Task
	for i := range 10 {
		task := sched.NewTask(fmt.Sprint("t", i), sched.TaskConfig{})
		tasks = append(tasks, task)
		if err := d.Alloc().Free(task); err != nil {
			t.Fatal(err)
		}
		list := d.Freed()
		if len(list) != min(i+1, 3) {
			t.Fatalf("%d in quarantine after %d", len(list), i+1)
		}
		for j, p := range list { // the last ones, oldest first
			if want := tasks[len(tasks)-len(list)+j]; !p.Task.Is(want) {
				t.Errorf("place %d is of %v, want %v", j, p.Task, want)
			}
		}
	}
	if cap(d.freed) > 4 || len(d.live) != 0 {
		t.Errorf("%d freed tokens kept, %d live", cap(d.freed), len(d.live))
	}
	none := NewDir("none", 0)
	none.Alloc().Free()
	if len(none.Freed()) != 0 {
		t.Error("quarantine of none keeps one")
	}
	mustPanic(t, func() { NewDir("bad", -1) })
}

func TestT9_SelfTestVector(t *testing.T) {
	d := NewDir("object", 100)
	var toks []*Tracker
	for _, site := range sites {
		toks = append(toks, site(d))
	}
	doubles := 0
	for i, tok := range toks {
		if i == 0 || i == 1 {
			continue
		}
		if err := tok.Free(); err != nil {
			t.Error(err)
		}
	}
	if errors.Is(toks[2].Free(), ErrReleased) {
		doubles++
	}
	leak, _ := d.Exit().(*LeakError)
	if doubles != 1 || leak == nil || leak.Tracked != 2 || len(leak.Groups) != 2 || leak.Untracked != 0 {
		t.Errorf("%d double frees, leak %v", doubles, leak)
	}
}

func TestT10_TrackedAndUntracked(t *testing.T) {
	t.Run("Ref", func(t *testing.T) {
		d := NewDir("object", 0)
		r := newRef(nil)
		first := r.Track(d)
		r.Get()
		r.GetUnlessZero()
		tok := r.GetTracked()
		if text := report20(t, d, 0); !strings.Contains(text, "2 references") || !strings.Contains(text, "2 without a token") {
			t.Errorf("report:\n%s", text)
		}
		release := func() { t.Error("released") }
		r.Put(release)
		r.PutTracked(tok, release)
		r.PutTracked(first, release)
		leak := d.Exit().(*LeakError)
		if leak.Tracked != 0 || leak.Untracked != 1 || r.Read() != 1 {
			t.Errorf("leak %v, count %d", leak, r.Read())
		}
		released := false
		if !r.PutTracked(nil, func() { released = true }) || !released {
			t.Error("Put without a token")
		}
	})
	t.Run("Shared", func(t *testing.T) {
		d := NewDir("object", 0)
		released := 0
		x := NewShared(nil, "x", 0, func(*int) { released++ })
		first := x.Track(d)
		x.Get()
		x.TryGet()
		tok := x.GetTracked()
		x.PutTracked(tok)
		x.Put()
		leak := d.Groups()
		if len(leak) != 1 || leak[0].Count != 1 || x.Count() != 2 {
			t.Errorf("groups %v, count %d", leak, x.Count())
		}
		x.Put()
		if !x.PutTracked(first) || released != 1 || d.Exit() != nil {
			t.Error("not released, or a leak")
		}
	})
	t.Run("double", func(t *testing.T) {
		var got []error
		defer SetHandler(func(err error) { got = append(got, err) })()
		d := NewDir("object", 0)
		r := newRef(nil)
		first := r.Track(d)
		tok := r.GetTracked()
		release := func() { t.Error("released") }
		r.PutTracked(tok, release)
		if r.PutTracked(tok, release) || r.Read() != 1 {
			t.Error("the second use of a token dropped a reference")
		}
		if len(got) != 1 || !errors.Is(got[0], ErrReleased) {
			t.Errorf("reports %v", got)
		}
		x := NewShared(nil, "x", 0, func(*int) { t.Error("released") })
		x.Track(NewDir("x", 0))
		tok = x.GetTracked()
		x.PutTracked(tok)
		if x.PutTracked(tok) || x.Count() != 1 || len(got) != 2 {
			t.Errorf("count %d, reports %v", x.Count(), got)
		}
		// A token of another object drops nothing either.
		if x.PutTracked(first) || x.Count() != 1 || len(got) != 3 || !errors.Is(got[2], ErrForeign) {
			t.Errorf("count %d, reports %v", x.Count(), got)
		}
	})
	t.Run("late", func(t *testing.T) {
		r := newRef(nil)
		r.Get()
		if _, ok := mustPanic(t, func() { r.Track(NewDir("d", 0)) }).(*LiveError); !ok {
			t.Error("Track with two references")
		}
		x := NewShared(nil, "x", 0, nil)
		x.Get()
		if _, ok := mustPanic(t, func() { x.Track(NewDir("d", 0)) }).(*LiveError); !ok {
			t.Error("Track with two references")
		}
	})
}
