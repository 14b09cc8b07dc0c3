package explore_test

import (
	"context"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
)

func TestProviderCoarse(t *testing.T) {
	explore.Test(t, func(x *explore.Run) {
		p := x.Provider()
		sem := p.NewSemaphore("i_sem", 1)
		q := p.NewQueue("q")
		ready := cell(x, "ready")
		x.Balanced("i_sem")
		x.Go("waiter", func() {
			if err := q.Wait(context.Background(), func() bool { return ready.Load() == 1 }); err != nil {
				x.Errorf("wait: %v", err)
			}
			sem.Down(context.Background())
			sem.Up()
		})
		x.Go("waker", func() {
			sem.Down(context.Background())
			ready.Store(1)
			sem.Up()
			q.WakeAll()
		})
	}, explore.Plan(explore.POS(100), explore.DPOR(0)))
}

// The hang of 2003 in small: the sleeper holds what the waker needs first.
func TestProviderSleepsHoldingASemaphore(t *testing.T) {
	f := only(t, func(x *explore.Run) {
		p := x.Provider()
		sem := p.NewSemaphore("i_sem", 1)
		q := p.NewQueue("lookup")
		done := cell(x, "done")
		x.Go("ls", func() {
			sem.Down(context.Background())
			sem.Up()
			sem.Down(context.Background())
			done.Store(1)
			q.WakeAll()
			sem.Up()
		})
		x.Go("rm", func() {
			sem.Down(context.Background())
			q.Wait(context.Background(), func() bool { return done.Load() == 1 })
			sem.Up()
		})
	})
	if f.Kind != explore.Deadlock {
		t.Errorf("kind %v", f.Kind)
	}
	t.Logf("%s", f.Report(0))
}
