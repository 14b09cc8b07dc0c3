package providertest

import (
	"context"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
)

// testExplored runs small programs on the provider's locks under every schedule
// that matters, in both grains. A lock that could block for real there would
// stop the explorer.
func testExplored(t *testing.T, mk Maker) {
	for _, grain := range []struct {
		name string
		opts []explore.Option
	}{
		{"coarse", nil},
		{"fine", []explore.Option{explore.Fine()}},
	} {
		opts := append([]explore.Option{explore.Plan(explore.POS(50), explore.DPOR(0))}, grain.opts...)
		t.Run(grain.name, func(t *testing.T) {
			t.Run("Exclusion", func(t *testing.T) { exploreExclusion(t, mk, opts) })
			t.Run("Cancel", func(t *testing.T) { exploreCancel(t, mk, opts) })
			t.Run("RWLock", func(t *testing.T) { exploreRWLock(t, mk, opts) })
			t.Run("Hang", func(t *testing.T) { exploreHang(t, mk, opts) })
		})
	}
}

func exploreExclusion(t *testing.T, mk Maker, opts []explore.Option) {
	explore.Test(t, func(x *explore.Run) {
		s := mk(x.Scheduler()).NewSemaphore("s", 1)
		inside := 0
		section := func() {
			if inside++; inside != 1 {
				x.Errorf("%d inside", inside)
			}
			x.Yield()
			inside--
			s.Up()
		}
		x.Go("down", func() {
			if s.Down(background) == nil {
				section()
			}
		})
		x.Go("try", func() {
			if s.TryDown() {
				section()
			}
		})
	}, opts...)
}

func exploreCancel(t *testing.T, mk Maker, opts []explore.Option) {
	explore.Test(t, func(x *explore.Run) {
		s := mk(x.Scheduler()).NewSemaphore("s", 1)
		x.Go("patient", func() {
			if err := s.Down(background); err != nil {
				x.Errorf("patient: %v", err)
			}
			s.Up()
		})
		x.Go("impatient", func() {
			if s.Down(x.Context()) == nil {
				s.Up()
			}
		})
		x.Check(func() {
			if !s.TryDown() {
				x.Errorf("the permit is lost")
			}
			s.Up()
		})
	}, opts...)
}

func exploreRWLock(t *testing.T, mk Maker, opts []explore.Option) {
	explore.Test(t, func(x *explore.Run) {
		l := mk(x.Scheduler()).NewRWLock("l")
		a, b := 0, 0
		x.Go("write", func() {
			l.Lock()
			a++
			x.Yield()
			b++
			l.Unlock()
		})
		for _, name := range []string{"read 1", "read 2"} {
			x.Go(name, func() {
				l.RLock()
				if a != b {
					x.Errorf("a reader saw %d and %d", a, b)
				}
				l.RUnlock()
			})
		}
	}, opts...)
}

// exploreHang finds the hang of 2003, and the explorer gets rid of the tasks.
func exploreHang(t *testing.T, mk Maker, opts []explore.Option) {
	r := explore.Explore(context.Background(), func(x *explore.Run) {
		p := mk(x.Scheduler())
		s, q := p.NewSemaphore("i_sem", 1), p.NewQueue("wait")
		woken := false
		x.Go("sleeper", func() {
			_ = s.Down(background)
			defer s.Up()
			_ = q.Wait(background, func() bool { return woken })
		})
		x.Go("waker", func() {
			_ = s.Down(background)
			defer s.Up()
			woken = true
			q.WakeAll()
		})
	}, opts...)
	// Where a semaphore is seen as the atomics it is made of, nobody holds it.
	if len(r.Findings) != 1 || r.Findings[0].Kind != explore.Deadlock && r.Findings[0].Kind != explore.LostWakeup {
		t.Errorf("findings %v, want the one hang", r.Findings)
	}
}
