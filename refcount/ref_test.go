package refcount

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// hookLock is a lock that knows whether it is held and calls before at the
// moment when somebody is about to take it.
type hookLock struct {
	mu     sync.Mutex
	held   atomic.Bool
	locks  atomic.Int64
	before func()
}

func (l *hookLock) Lock() {
	if f := l.before; f != nil {
		l.before = nil
		f()
	}
	l.mu.Lock()
	l.held.Store(true)
	l.locks.Add(1)
}

func (l *hookLock) Unlock() {
	l.held.Store(false)
	l.mu.Unlock()
}

func newRef(s sched.Scheduler) *Ref {
	r := new(Ref)
	r.Init(s, "r")
	return r
}

func TestRefInit(t *testing.T) {
	r := newRef(nil)
	if r.Read() != 1 {
		t.Errorf("count %d", r.Read())
	}
	if _, ok := mustPanic(t, func() { r.Init(nil, "r") }).(*LiveError); !ok || r.Read() != 1 {
		t.Error("Init on a live Ref")
	}
	if !r.Put(func() {}) {
		t.Error("last Put")
	}
	r.Init(nil, "again")
	if !r.GetUnlessZero() || r.Read() != 2 {
		t.Error("second life")
	}
}

func TestK1_ReleaseOnceOnThePuttingGoroutine(t *testing.T) {
	for range rounds(500) {
		r := newRef(nil)
		for range 15 {
			r.Get()
		}
		var releases atomic.Int64
		var putting [16]bool
		together(16, func(i int) {
			on := false
			got := r.Put(func() { on = true; releases.Add(1) })
			if got != on {
				t.Error("released on another goroutine, or the result is wrong")
			}
			putting[i] = got
		})
		n := 0
		for _, p := range putting {
			if p {
				n++
			}
		}
		if releases.Load() != 1 || n != 1 {
			t.Fatalf("%d releases, %d trues", releases.Load(), n)
		}
	}
}

func TestK2_TheReportNamesTheHolder(t *testing.T) {
	d := NewDir("object", 0)
	r := newRef(nil)
	first := r.Track(d)
	ls := sched.NewTask("ls", sched.TaskConfig{})
	var queue []*Tracker
	// The reference is taken before the object is handed over. One path
	// returns early and forgets it.
	submit := func(fail bool) error {
		tok := r.GetTracked(ls)
		if fail {
			return errors.New("queue full")
		}
		queue = append(queue, tok)
		return nil
	}
	submit(false)
	submit(true)
	for _, tok := range queue {
		r.PutTracked(tok, func() { t.Error("released") })
	}
	r.PutTracked(first, func() { t.Error("released") })
	var leak *LeakError
	if !errors.As(d.Exit(), &leak) || leak.Tracked != 1 || r.Read() != 1 {
		t.Fatalf("leak %v", leak)
	}
	g := leak.Groups[0]
	if g.Count != 1 || len(g.Tasks) != 1 || !g.Tasks[0].Is(ls) || !strings.Contains(g.Stack.String(), "TestK2") {
		t.Errorf("group %+v in %v", g, g.Stack)
	}
	if !strings.Contains(leak.Error(), "1 of 1 by ls") || !strings.Contains(leak.Error(), "ref_test.go") {
		t.Errorf("text: %s", leak)
	}
}

func TestK3_TrueOnce(t *testing.T) {
	r := newRef(nil)
	r.Get()
	released := false
	release := func() { released = true }
	if r.Put(release) || released {
		t.Error("released with a reference left")
	}
	if !r.Put(release) || !released {
		t.Error("the last Put does not release")
	}
	// One Put too many neither releases again nor says so.
	var got []error
	defer SetHandler(func(err error) { got = append(got, err) })()
	released = false
	if r.Put(release) || released || len(got) != 1 || got[0].(*Fault).Kind != SubUAF {
		t.Errorf("after the end: released %v, reports %v", released, got)
	}
}

// A registry publishes one object under a lock, as a hash table does.
type registry struct {
	mu  sync.Locker
	cur *regObject
}

type regObject struct {
	ref  Ref
	dead bool // under the lock: released
}

func (g *registry) lookup() *regObject {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cur == nil || !g.cur.ref.GetUnlessZero() {
		return nil
	}
	if g.cur.dead {
		panic("found a dead object")
	}
	return g.cur
}

