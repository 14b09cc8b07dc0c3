//lint:file-ignore SA2001 taking a lock and giving it back is all that these tests do

package lockdep_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
)

func TestARunThatEndsIsNoHang(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 1)
	q := queue(w, "q")
	var ready sched.Int64
	ready.Init(w, sched.Spec{Name: "ready"})
	a, b := task("a"), task("b")
	w.Go(a, func() {
		down(a, s)
		s.Up()
		a.Must(q.Wait(a.Context(), func() bool { return ready.Load() == 1 }))
	})
	w.Go(b, func() {
		down(b, s)
		s.Up()
		ready.Store(1)
		q.WakeAll()
	})
	finish(t, w)
}

func TestAQueueThatNobodyWakes(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	q := queue(w, "q")
	a := task("a")
	w.Go(a, func() { a.Must(q.Wait(a.Context(), never)) })
	h := hang(t, w)
	if len(h.Tasks) != 1 || h.Tasks[0].Name != "a" || h.Tasks[0].Op != sched.Park || h.Tasks[0].Object.Name != "q" {
		t.Errorf("got %v", h)
	}
	if h.Partial || len(h.Running) > 0 || len(h.Cycle) > 0 {
		t.Errorf("got %v", h)
	}
}

// The kernel's ABBA: both take their first before either takes its second.
func TestTwoSemaphoresInTwoOrders(t *testing.T) {
	for _, noPartial := range []bool{false, true} {
		w := lockdep.New(lockdep.Config{NoPartial: noPartial})
		x, y := semaphore(w, "x", 1), semaphore(w, "y", 1)
		meet := barrier(w, 2)
		a, b := task("a"), task("b")
		w.Go(a, func() { down(a, x); meet(a); down(a, y) })
		w.Go(b, func() { down(b, y); meet(b); down(b, x) })
		h := hang(t, w)
		if len(h.Tasks) != 2 || len(h.Cycle) != 2 {
			t.Fatalf("got %v", h)
		}
		for _, e := range h.Cycle {
			if e.Why != lockdep.Holds || e.From == e.To {
				t.Errorf("edge %+v", e)
			}
		}
		for _, s := range h.Tasks {
			if len(s.Holds) != 1 || s.Holds[0].Object == s.Object {
				t.Errorf("%v holds %v and sleeps on %v", s.TaskName, s.Holds, s.Object)
			}
		}
	}
}

// barrier returns a function that returns when n tasks have called it.
func barrier(w *lockdep.Watch, n int64) func(*sched.Task) {
	var came sched.Int64
	q := queue(w, "barrier")
	return func(t *sched.Task) {
		if came.Add(1) == n {
			q.WakeAll()
			return
		}
		t.Must(q.Wait(t.Context(), func() bool { return came.Load() >= n }))
	}
}

func TestACircleIsFoundWhileOthersRun(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	x, y := semaphore(w, "x", 1), semaphore(w, "y", 1)
	meet := barrier(w, 2)
	a, b, c := task("a"), task("b"), task("c")
	stop := make(chan struct{})
	w.Go(c, func() { <-stop }) // runs as far as the watch can tell
	w.Go(a, func() { down(a, x); meet(a); down(a, y) })
	w.Go(b, func() { down(b, y); meet(b); down(b, x) })
	err := w.Wait(limit(t))
	h := lockdep.AsHang(err)
	if h == nil || !h.Partial || len(h.Tasks) != 2 || len(h.Cycle) != 2 {
		t.Errorf("got %v", err)
	} else if len(h.Running) != 1 || h.Running[0].Name != "c" {
		t.Errorf("running: %v", h.Running)
	}
	close(stop)
	teardown(t, w)
}

func TestATaskThatWaitsForItself(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	a := task("a")
	x := semaphore(w, "x", 1)
	w.Go(a, func() { down(a, x); down(a, x) })
	h := hang(t, w)
	if len(h.Cycle) != 1 || h.Cycle[0].From != h.Cycle[0].To || h.Cycle[0].Object.Name != "x" {
		t.Errorf("cycle: %v", h.Cycle)
	}
}

