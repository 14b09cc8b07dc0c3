package explore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sem"
	"github.com/floodgate-go/floodgate/waitq"
)

// section is n tasks that enter a section guarded by one semaphore k times.
func section(n, k int) func(*explore.Run) {
	return func(x *explore.Run) {
		var s sem.Semaphore
		s.Init(x.Scheduler(), "s", 1)
		inside := 0
		for i := range n {
			x.Go(fmt.Sprint("t", i), func() {
				for range k {
					if err := s.Down(context.Background()); err != nil {
						x.Errorf("down: %v", err)
					}
					if inside++; inside != 1 {
						x.Errorf("%d tasks inside", inside)
					}
					inside--
					s.Up()
				}
			})
		}
		x.Check(func() {
			if s.Count() != 1 {
				x.Errorf("count %d at the end", s.Count())
			}
		})
	}
}

func TestFineSemaphore(t *testing.T) {
	for _, tc := range []struct{ n, k int }{{2, 1}, {2, 2}} {
		t.Run(fmt.Sprintf("%d×%d", tc.n, tc.k), func(t *testing.T) {
			explore.Test(t, section(tc.n, tc.k), explore.Fine(), explore.Plan(explore.POS(200), explore.DPOR(0).Most(200_000)))
		})
	}
}

func TestFineQueue(t *testing.T) {
	explore.Test(t, func(x *explore.Run) {
		var q waitq.Queue
		q.Init(x.Scheduler(), "q")
		ready := cell(x, "ready")
		x.Go("waiter", func() {
			if err := q.Wait(context.Background(), func() bool { return ready.Load() == 1 }); err != nil {
				x.Errorf("wait: %v", err)
			}
		})
		x.Go("waker", func() {
			ready.Store(1)
			q.Wake()
		})
	}, explore.Fine(), explore.Plan(explore.DPOR(0).Most(200_000)))
}

func TestFineCount(t *testing.T) {
	explore.Test(t, func(x *explore.Run) {
		var c refcount.Count
		c.Init(x.Scheduler(), "c", 1)
		released := cell(x, "released")
		put := func() {
			if c.DecAndTest() && released.Add(1) > 1 {
				x.Errorf("released twice")
			}
		}
		x.Go("user", func() {
			if c.IncNotZero() {
				put()
			}
		})
		x.Go("owner", put)
		x.Check(func() {
			if released.Peek() != 1 {
				x.Errorf("released %d times", released.Peek())
			}
		})
	}, explore.Fine(), explore.Plan(explore.DPOR(0)))
}
