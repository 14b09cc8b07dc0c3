package sem_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sem"
)

// The tests in this file run under every schedule that matters, on the code
// that ships: with explore.Fine each atomic, each lock and each sleep inside a
// semaphore is a step of its own.

func exhaust(t *testing.T, fn func(x *explore.Run), opts ...explore.Option) {
	t.Helper()
	budget := 10 * time.Second
	if testing.Short() {
		budget = time.Second
	}
	explore.Test(t, fn, append([]explore.Option{explore.Plan(explore.POS(100), explore.DPOR(budget))}, opts...)...)
}

// section takes s, looks whether it is alone, and gives s back.
func section(x *explore.Run, s *sem.Semaphore, inside *int) {
	if err := s.Down(background); err != nil {
		x.Errorf("Down: %v", err)
	}
	*inside++
	if *inside != 1 {
		x.Errorf("%d inside", *inside)
	}
	*inside--
	s.Up()
}

func TestS1_EverySchedule(t *testing.T) {
	for _, grain := range grains {
		t.Run(grain.name, func(t *testing.T) {
			exhaust(t, func(x *explore.Run) {
				var s sem.Semaphore
				s.Init(x.Scheduler(), "s", 1)
				inside := 0
				for _, name := range []string{"a", "b"} {
					x.Go(name, func() { section(x, &s, &inside) })
				}
				x.Check(func() {
					if s.Count() != 1 || s.Waiters() != 0 {
						x.Errorf("count %d, %d waiting", s.Count(), s.Waiters())
					}
				})
			}, grain.opts...)
		})
	}
}

var grains = []struct {
	name string
	opts []explore.Option
}{
	{"coarse", nil},
	{"fine", []explore.Option{explore.Fine()}},
}

// S6 in every schedule: a Down that is cancelled while an Up is under way ends
// with the permit or with an error, and the permit is then still there.
func TestS6_EverySchedule(t *testing.T) {
	for _, grain := range grains {
		t.Run(grain.name, func(t *testing.T) {
			exhaust(t, func(x *explore.Run) {
				var s sem.Semaphore
				s.Init(x.Scheduler(), "s", 0)
				ctx, cancel := x.WithCancel(x.Context())
				var err error
				x.Go("down", func() { err = s.Down(ctx) })
				x.Go("cancel", cancel)
				x.Go("up", s.Up)
				x.Check(func() {
					want := 0
					if err != nil {
						want = 1
						if !errors.Is(err, context.Canceled) {
							x.Errorf("Down: %v", err)
						}
					}
					if s.Count() != want || s.Waiters() != 0 {
						x.Errorf("Down %v, count %d, %d waiting", err, s.Count(), s.Waiters())
					}
				})
			}, grain.opts...)
		})
	}
}

// S8 in every schedule: a head that is cancelled while it is handed a permit
// strands nobody behind it. Nobody else would wake the second one: a permit
// that is lost is a deadlock.
func TestS8_EverySchedule(t *testing.T) {
	exhaust(t, func(x *explore.Run) {
		var s sem.Semaphore
		s.Init(x.Scheduler(), "s", 0)
		ctx, cancel := x.WithCancel(x.Context())
		x.Go("head", func() {
			if s.Down(ctx) == nil {
				s.Up()
			}
		})
		x.Go("next", func() {
			if err := s.Down(background); err != nil {
				x.Errorf("Down: %v", err)
			}
		})
		x.Go("cancel", func() { cancel(); s.Up() })
	}, explore.Fine())
}

// The fast paths against the slow ones: a Down that queues while an Up finds
// nobody must not sleep with a permit there.
func TestS3_EverySchedule(t *testing.T) {
	exhaust(t, func(x *explore.Run) {
		var s sem.Semaphore
		s.Init(x.Scheduler(), "s", 0)
		x.Go("down", func() { _ = s.Down(background) })
		x.Go("up", s.Up)
		x.Go("try", func() {
			if s.TryDown() {
				s.Up()
			}
		})
	}, explore.Fine())
}

func TestS10_EverySchedule(t *testing.T) {
	for _, grain := range grains {
		t.Run(grain.name, func(t *testing.T) {
			exhaust(t, func(x *explore.Run) {
				var s sem.Semaphore
				s.Init(x.Scheduler(), "s", 0)
				var err error
				x.Go("down", func() { err = s.DownFor(time.Second) })
				x.Go("up", s.Up)
				x.Check(func() {
					if err != nil && err != sem.ErrTimeout || (err == nil) == (s.Count() == 1) {
						x.Errorf("DownFor: %v, count %d", err, s.Count())
					}
				})
			}, grain.opts...)
		})
	}
}

func TestS19_EverySchedule(t *testing.T) {
	for _, grain := range grains {
		t.Run(grain.name, func(t *testing.T) {
			exhaust(t, func(x *explore.Run) {
				var s sem.Semaphore
				s.Init(x.Scheduler(), "s", 0)
				x.Go("down", func() {
					if err := s.Down(background); err != nil && err != sem.ErrClosed {
						x.Errorf("Down: %v", err)
					}
				})
				x.Go("up", s.Up)
				x.Go("close", s.Close)
			}, grain.opts...)
		})
	}
}

func TestWeightedEverySchedule(t *testing.T) {
	exhaust(t, func(x *explore.Run) {
		var s sem.Semaphore
		s.Init(x.Scheduler(), "s", 2)
		x.Go("two", func() {
			if s.DownN(background, 2) == nil {
				s.UpN(2)
			}
		})
		x.Go("one", func() {
			if s.Down(background) == nil {
				s.Up()
			}
		})
		x.Check(func() {
			if s.Count() != 2 || s.Waiters() != 0 {
				x.Errorf("count %d, %d waiting", s.Count(), s.Waiters())
			}
		})
	}, explore.Fine())
}

func TestRWEverySchedule(t *testing.T) {
	for _, grain := range grains {
		t.Run(grain.name, func(t *testing.T) {
			exhaust(t, func(x *explore.Run) {
				var l sem.RW
				l.Init(x.Scheduler(), "l")
				ctx, cancel := x.WithCancel(x.Context())
				readers, writers := 0, 0
				x.Go("write", func() {
					if l.DownWrite(ctx) != nil {
						return
					}
					writers++
					if readers+writers != 1 {
						x.Errorf("%d readers, %d writers", readers, writers)
					}
					writers--
					l.Downgrade()
					l.UpRead()
				})
				x.Go("read", func() {
					_ = l.DownRead(background)
					readers++
					if writers > 0 {
						x.Errorf("%d readers, %d writers", readers, writers)
					}
					readers--
					l.UpRead()
				})
				x.Go("cancel", cancel)
				x.Check(func() {
					if n, w := l.Readers(); n != 0 || w || l.Waiters() != 0 {
						x.Errorf("%d readers, writer %t, %d waiting", n, w, l.Waiters())
					}
				})
			}, grain.opts...)
		})
	}
}