func TestK4D2_LookupNeverFindsADyingObject(t *testing.T) {
	for range rounds(100_000) {
		g := &registry{mu: new(sync.Mutex)}
		o := new(regObject)
		o.ref.Init(nil, "o")
		g.cur = o
		release := func() { // with the lock held
			o.dead = true
			g.cur = nil
			g.mu.Unlock()
		}
		var releases atomic.Int64
		together(2, func(i int) {
			p := o
			if i == 0 {
				if p = g.lookup(); p == nil {
					return
				}
				if p.ref.Read() == 0 {
					t.Error("a reference on a dead object")
				}
			}
			if p.ref.PutLock(g.mu, release) {
				releases.Add(1)
			}
		})
		if releases.Load() != 1 || !o.dead {
			t.Fatalf("%d releases", releases.Load())
		}
	}
}

func TestD2_ZeroOnlyUnderTheLock(t *testing.T) {
	// Each value that others can see while the lock is free is not zero.
	c, r := fineCount(1)
	l := new(hookLock)
	r.hook = func(sched.Op) {
		if !l.held.Load() && c.Peek() == 0 {
			t.Error("zero without the lock")
		}
	}
	if !c.DecAndLock(l) || !l.held.Load() || c.Peek() != 0 {
		t.Error("the last reference")
	}
}

func TestK5_LockOnlyForTheLast(t *testing.T) {
	l := new(hookLock)
	r := newRef(nil)
	r.Get()
	r.Get()
	heldInRelease := false
	release := func() { heldInRelease = l.held.Load(); l.Unlock() }
	for range 2 {
		if r.PutLock(l, release) || l.locks.Load() != 0 {
			t.Error("lock taken with references left")
		}
	}
	if !r.PutLock(l, release) || l.locks.Load() != 1 || !heldInRelease || l.held.Load() {
		t.Errorf("last: %d locks, held in release %v, held after %v", l.locks.Load(), heldInRelease, l.held.Load())
	}
}

func TestK6_ReleaseDropsTheParent(t *testing.T) {
	type node struct {
		ref    Ref
		parent *node
	}
	released := 0
	var put func(n *node)
	put = func(n *node) {
		n.ref.Put(func() {
			released++
			if n.parent != nil {
				put(n.parent)
			}
		})
	}
	const depth = 100_000
	var last *node
	for range depth {
		n := &node{parent: last}
		n.ref.Init(nil, "")
		last = n
	}
	put(last)
	if released != depth {
		t.Errorf("released %d of %d", released, depth)
	}
}

func TestK7_GetOnZero(t *testing.T) {
	r := new(taker)
	ref := newRef(r)
	ref.Put(func() {})
	ref.Get()
	if kinds := r.take(); !sameKinds(kinds, AddUAF) {
		t.Errorf("faults %v", kinds)
	}
	released := false
	for range 3 {
		released = ref.Put(func() { released = true }) || released
	}
	if released {
		t.Error("released twice")
	}
}

func TestK8G10G11_ReleaseThatDoesNotReturn(t *testing.T) {
	boom := errors.New("boom")
	for name, leave := range map[string]func(){
		"panic":  func() { panic(boom) },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			// run calls f on a goroutine that release may end.
			run := func(f func()) (e any) {
				done := make(chan any, 1)
				go func() {
					defer func() { done <- recover() }()
					f()
				}()
				return <-done
			}
			want := any(nil)
			if name == "panic" {
				want = boom
			}
			r := newRef(nil)
			if e := run(func() { r.Put(leave) }); e != want {
				t.Errorf("Put: %v", e)
			}
			if r.GetUnlessZero() || r.Read() != 0 {
				t.Error("not dead")
			}
			l := new(hookLock)
			r = newRef(nil)
			if e := run(func() { r.PutLock(l, leave) }); e != want {
				t.Errorf("PutLock: %v", e)
			}
			if !l.held.Load() {
				t.Error("the lock is not as release left it")
			}
			if r.GetUnlessZero() {
				t.Error("not dead")
			}
			x := NewShared(nil, "x", 0, func(*int) { leave() })
			if e := run(func() { x.Put() }); e != want || x.Alive() || x.TryGet() {
				t.Errorf("Shared: %v", e)
			}
			y := NewSharded(nil, "y", leave, 0)
			if e := run(y.Kill); e != want || !y.IsZero() || y.TryGet() {
				t.Errorf("Sharded: %v", e)
			}
			released := false
			y = NewSharded(nil, "y", func() { released = true }, 0)
			if e := run(func() { y.KillAndConfirm(leave) }); e != want || !released || !y.IsZero() {
				t.Errorf("confirm: %v, released %v", e, released)
			}
		})
	}
}

