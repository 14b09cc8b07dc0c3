package lockdep_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func task(name string) *sched.Task { return sched.NewTask(name, sched.TaskConfig{}) }

func semaphore(w *lockdep.Watch, name string, n int, opts ...sem.Option) *sem.Semaphore {
	return newSemaphore(w, name, n, opts...)
}

func newSemaphore(w sched.Scheduler, name string, n int, opts ...sem.Option) *sem.Semaphore {
	s := new(sem.Semaphore)
	s.Init(w, name, n, opts...)
	return s
}

func queue(w *lockdep.Watch, name string) *waitq.Queue {
	q := new(waitq.Queue)
	q.Init(w, name)
	return q
}

func down(t *sched.Task, s *sem.Semaphore) { t.Must(s.Down(t.Uninterruptible())) }

func never() bool { return false }

// limit is for waits that a defect would make endless. No test passes because
// it has run out.
func limit(t *testing.T) context.Context {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(stop)
	return ctx
}

// hang expects w to hang for certain, and tears it down.
func hang(t *testing.T, w *lockdep.Watch) *lockdep.Hang {
	t.Helper()
	err := w.Wait(limit(t))
	h := lockdep.AsHang(err)
	if h == nil || h.Cause != nil {
		t.Fatalf("Wait returns %v, want a hang", err)
	}
	teardown(t, w)
	return h
}

// finish expects w to finish, with no faults.
func finish(t *testing.T, w *lockdep.Watch) {
	t.Helper()
	if err := w.Wait(limit(t)); err != nil {
		t.Errorf("Wait: %+v", err)
		w.Kill(nil)
	}
	if err := w.Join(limit(t)); err != nil {
		t.Fatal(err)
	}
	if f, _ := w.Faults(); len(f) > 0 {
		t.Errorf("faults: %v", f)
	}
}

func teardown(t *testing.T, w *lockdep.Watch) {
	t.Helper()
	w.Kill(nil)
	if err := w.Join(limit(t)); err != nil {
		t.Fatal(err)
	}
}
