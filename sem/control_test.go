package sem_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

func TestS19_CloseWithWaiters(t *testing.T) {
	s := sem.New(0)
	var waiters []<-chan error
	for i := range 10 {
		waiters = append(waiters, start(func() error { return s.DownN(background, i+1) }))
		queued(t, s, i+1)
	}
	s.Close()
	for _, w := range waiters {
		if err := prompt(t, "a waiter", w); err != sem.ErrClosed {
			t.Errorf("Down = %v, want ErrClosed", err)
		}
	}
	s.Up() // harmless
	if err := s.Down(background); err != sem.ErrClosed {
		t.Errorf("a later Down = %v, want ErrClosed", err)
	}
	if s.TryDown() || s.Count() != 0 || s.Waiters() != 0 {
		t.Error("a closed semaphore gives permits")
	}
	s.Close()
}

func TestS19_CloseWithPermits(t *testing.T) {
	for _, s := range []*sem.Semaphore{sem.New(2), sem.New(1), on(new(gated), 2), on(sched.NewNoise(1, 2), 2)} {
		s.Close()
		if err := s.Down(background); err != sem.ErrClosed {
			t.Errorf("Down = %v, want ErrClosed", err)
		}
		if s.TryDown() {
			t.Error("TryDown of a closed semaphore")
		}
		s.Up()
	}
}

func TestS19_HandOffBeatsClose(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	got := start(func() error { return s.Down(background) })
	queued(t, s, 1)
	h := g.hold(sched.Unpark, "waiter")
	up := start(func() error { s.Up(); return nil })
	<-h.reached
	s.Close()
	h.release()
	must(t, prompt(t, "the waiter", got))
	must(t, <-up)
}

func TestS19_CloseStorm(t *testing.T) {
	for range 50 {
		s := on(sched.NewNoise(1, 3), 1)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for {
					ctx, cancel := context.WithCancel(background)
					go cancel()
					err := s.Down(ctx)
					cancel()
					switch {
					case err == nil:
						s.Up()
					case err == sem.ErrClosed:
						return
					case !errors.Is(err, context.Canceled):
						t.Error(err)
						return
					}
				}
			})
		}
		s.Close()
		wg.Wait()
	}
}

// Permits are gathered for the first waiter however many it wants, and those
// behind it wait with it, however few they want.
func TestWeightedIsNotStarved(t *testing.T) {
	s := sem.New(3)
	must(t, s.DownN(background, 3))
	big := start(func() error { return s.DownN(background, 3) })
	queued(t, s, 1)
	small := start(func() error { return s.Down(background) })
	queued(t, s, 2)
	for range 2 {
		s.Up()
		if s.Count() != 0 || s.TryDown() || s.Waiters() != 2 {
			t.Fatal("a permit that is gathered for the first waiter is to be had")
		}
	}
	s.Up()
	must(t, prompt(t, "the big one", big))
	if s.Waiters() != 1 {
		t.Errorf("%d wait, want 1", s.Waiters())
	}
	s.UpN(3)
	must(t, prompt(t, "the small one", small))
	if s.Count() != 2 {
		t.Errorf("count %d, want 2", s.Count())
	}
}

func TestWeightedThatLeavesLetsTheOthersIn(t *testing.T) {
	s := sem.New(2)
	ctx, cancel := context.WithCancel(background)
	big := start(func() error { return s.DownN(ctx, 3) })
	queued(t, s, 1)
	one := start(func() error { return s.Down(background) })
	queued(t, s, 2)
	two := start(func() error { return s.Down(background) })
	queued(t, s, 3)
	cancel()
	if err := prompt(t, "the big one", big); !errors.Is(err, context.Canceled) {
		t.Errorf("DownN = %v, want canceled", err)
	}
	must(t, prompt(t, "the first small one", one))
	must(t, prompt(t, "the second small one", two))
	if s.Count() != 0 {
		t.Errorf("count %d, want 0", s.Count())
	}
}

func TestWeightedThatCanNeverBeGranted(t *testing.T) {
	s := sem.New(1, sem.Limit(2))
	if err := s.DownN(background, 3); err != sem.ErrNeverGranted {
		t.Errorf("DownN(3) of at most 2 = %v, want ErrNeverGranted", err)
	}
	if s.TryDownN(3) {
		t.Error("TryDownN(3) of at most 2")
	}
	got := start(func() error { return s.DownN(background, 2) })
	queued(t, s, 1)
	s.Resize(0) // now there can be one at most
	if err := prompt(t, "the waiter", got); err != sem.ErrNeverGranted {
		t.Errorf("DownN(2) of at most 1 = %v, want ErrNeverGranted", err)
	}
}

func TestResize(t *testing.T) {
	for name, s := range map[string]*sem.Semaphore{
		"plain":   sem.New(2),
		"limited": sem.New(2, sem.Limit(2)),
		"tracked": sem.New(2, sem.Track()),
		"watched": on(sched.NewNoise(1, 2), 2),
		"fine":    on(new(gated), 2),
	} {
		t.Run(name, func(t *testing.T) {
			must(t, s.DownN(background, 2))
			first := start(func() error { return s.DownN(background, 2) })
			queued(t, s, 1)
			second := start(func() error { return s.Down(background) })
			queued(t, s, 2)
			s.Resize(4) // two more: enough for the first
			must(t, prompt(t, "the first", first))
			s.Resize(5)
			must(t, prompt(t, "the second", second))
			if s.Count() != 0 {
				t.Errorf("count %d, want 0", s.Count())
			}
			s.Resize(1) // five are held: the first four to come back are taken out
			for range 4 {
				s.Up()
				if s.Count() != 0 || s.TryDown() {
					t.Fatal("a permit came back that should be gone")
				}
			}
			s.Up()
			if s.Count() != 1 {
				t.Errorf("count %d, want 1", s.Count())
			}
			s.Resize(3)
			s.Resize(0)
			if s.Count() != 0 {
				t.Errorf("count %d, want 0", s.Count())
			}
			s.Resize(2)
			if s.Count() != 2 {
				t.Errorf("count %d, want 2", s.Count())
			}
			if name == "limited" {
				panics(t, s.Up)
			}
		})
	}
}

func TestResizeToNothing(t *testing.T) {
	s := sem.New(1, sem.Limit(1))
	s.Resize(0)
	if e := panics(t, s.Up); !errors.Is(e, sem.ErrOverRelease) {
		t.Errorf("panic %q, want over-release: the limit is 0", e)
	}
	s.Resize(1)
	must(t, s.Down(background))
	s.Up()
	panics(t, s.Up)
}

func TestResizeOutOfRange(t *testing.T) {
	s := sem.New(0)
	s.UpN(math.MaxInt)
	if e := panics(t, func() { s.Resize(1) }); !errors.Is(e, sem.ErrBadCount) {
		t.Errorf("panic %q", e)
	}
	if s.Count() != math.MaxInt {
		t.Errorf("count %d changed", s.Count())
	}
}