func TestG3_NilArguments(t *testing.T) {
	r := newRef(nil)
	var c Count
	c.Set(1)
	y := NewSharded(nil, "y", func() {}, 0)
	l := new(hookLock)
	for name, f := range map[string]func(){
		"Put":            func() { r.Put(nil) },
		"PutTracked":     func() { r.PutTracked(nil, nil) },
		"PutLock lock":   func() { r.PutLock(nil, func() {}) },
		"PutLock":        func() { r.PutLock(l, nil) },
		"DecAndLock":     func() { c.DecAndLock(nil) },
		"NewSharded":     func() { NewSharded(nil, "", nil, 0) },
		"KillAndConfirm": func() { y.KillAndConfirm(nil) },
	} {
		mustPanic(t, f)
		if r.Read() != 1 || c.Read() != 1 || y.IsDying() || l.locks.Load() != 0 {
			t.Errorf("%s changed something", name)
		}
	}
	if !r.Put(func() {}) || !c.DecAndTest() {
		t.Error("unusable after the panics")
	}
}

func TestD1_LockUntouchedOverOne(t *testing.T) {
	l := new(hookLock)
	l.Lock() // for ever
	var c Count
	c.Set(3)
	for range 2 {
		if c.DecAndLock(l) {
			t.Error("true over one")
		}
	}
	if c.Read() != 1 {
		t.Errorf("value %d", c.Read())
	}
	if l.locks.Load() != 1 {
		t.Error("the lock was taken")
	}
}

func TestD3_GetBetweenTestAndLock(t *testing.T) {
	var c Count
	c.Set(1)
	l := &hookLock{before: func() { c.Inc() }} // a look-up, under the lock
	if c.DecAndLock(l) || l.held.Load() || c.Read() != 1 || l.locks.Load() != 1 {
		t.Errorf("held %v, value %d; want the object kept", l.held.Load(), c.Read())
	}
	r := newRef(nil)
	l = &hookLock{before: r.Get}
	if r.PutLock(l, func() { t.Error("released") }) || l.held.Load() || r.Read() != 1 {
		t.Error("PutLock")
	}
}

func TestD4_TrueIsHeld(t *testing.T) {
	for v := range 4 {
		var c Count
		c.Init(dropper{}, "c", v)
		l := new(hookLock)
		if ok := c.DecAndLock(l); ok != l.held.Load() || ok != (v == 1) {
			t.Errorf("at %d: %v, held %v", v, ok, l.held.Load())
		}
	}
}

func TestD5_DeadAndSaturated(t *testing.T) {
	for start, fault := range map[int64]FaultKind{0: SubUAF, Saturated: none} {
		r := new(taker)
		var c Count
		c.Init(r, "c", 1)
		poke(&c, start)
		l := new(hookLock)
		if c.DecAndLock(l) || l.locks.Load() != 0 {
			t.Errorf("at %d: true, or the lock was taken", start)
		}
		if kinds := r.take(); !sameKinds(kinds, fault) || c.Peek() != Saturated {
			t.Errorf("at %d: faults %v, value %d", start, kinds, c.Peek())
		}
	}
}

func TestD6_TwoFinalDropsAtTheWindow(t *testing.T) {
	// Both have seen 2; A is about to write 1 when B has done so.
	c, r := fineCount(2)
	l := new(hookLock)
	b := true
	r.at(isUpdate, func() { b = c.DecAndLock(l) })
	if a := c.DecAndLock(l); !a || b || !l.held.Load() {
		t.Errorf("a %v, b %v, held %v", a, b, l.held.Load())
	}
	// A has failed the fast test at 1 and is about to lock, when a look-up
	// takes a reference and drops it again.
	var d Count
	d.Set(1)
	b = true
	l = &hookLock{before: func() { d.Inc(); b = d.DecAndLock(new(hookLock)) }}
	if a := d.DecAndLock(l); !a || b || d.Read() != 0 {
		t.Errorf("a %v, b %v", a, b)
	}
}

func TestD6_TwoFinalDrops(t *testing.T) {
	for range rounds(20_000) {
		var c Count
		c.Set(2)
		l := new(hookLock)
		var trues atomic.Int64
		together(2, func(int) {
			if c.DecAndLock(l) {
				trues.Add(1)
				l.Unlock()
			}
		})
		if trues.Load() != 1 || c.Read() != 0 {
			t.Fatalf("%d trues, value %d", trues.Load(), c.Read())
		}
	}
}

