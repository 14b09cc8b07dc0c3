package lockdep_test

import (
	"context"
	"slices"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

func TestSettleWaitsUntilTheOthersSleep(t *testing.T) {
	for range 200 {
		w := lockdep.New(lockdep.Config{})
		var s sem.Semaphore
		s.Init(w, "s", 0)
		var order []string
		late, early := sched.NewTask("late", sched.TaskConfig{}), sched.NewTask("early", sched.TaskConfig{})
		w.Go(late, func() {
			w.Settle(late, 0) // until early sleeps
			order = append(order, "late")
			s.Up()
		})
		w.Go(early, func() {
			order = append(order, "early")
			early.Must(s.Down(early.Uninterruptible()))
			order = append(order, "woken")
		})
		if err := w.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(order, []string{"early", "late", "woken"}) {
			t.Fatalf("order %v", order)
		}
	}
}

func TestSettleReleasesOneAtATime(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	var s sem.Semaphore
	s.Init(w, "s", 0)
	n := 0 // no lock: each Settle happens after what the others did
	for range 8 {
		task := sched.NewTask("held", sched.TaskConfig{})
		w.Go(task, func() {
			w.Settle(task, 0)
			n++
		})
	}
	if err := w.Wait(context.Background()); err != nil || n != 8 {
		t.Fatalf("n = %d, %v", n, err)
	}
}

func TestSettleReleasesTheImpatientFirst(t *testing.T) {
	for range 200 {
		w := lockdep.New(lockdep.Config{})
		var order []int
		for _, patience := range []int{2, 0, 1} {
			task := sched.NewTask("held", sched.TaskConfig{})
			w.Go(task, func() {
				w.Settle(task, patience)
				order = append(order, patience)
			})
		}
		if err := w.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(order) {
			t.Fatalf("order %v", order)
		}
	}
}

func TestKillReleasesTheHeld(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	release := w.Hold() // somebody is at work, so nothing comes to rest
	task := sched.NewTask("held", sched.TaskConfig{})
	reached := make(chan struct{})
	w.Go(task, func() {
		close(reached)
		w.Settle(task, 0)
		t.Error("a killed task went on")
	})
	<-reached
	w.Kill(nil)
	release()
	if err := w.Join(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestAHangIsSeenAfterTheHeldWentOn(t *testing.T) {
	w := lockdep.New(lockdep.Config{})
	var s sem.Semaphore
	s.Init(w, "s", 0)
	task := sched.NewTask("sleeper", sched.TaskConfig{})
	w.Go(task, func() {
		w.Settle(task, 0)
		task.Must(s.Down(task.Uninterruptible()))
	})
	if lockdep.AsHang(w.Wait(context.Background())) == nil {
		t.Error("no hang")
	}
	w.Kill(nil)
	if err := w.Join(context.Background()); err != nil {
		t.Fatal(err)
	}
}