// A bounded buffer: the producer takes all slots and sleeps for one, which a
// consumer that still runs will give. That is no circle.
func TestASemaphoreThatOthersGiveIsNoLock(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	slots, items := semaphore(w, "slots", 1), semaphore(w, "items", 0)
	p, c := task("producer"), task("consumer")
	release := make(chan struct{})
	asleep := make(chan struct{})
	const n = 100
	w.Go(p, func() {
		down(p, slots)
		items.Up()
		close(asleep)
		for range n - 1 {
			down(p, slots)
			items.Up()
		}
	})
	w.Go(c, func() {
		<-release
		for range n {
			down(c, items)
			slots.Up()
		}
	})
	<-asleep
	for slots.Waiters() == 0 {
		runtime.Gosched()
	}
	close(release)
	finish(t, w)
}

func TestACountingSemaphoreNamesThoseWhoTookIt(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 2)
	a, b, c := task("a"), task("b"), task("c")
	meet := barrier(w, 3)
	q := queue(w, "q")
	w.Go(a, func() { down(a, s); meet(a); a.Must(q.Wait(a.Context(), never)) })
	w.Go(b, func() { down(b, s); meet(b); b.Must(q.Wait(b.Context(), never)) })
	w.Go(c, func() { meet(c); down(c, s) })
	h := hang(t, w)
	for _, z := range h.Tasks {
		if z.Name != "c" {
			continue
		}
		if len(z.Waits) != 2 || z.Waits[0].Why != lockdep.Took {
			t.Errorf("c waits for %+v", z.Waits)
		}
	}
}

func TestDaemonsMaySleep(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	work, done := semaphore(w, "work", 0), semaphore(w, "done", 0)
	d, a := task("devfsd"), task("a")
	w.Daemon(d, func() {
		for {
			down(d, work)
			done.Up()
		}
	})
	w.Go(a, func() {
		for range 100 {
			work.Up()
			down(a, done)
		}
	})
	if err := w.Wait(limit(t)); err != nil {
		t.Error(err)
	}
	if h := lockdep.AsHang(w.Join(limit(t))); h == nil || len(h.Tasks) != 1 || !h.Tasks[0].Daemon {
		t.Errorf("Join with a sleeping daemon: %v", h)
	}
	teardown(t, w)
}

func TestNothingHangsBeforeWait(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a, b := task("a"), task("b")
	w.Go(a, func() { down(a, s) })
	for s.Waiters() == 0 {
		runtime.Gosched()
	}
	w.Go(b, func() { s.Up() })
	finish(t, w)
}

func TestATimerCanEndASleep(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a := task("a")
	w.Go(a, func() { down(a, s) })
	w.AfterFunc(time.Millisecond, s.Up)
	finish(t, w)

	w = lockdep.New(lockdep.Config{})
	s = semaphore(w, "s", 0)
	w.Go(a, func() { down(a, s) })
	stop := w.AfterFunc(time.Hour, s.Up)
	go stop()
	hang(t, w)
	if stop() {
		t.Error("the timer was stopped twice")
	}
}

func TestADeadlineCanEndASleep(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a := task("a")
	var err error
	w.Go(a, func() {
		ctx, stop := context.WithTimeout(a.Context(), 5*time.Millisecond)
		defer stop()
		err = s.Down(ctx)
	})
	finish(t, w)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Down: %v", err)
	}
}

func TestSomebodyElseCanEndASleep(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a := task("a")
	w.Go(a, func() { down(a, s) })
	release := w.Hold()
	go func() {
		for s.Waiters() == 0 {
			runtime.Gosched()
		}
		s.Up()
		release()
		release()
	}()
	finish(t, w)
}

func TestWaitGivesUpWithItsContext(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a, b := task("a"), task("b")
	stop := make(chan struct{})
	w.Go(a, func() { down(a, s) })
	w.Go(b, func() { <-stop; s.Up() })
	for s.Waiters() == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := w.Wait(ctx)
	h := lockdep.AsHang(err)
	if !errors.Is(err, context.Canceled) || len(h.Tasks) != 1 || h.Tasks[0].Name != "a" || len(h.Running) != 1 {
		t.Errorf("got %v", err)
	}
	close(stop)
	finish(t, w)
}