func TestG6_PutLockOrders(t *testing.T) {
	for range rounds(2000) {
		r := newRef(nil)
		r.Get()
		r.Get()
		var wrote [3]int
		var mu sync.Mutex
		together(3, func(i int) {
			wrote[i] = 1
			r.PutLock(&mu, func() {
				defer mu.Unlock()
				if wrote != [3]int{1, 1, 1} {
					t.Error("a write of a holder is missing")
				}
			})
		})
	}
}

// A holder publishes a shared record as the look-up of 2003 should have: the
// reference of a reader is taken under the lock that the pointer is cleared
// under.
type publisher struct {
	mu  sync.Mutex
	rec *Shared[record]
}

type record struct{ canary atomic.Int64 }

const canaryAlive = 0x5afe

func (p *publisher) publish(s sched.Scheduler) *Shared[record] {
	x := NewShared(s, "record", record{}, func(r *record) { r.canary.Store(0) })
	x.Value().canary.Store(canaryAlive)
	x.Get() // the pointer's own reference
	p.mu.Lock()
	p.rec = x
	p.mu.Unlock()
	return x
}

// clear is the fixed order: lock, clear the pointer, drop its reference,
// unlock.
func (p *publisher) clear(x *Shared[record]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rec == x {
		p.rec = nil
		x.Put()
	}
}

func (p *publisher) reader() *Shared[record] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rec != nil {
		p.rec.Get()
	}
	return p.rec
}

func TestX3_GetUnderThePublishingLock(t *testing.T) {
	defer CheckLives(CheckLives(true))
	var faults atomic.Int64
	defer SetHandler(func(err error) { t.Error(err); faults.Add(1) })()
	var p publisher
	n := rounds(20_000)
	together(3, func(i int) {
		for range n {
			if i == 0 {
				x := p.publish(nil)
				p.clear(x)
				x.Put()
				continue
			}
			if x := p.reader(); x != nil {
				if got := x.Value().canary.Load(); got != canaryAlive {
					t.Errorf("canary %x", got)
				}
				x.Put()
			}
		}
	})
}

func TestX3_GetOutsideTheLockIsReported(t *testing.T) {
	// The same without the lock: the reader is held between reading the
	// pointer and taking the reference.
	r := new(recorder)
	var p publisher
	x := p.publish(r)
	stale := p.rec
	p.clear(x)
	x.Put()
	stale.Get()
	list := r.take()
	if len(list) != 1 {
		t.Fatalf("reports %v", list)
	}
	if e, ok := list[0].(*UseAfterEnd); !ok || e.Verb != "got" || e.Name != "record" {
		t.Errorf("report %v", list[0])
	}
}

func TestX4_EveryExitClearsThePointer(t *testing.T) {
	steps := []string{"", "after publish", "after daemon", "after inode"}
	lookup := func(p *publisher, d *Dir, fail string) (err error) {
		x := NewShared(nil, "record", record{}, func(r *record) {
			if p.rec != nil {
				t.Errorf("fail %q: released while published", fail)
			}
		})
		mine := x.Track(d)
		theirs := x.GetTracked()
		p.rec = x
		defer func() {
			p.mu.Lock()
			p.rec = nil
			x.PutTracked(theirs)
			x.PutTracked(mine)
			p.mu.Unlock()
		}()
		for _, s := range steps[1:] {
			if fail == s {
				return errors.New(s)
			}
		}
		return nil
	}
	for _, fail := range steps {
		var p publisher
		d := NewDir("record", 0)
		if err := lookup(&p, d, fail); (err == nil) != (fail == "") {
			t.Errorf("fail %q: %v", fail, err)
		}
		if p.rec != nil || d.Exit() != nil {
			t.Errorf("fail %q: pointer or reference left", fail)
		}
	}
	// An exit that forgets its reference is found, and named.
	var p publisher
	d := NewDir("record", 0)
	x := NewShared(nil, "record", record{}, nil)
	mine := x.Track(d)
	p.rec = x
	x.GetTracked()
	x.PutTracked(mine)
	if err := d.Exit(); err == nil || !strings.Contains(err.Error(), "TestX4") {
		t.Errorf("forgotten reference: %v", err)
	}
}
