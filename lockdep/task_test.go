package lockdep_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
)

func TestAPanicIsKeptAndEndsTheTask(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	boom := errors.New("boom")
	a, b := task("a"), task("b")
	w.Go(a, func() { explode(boom) })
	w.Go(b, func() { runtime.Goexit() })
	w.AfterFunc(0, func() { panic("timer") })
	if err := w.Wait(limit(t)); err != nil {
		t.Fatal(err)
	}
	for { // Wait does not wait for the timer
		if f, _ := w.Faults(); len(f) == 2 {
			break
		}
		runtime.Gosched()
	}
	if err := w.Join(limit(t)); err != nil {
		t.Fatal(err)
	}
	faults, more := w.Faults()
	if len(faults) != 2 || more != 0 {
		t.Fatalf("faults: %v, %d", faults, more)
	}
	for _, f := range faults {
		var p *lockdep.Panic
		if !errors.As(f, &p) {
			t.Fatalf("fault %T", f)
		}
		if p.Task.Is(a) && (!errors.Is(f, boom) || !bytes.Contains(p.Stack, []byte("explode"))) {
			t.Errorf("%v\n%s", p, p.Stack)
		}
	}
}

//go:noinline
func explode(err error) { panic(err) }

func TestFaultsAreKeptUpToALimit(t *testing.T) {
	w := lockdep.New(lockdep.Config{MaxFaults: 2})
	for range 5 {
		if !sched.Report(w, errors.New("x")) {
			t.Error("not taken")
		}
	}
	if f, more := w.Faults(); len(f) != 2 || more != 3 {
		t.Errorf("kept %d, more %d", len(f), more)
	}
}

func TestKillEndsWhatStartsLater(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	cause := errors.New("over")
	w.Kill(cause)
	q := queue(w, "q")
	a := task("a")
	var err error
	w.Go(a, func() { err = q.Wait(a.Context(), never) })
	if err := w.Join(limit(t)); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, context.Canceled) || context.Cause(a.Context()) != cause {
		t.Errorf("err %v, cause %v", err, context.Cause(a.Context()))
	}
	if w.AfterFunc(0, func() { t.Error("a timer fires after Kill") })() {
		t.Error("a timer was made after Kill")
	}
}

func TestKillStopsTimers(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	var stops []func() bool
	for range 3 {
		stops = append(stops, w.AfterFunc(time.Hour, func() { t.Error("fires") }))
	}
	stops[1]()
	w.Kill(nil)
	for _, stop := range stops {
		if stop() {
			t.Error("a timer outlives Kill")
		}
	}
	if err := w.Join(limit(t)); err != nil {
		t.Error(err)
	}
}

// A sleep that a kill does not reach, and that nobody ends, is named by Join.
func TestJoinNamesWhatAKillDoesNotReach(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a := task("a")
	ctx, cancel := context.WithCancel(context.Background())
	w.Go(a, func() { s.Down(sched.NewTask("other", sched.TaskConfig{}).WithContext(ctx).Context()) })
	if h := lockdep.AsHang(w.Wait(limit(t))); h == nil {
		t.Fatal("no hang")
	}
	w.Kill(nil)
	h := lockdep.AsHang(w.Join(limit(t)))
	if h == nil || h.Cause != nil || len(h.Tasks) != 1 {
		t.Errorf("Join: %v", h)
	}
	cancel()
	if err := w.Join(limit(t)); err != nil {
		t.Error(err)
	}
}

func TestATaskOfAnotherWatch(t *testing.T) {
	a := task("a")
	for range 3 {
		w := lockdep.New(lockdep.Config{})
		s := semaphore(w, "s", 0)
		w.Go(a, func() { down(a, s) })
		w.AfterFunc(0, s.Up)
		finish(t, w)
	}
}

func TestSeveralGoroutinesForOneTask(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 1)
	a := task("a")
	for range 8 {
		w.Go(a, func() {
			for range 50 {
				down(a, s)
				s.Up()
			}
		})
	}
	finish(t, w)
}