func TestAMutexHeldByAnUnnamedTask(t *testing.T) {
	for _, identify := range []bool{false, true} {
		w := lockdep.New(lockdep.Config{Identify: identify})
		var m sched.Mutex
		m.Init(w, sched.Spec{Name: "dcache_lock"})
		q := queue(w, "q")
		a, b := task("a"), task("b")
		locked := make(chan struct{})
		w.Go(a, func() {
			m.Lock()
			defer m.Unlock()
			close(locked)
			a.Must(q.Wait(a.Context(), never))
		})
		w.Go(b, func() { <-locked; m.Lock(); m.Unlock() })
		h := hang(t, w)
		var z lockdep.Sleeper
		for _, s := range h.Tasks {
			if s.Op == sched.Lock {
				z = s
			}
		}
		if z.Name != "b" {
			t.Errorf("identify %v: the one in lock is %v", identify, z.TaskName)
		}
		if identify && (len(z.Waits) != 1 || z.Waits[0].For.Name != "a") {
			t.Errorf("b waits for %v", z.Waits)
		}
	}
}

// The grant of a hand-off is on its way while the waiter has not yet run: on
// one processor it can not have.
func TestAGrantOnItsWayIsNoHang(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 200 {
		w := lockdep.New(lockdep.Config{})
		ping, pong := semaphore(w, "ping", 0), semaphore(w, "pong", 0)
		a, b := task("a"), task("b")
		w.Go(a, func() {
			for range 20 {
				ping.Up()
				down(a, pong)
			}
		})
		w.Go(b, func() {
			for range 20 {
				down(b, ping)
				pong.Up()
			}
		})
		finish(t, w)
	}
}

func TestNoiseBelow(t *testing.T) {
	for seed := range uint64(50) {
		w := lockdep.New(lockdep.Config{Inner: sched.NewNoise(seed, 2)})
		s := semaphore(w, "s", 1)
		q := queue(w, "q")
		var n sched.Int64
		n.Init(w, sched.Spec{Name: "n"})
		for range 4 {
			a := task("a")
			w.Go(a, func() {
				for range 10 {
					down(a, s)
					v := n.Load()
					sched.YieldTo(w)
					n.Store(v + 1)
					s.Up()
					q.WakeAll()
				}
				a.Must(q.Wait(a.Context(), func() bool { return n.Load() == 40 }))
			})
		}
		finish(t, w)
	}
}

func TestReportAndJSON(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	x, y := semaphore(w, "i_sem", 1), semaphore(w, "s_lock", 1)
	meet := barrier(w, 2)
	a, b := task("ls"), task("rm")
	l9 := &sched.Label{ID: "L9", Text: "down(i_sem)"}
	w.Go(a, func() { down(a, x); meet(a); down(a, y) })
	w.Go(b, func() { down(b, y); meet(b); b.At(l9); down(b, x) })
	h := hang(t, w)
	text := h.String()
	for _, want := range []string{
		"lockdep: hang: 2 tasks blocked", a.String(), b.String() + " at L9 down(i_sem)",
		"sleeps in  down of semaphore i_sem", "s_lock, by down at step",
		b.String() + ", which holds it", "wait-for cycle:",
		b.String() + " sleeps on i_sem, which " + a.String() + " holds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	js, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Tasks []struct {
			Name, Op string
			Object   struct{ Kind, Name string }
			Holds    []struct{ Object struct{ Name string } }
			WaitsFor []struct {
				For struct{ Name string }
				Why string
			}
		}
		Cycle []struct{ From, To struct{ Name string } }
	}
	if err := json.Unmarshal(js, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Tasks) != 2 || back.Tasks[0].Op != "down" || back.Tasks[0].Object.Kind != "semaphore" ||
		len(back.Tasks[0].Holds) != 1 || len(back.Tasks[0].WaitsFor) != 1 || back.Tasks[0].WaitsFor[0].Why != "holds" || len(back.Cycle) != 2 {
		t.Errorf("%s", js)
	}
}

func TestSetWakerNamesTheWaker(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "i_sem", 1)
	o := w.Object(sched.Spec{Kind: sched.KindQueue, Name: "lookup"})
	ls, rm := task("ls"), task("rm")
	var p sched.Parker
	p.Init(w, sched.Spec{Name: "ls.slot"})
	has := make(chan struct{})
	w.Go(rm, func() {
		sched.SetWaker(o, rm)
		<-has
		down(rm, s)
		p.Unpark()
	})
	w.Go(ls, func() {
		down(ls, s)
		close(has)
		ls.Must(p.Park(ls.Context(), o))
	})
	h := hang(t, w)
	if len(h.Cycle) != 2 {
		t.Fatalf("got %v", h)
	}
	for _, e := range h.Cycle {
		if e.Object.Name == "lookup" && (e.Why != lockdep.Announced || e.To.Name != "rm") {
			t.Errorf("edge %+v", e)
		}
	}
}
