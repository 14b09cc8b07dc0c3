package lockdep_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

func readWrite(w *lockdep.Watch, name string) *sem.RW {
	l := new(sem.RW)
	l.Init(w, name)
	return l
}

// One of two readers is enough to keep a writer out, so a circle through it is
// one, however much the other reader runs.
func TestAWriterWaitsForAllReaders(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	l := readWrite(w, "l")
	s := semaphore(w, "s", 1)
	meet := barrier(w, 3)
	a, b, c := task("writer"), task("reader"), task("other reader")
	stop := make(chan struct{})
	w.Go(c, func() { c.Must(l.DownRead(c.Uninterruptible())); meet(c); <-stop; l.UpRead() })
	w.Go(b, func() { b.Must(l.DownRead(b.Uninterruptible())); meet(b); down(b, s) })
	w.Go(a, func() { down(a, s); meet(a); a.Must(l.DownWrite(a.Uninterruptible())) })
	err := w.Wait(limit(t))
	if h := lockdep.AsHang(err); h == nil || !h.Partial || len(h.Tasks) != 2 || len(h.Cycle) != 2 {
		t.Errorf("%+v", err)
	}
	close(stop)
	teardown(t, w)
}

// A reader that sleeps keeps the writer out.
func TestAWriterBehindASleepingReader(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	l := readWrite(w, "l")
	q := queue(w, "q")
	a, b := task("writer"), task("reader")
	w.Go(b, func() {
		b.Must(l.DownRead(b.Uninterruptible()))
		defer l.UpRead()
		b.Must(q.Wait(b.Uninterruptible(), never))
	})
	w.Go(a, func() {
		w.Settle(a, 0)
		a.Must(l.DownWrite(a.Uninterruptible()))
	})
	h := hang(t, w)
	if len(h.Tasks) != 2 || len(h.Cycle) != 2 {
		t.Errorf("%+v", h)
	}
}

// What a writer has downgraded, readers may share, and a writer may not.
func TestDowngrade(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	l := readWrite(w, "l")
	wake := semaphore(w, "wake", 0)
	a, b := task("writer"), task("reader")
	w.Go(a, func() {
		a.Must(l.DownWrite(a.Uninterruptible()))
		l.Downgrade()
		down(a, wake)
		l.UpRead()
	})
	w.Go(b, func() {
		w.Settle(b, 0)
		b.Must(l.DownRead(b.Uninterruptible()))
		wake.Up()
		l.UpRead()
		b.Must(l.DownWrite(b.Uninterruptible()))
		l.UpWrite()
	})
	finish(t, w)
}

func TestMorePermitsThanThereAre(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 3)
	a := task("a")
	w.Go(a, func() {
		down(a, s)
		a.Must(s.DownN(a.Uninterruptible(), 3))
	})
	h := hang(t, w)
	if len(h.Tasks) != 1 || len(h.Tasks[0].Waits) != 1 || h.Tasks[0].Waits[0].Why != lockdep.Took {
		t.Errorf("%+v", h)
	}
}

func TestAClosedSemaphoreHoldsNobody(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s := semaphore(w, "s", 0)
	a := task("a")
	var err error
	w.Go(a, func() {
		w.Settle(a, 0) // until Wait is called
		s.Close()
		err = s.Down(a.Uninterruptible())
	})
	finish(t, w)
	if !errors.Is(err, sem.ErrClosed) {
		t.Errorf("Down: %v", err)
	}
}

// A wake that was thrown away ends no sleep, nor does one that found another
// there.
func TestWakesThatDoNotCount(t *testing.T) {
	for _, how := range []string{"reset", "twice"} {
		w := lockdep.New(lockdep.Config{})
		a := task("a")
		var p sched.Parker
		p.Init(w, sched.Spec{Name: "slot"})
		w.Go(a, func() {
			p.Unpark()
			switch how {
			case "reset":
				p.Reset()
			case "twice":
				p.Unpark()
				a.Must(p.Park(a.Uninterruptible(), nil))
			}
			a.Must(p.Park(a.Uninterruptible(), nil))
		})
		if h := hang(t, w); h.Tasks[0].Object.Name != "slot" {
			t.Errorf("%s: %+v", how, h)
		}
	}
}

