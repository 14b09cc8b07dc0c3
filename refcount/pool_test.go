package refcount

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/sched"
)

func TestPoolFindsStaleHandles(t *testing.T) {
	r := new(recorder)
	inits := 0
	p := NewPool(r, "waiter", func(*int) { inits++ })
	ls := sched.NewTask("ls", sched.TaskConfig{})
	a := p.Get(ls)
	*a.Value() = 7
	stale := a
	if stale != a || !stale.Alive() {
		t.Error("a copy of a handle differs")
	}
	p.Put(a, ls)
	b := p.Get()
	if b == a || b.slot != a.slot {
		t.Fatal("not the same memory in another use")
	}
	if len(r.take()) != 0 {
		t.Error("reports")
	}
	if v := stale.Value(); v != b.Value() || *v != 7 || stale.Alive() || !b.Alive() {
		t.Error("the stale handle does not share the memory")
	}
	list := r.take()
	if len(list) != 1 {
		t.Fatalf("reports %v", list)
	}
	e := list[0].(*UseAfterEnd)
	if e.Kind != "pooled" || e.Name != "waiter" || !e.Made.Task.Is(ls) || !e.Ended.Task.Is(ls) ||
		!strings.Contains(e.Touched.String(), "TestPoolFindsStaleHandles") {
		t.Errorf("report %v", e)
	}
	p.Put(a) // again, while b has it
	if list := r.take(); len(list) != 1 || list[0].(*UseAfterEnd).Verb != "put" {
		t.Errorf("second Put: %v", list)
	}
	if c := p.Get(); c.slot == b.slot {
		t.Error("the second Put gave away memory in use")
	}
	if inits != 3 {
		t.Errorf("%d inits", inits)
	}
	if got := r.kinds(); !strings.HasPrefix(got, "life.touch life.end life.touch life.touch life.end") {
		t.Errorf("steps %s", got)
	}
}

func TestPoolUnchecked(t *testing.T) {
	var got []error
	defer SetHandler(func(err error) { got = append(got, err) })()
	p := NewPool[int](nil, "waiter", nil)
	h := p.Get()
	*h.Value() = 1
	p.Put(h)
	h.Value()
	p.Put(h)
	if len(got) != 2 || got[0].(*UseAfterEnd).Verb != "touched" || got[1].(*UseAfterEnd).Verb != "put" {
		t.Errorf("reports %v", got)
	}
	mustPanic(t, func() { NewPool[int](nil, "other", nil).Put(h) })
	mustPanic(t, func() { p.Put(Handle[int]{}) })
}

func TestPoolStorm(t *testing.T) {
	defer SetHandler(func(err error) { t.Error(err) })()
	for _, s := range []sched.Scheduler{nil, new(dropper)} {
		p := NewPool[atomic.Int64](s, "p", nil)
		together(8, func(i int) {
			for range rounds(5000) {
				h := p.Get()
				if !h.Value().CompareAndSwap(0, 1) {
					t.Error("two users of one struct")
				}
				h.Value().Store(0)
				p.Put(h)
			}
		})
	}
}

func TestWeak(t *testing.T) {
	x := NewShared(nil, "x", 7, nil)
	w := x.Weak()
	if w != x.Weak() {
		t.Error("two handles of one struct differ")
	}
	if y := w.TryGet(); y != x || x.Count() != 2 {
		t.Error("TryGet of a live struct")
	}
	x.Put()
	x.Put()
	if w.TryGet() != nil || x.Count() != 0 {
		t.Error("TryGet after the end")
	}
	runtime.KeepAlive(x)
	// The handle does not keep the memory.
	collected := make(chan struct{})
	runtime.AddCleanup(x, func(c chan struct{}) { close(c) }, collected)
	x = nil
	for i := 0; ; i++ {
		runtime.GC()
		select {
		case <-collected:
			if w.TryGet() != nil {
				t.Error("TryGet of nothing")
			}
			return
		default:
			if i == 100 {
				t.Fatal("the handle keeps the memory")
			}
			runtime.Gosched()
		}
	}
}

func TestWeakAgainstLastPut(t *testing.T) {
	for range rounds(20_000) {
		var releases atomic.Int64
		x := NewShared(nil, "x", 0, func(*int) { releases.Add(1) })
		w := x.Weak()
		together(2, func(i int) {
			if i == 0 {
				x.Put()
			} else if y := w.TryGet(); y != nil {
				if releases.Load() != 0 {
					t.Error("released with a reference")
				}
				y.Put()
			}
		})
		if releases.Load() != 1 {
			t.Fatalf("%d releases", releases.Load())
		}
	}
}

func TestG12_BubblesShareObjects(t *testing.T) {
	p := NewPool[int](nil, "p", nil)
	y := NewSharded(nil, "y", func() {}, 0)
	d := NewDir("d", 4)
	r := newRef(nil)
	r.Track(d)
	use := func(*testing.T) {
		together(4, func(int) {
			h := p.Get()
			p.Put(h)
			y.Get()
			y.SwitchToAtomic()
			y.SwitchToSharded()
			y.Put()
			r.PutTracked(r.GetTracked(), func() {})
		})
	}
	use(t)
	synctest.Test(t, use)
	synctest.Test(t, use)
	use(t)
	// PutLock waits for its lock; the bubble sees the wait.
	synctest.Test(t, func(t *testing.T) {
		var c Count
		c.Set(1)
		l := make(chanLock, 1)
		l.Lock()
		done := make(chan bool, 1)
		go func() { done <- c.DecAndLock(l) }()
		synctest.Wait()
		c.Inc() // a look-up, with the lock held
		l.Unlock()
		if <-done {
			t.Error("released under the look-up")
		}
	})
}

// chanLock is a lock on which a wait is durable in a bubble.
type chanLock chan struct{}

func (l chanLock) Lock()   { l <- struct{}{} }
func (l chanLock) Unlock() { <-l }

// TestG14 runs one program with every aid off and with every aid on.
func TestG14_AidsChangeNothing(t *testing.T) {
	run := func(s sched.Scheduler, check, track bool) (log []int) {
		defer CheckLives(CheckLives(check))
		released := 0
		x := NewShared(s, "x", 1, func(*int) { released++ })
		if track {
			x.Track(NewDir("x", 1))
		}
		f := NewFrame(s, "f", 2)
		for _, op := range "gvgptpvgtppvp" {
			switch op {
			case 'g':
				x.Get()
			case 't':
				log = append(log, int(truth(x.TryGet())))
			case 'p':
				log = append(log, int(truth(x.Put())))
			case 'v':
				*x.Value()++
			}
			log = append(log, x.Count(), released, int(truth(x.Alive())), *x.Value(), *f.Value())
		}
		f.End()
		return append(log, int(truth(f.Alive())), *f.Value())
	}
	defer SetHandler(func(error) {})()
	want := run(nil, false, false)
	for name, got := range map[string][]int{
		"checked": run(nil, true, false), "tracked": run(nil, false, true), "both": run(nil, true, true),
		"coarse": run(new(recorder), false, true), "fine": run(&recorder{fine: true}, true, true),
	} {
		if len(got) != len(want) {
			t.Fatalf("%s: %v, want %v", name, got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", name, got, want)
				break
			}
		}
	}
}