// The same from operations alone, as somebody else's parker or semaphore may
// announce them: without a gate that could be asked.
func TestGiftsThatFailedDoNotCount(t *testing.T) {
	for _, c := range []struct {
		kind       sched.ObjectKind
		give, take sched.OpKind
	}{
		{sched.KindParker, sched.Unpark, sched.Park},
		{sched.KindSemaphore, sched.Up, sched.Down},
	} {
		w := lockdep.New(lockdep.Config{})
		o := w.Object(sched.Spec{Kind: c.kind, Name: "o"})
		a := task("a")
		w.Go(a, func() {
			for _, failed := range []bool{false, true, true} {
				op := sched.Op{Kind: c.give}
				o.Step(op)
				op.Failed = failed
				o.Done(op, 0)
			}
			op := sched.Op{Kind: c.take, Task: a}
			o.Step(op) // the first gift
			o.Done(op, 1)
			o.Step(op)
			<-a.Uninterruptible().Done()
			op.Failed = true
			o.Done(op, 0)
		})
		hang(t, w)
	}
}

// A semaphore of one permit that was given by somebody who had not taken it is
// no lock, so a circle through it is none as long as anybody runs.
func TestACircleOfEventsIsNone(t *testing.T) {
	for _, how := range []string{"nobody held it", "its holder slept"} {
		w := lockdep.New(lockdep.Config{})
		x, y := semaphore(w, "x", 1), semaphore(w, "y", 1)
		asleep := make(chan struct{})
		holders := 1 // of x
		switch how {
		case "nobody held it":
			x.Up()
			holders = 2
		case "its holder slept":
			c := task("c")
			q := semaphore(w, "q", 0)
			w.Go(c, func() { down(c, x); down(c, q) })
			for q.Waiters() == 0 {
				runtime.Gosched()
			}
			x.Up()
			q.Up()
			if err := w.Wait(limit(t)); err != nil {
				t.Fatalf("%+v", err)
			}
		}
		meet := barrier(w, int64(holders)+1)
		for range holders {
			a := task("a")
			w.Go(a, func() { down(a, x); meet(a); down(a, y); y.Up(); x.Up() })
		}
		b, d := task("b"), task("d")
		w.Go(b, func() { down(b, y); meet(b); down(b, x); x.Up(); y.Up() })
		w.Go(d, func() { <-asleep; x.Up() })
		for x.Waiters() == 0 || y.Waiters() < holders {
			runtime.Gosched()
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %+v", how, err)
		}
		close(asleep)
		finish(t, w)
	}
}

// A task that panics in the middle of an operation is gone, and is not counted
// any more, neither as asleep nor as awake.
func TestAPanicInTheMiddleOfAnOperation(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s, event := semaphore(w, "s", 1, sem.Strict()), semaphore(w, "event", 0)
	a, b, c := task("a"), task("b"), task("c")
	w.Go(a, func() { down(a, s); down(a, s) })
	if err := w.Wait(limit(t)); err != nil {
		t.Fatalf("%+v", err)
	}
	if f, _ := w.Faults(); len(f) != 1 || !errors.Is(f[0], sem.ErrRecursive) {
		t.Fatalf("faults: %v", f)
	}
	asleep := make(chan struct{})
	w.Go(b, func() { down(b, event); down(b, event) })
	w.Go(c, func() { <-asleep; event.Up() })
	for event.Waiters() == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v", err)
	}
	close(asleep)
	hang(t, w) // on the second event
}

// A daemon that sleeps is not taken for the one who should wake the others.
func TestADaemonIsNotPresumedToBeTheWaker(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	s, work := semaphore(w, "s", 1), queue(w, "work")
	q := queue(w, "q")
	d, a, b := task("devfsd"), task("a"), task("b")
	w.Daemon(d, func() { d.Must(work.Wait(d.Uninterruptible(), never)) })
	w.Go(a, func() { down(a, s); a.Must(q.Wait(a.Uninterruptible(), never)) })
	w.Go(b, func() { w.Settle(b, 0); down(b, s) })
	h := hang(t, w)
	if len(h.Tasks) != 3 || len(h.Cycle) != 2 {
		t.Errorf("%+v", h)
	}
}
