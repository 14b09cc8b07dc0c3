package sem_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

func TestS1_NeverMoreThanNHolders(t *testing.T) {
	for _, n := range []int{1, 2, 7} {
		s := on(sched.NewNoise(uint64(n), 4), n)
		var in, worst atomic.Int64
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				for j := range 200 {
					var err error
					switch (i + j) % 5 {
					case 0:
						ctx, cancel := context.WithCancel(background)
						go cancel()
						err = s.Down(ctx)
						cancel()
					case 1:
						err = s.DownFor(time.Duration(j) * time.Microsecond)
					case 2:
						if !s.TryDown() {
							continue
						}
					default:
						err = s.Down(background)
					}
					if err != nil {
						continue
					}
					if now := in.Add(1); now > worst.Load() {
						worst.Store(now)
					}
					runtime.Gosched()
					in.Add(-1)
					s.Up()
				}
			})
		}
		wg.Wait()
		if worst.Load() > int64(n) {
			t.Errorf("%d held %d permits", worst.Load(), n)
		}
		if s.Count() != n || s.Waiters() != 0 {
			t.Errorf("at the end count %d, %d waiting, want %d and 0", s.Count(), s.Waiters(), n)
		}
	}
}

func TestS4_ArrivalOrderIsGrantOrder(t *testing.T) {
	s := sem.New(0)
	const n = 100
	order := make(chan int, n)
	for i := range n {
		go func() {
			if s.Down(background) == nil {
				order <- i
			}
		}()
		queued(t, s, i+1)
	}
	for i := range n {
		s.Up()
		if got := <-order; got != i {
			t.Fatalf("grant %d went to waiter %d", i, got)
		}
	}
}

// The waker is held after it has chosen the waiter and before it wakes it. The
// permit must already be out of reach.
func TestS5_NobodyBarges(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	first := start(func() error { return s.Down(background) })
	queued(t, s, 1)
	h := g.hold(sched.Unpark, "waiter")
	up := start(func() error { s.Up(); return nil })
	<-h.reached
	if s.TryDown() {
		t.Error("TryDown took a permit that was handed over")
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	if err := s.Down(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a fresh Down = %v, want canceled", err)
	}
	if n := s.Count(); n != 0 {
		t.Errorf("Count = %d, want 0", n)
	}
	h.release()
	must(t, prompt(t, "the waiter", first))
	must(t, <-up)
}

// The same without a gate: an Up never shows its permit to somebody else while
// a waiter is there.
func TestS5_TryDownNeverWinsWhileSomebodyWaits(t *testing.T) {
	s := sem.New(0)
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			if s.TryDown() {
				t.Error("TryDown took a permit that somebody waits for")
				s.Up()
				return
			}
			runtime.Gosched() // on one processor the others need it, too
		}
	})
	const rounds = 20_000
	served := make(chan struct{})
	for range 2 { // so that one is queued when the other one is served
		go func() {
			for s.Down(background) == nil {
				served <- struct{}{}
			}
		}()
	}
	for range rounds {
		queued(t, s, 2)
		s.Up()
		<-served
	}
	stop.Store(true)
	wg.Wait()
	s.Close()
}

// The waiter is held after its context has ended and before it has the lock;
// then it is given a permit.
func TestS6_CancelAgainstHandOff(t *testing.T) {
	for _, handOver := range []bool{true, false} {
		g := new(gated)
		s := on(g, 0)
		ctx, cancel := context.WithCancel(background)
		got := start(func() error { return s.Down(ctx) })
		queued(t, s, 1)
		h := g.hold(sched.Lock, "mu")
		cancel()
		<-h.reached // the cancelled waiter wants the lock
		if handOver {
			s.Up()
		}
		h.release()
		err := prompt(t, "the cancelled waiter", got)
		if handOver {
			must(t, err)
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("Down = %v, want canceled", err)
		}
		if s.Count() != 0 || s.Waiters() != 0 {
			t.Errorf("count %d, %d waiting, want 0 and 0", s.Count(), s.Waiters())
		}
		s.Up()
		if s.Count() != 1 {
			t.Errorf("after Up the count is %d, want 1", s.Count())
		}
	}
}

// The waker is held between choosing and waking; meanwhile the context ends.
func TestS6_HandedOverButNotYetWoken(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	ctx, cancel := context.WithCancel(background)
	got := start(func() error { return s.Down(ctx) })
	queued(t, s, 1)
	h := g.hold(sched.Unpark, "waiter")
	up := start(func() error { s.Up(); return nil })
	<-h.reached
	cancel()
	must(t, prompt(t, "the waiter", got)) // it does not need the wake
	h.release()
	must(t, <-up)
	if s.Count() != 0 {
		t.Errorf("count %d, want 0: the waiter has the permit", s.Count())
	}
	// The late wake must not reach the next who sleeps.
	next := start(func() error { return s.Down(background) })
	queued(t, s, 1)
	s.Up()
	must(t, prompt(t, "the next waiter", next))
}

func TestS7_HandOffBeatsTimeout(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	got := start(func() error { return s.DownFor(time.Hour) })
	queued(t, s, 1)
	h := g.hold(sched.Lock, "mu")
	g.fire()
	<-h.reached // timed out, wants the lock
	s.Up()
	h.release()
	must(t, prompt(t, "the waiter", got))
}

func TestS7_HandOffBeatsCancelWhenBothAreThere(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			s := sem.New(0)
			ctx, cancel := context.WithCancel(background)
			got := start(func() error { return s.Down(ctx) })
			synctest.Wait()
			s.Up() // the waiter is runnable but has not run
			cancel()
			must(t, <-got)
		})
	}
}

func TestS8_CancelledHeadDoesNotDelayTheNext(t *testing.T) {
	s := sem.New(0)
	ctx, cancel := context.WithCancel(background)
	head := start(func() error { return s.Down(ctx) })
	queued(t, s, 1)
	next := start(func() error { return s.Down(background) })
	queued(t, s, 2)
	cancel()
	if err := prompt(t, "the head", head); !errors.Is(err, context.Canceled) {
		t.Errorf("Down = %v, want canceled", err)
	}
	s.Up()
	must(t, prompt(t, "the next", next))
}

func TestS9_PermitIsTakenWithAnEndedContext(t *testing.T) {
	ended, cancel := context.WithCancel(background)
	cancel()
	for name, s := range map[string]*sem.Semaphore{
		"plain":   sem.New(2),
		"tracked": sem.New(2, sem.Track()),
		"watched": on(sched.NewNoise(1, 4), 2),
		"fine":    on(new(gated), 2),
	} {
		must(t, s.Down(ended))
		must(t, s.DownN(ended, 1))
		if err := s.Down(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: without a permit Down = %v, want canceled", name, err)
		}
	}
}

func TestS10_DownForZeroLooksOnce(t *testing.T) {
	for _, d := range []time.Duration{0, -1, math.MinInt64} {
		s := sem.New(1)
		must(t, s.DownFor(d))
		if err := s.DownFor(d); err != sem.ErrTimeout {
			t.Errorf("DownFor(%v) = %v, want ErrTimeout", d, err)
		}
		s.Close()
		if err := s.DownFor(d); err != sem.ErrClosed {
			t.Errorf("DownFor(%v) when closed = %v, want ErrClosed", d, err)
		}
	}
	// It does not even queue: the lock is taken, but nobody parks.
	g := new(gated)
	s := on(g, 0)
	g.onStep(func(op sched.Op) {
		if op.Kind == sched.Park {
			t.Error("DownFor(0) sleeps")
		}
	})
	if err := s.DownFor(0); err != sem.ErrTimeout {
		t.Errorf("DownFor(0) = %v, want ErrTimeout", err)
	}
	if g.pending() != 0 {
		t.Error("DownFor(0) has started a timer")
	}
}

func TestS10_DownForOfLongAndShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sem.New(0)
		begin := time.Now()
		if err := s.DownFor(time.Minute); err != sem.ErrTimeout {
			t.Errorf("DownFor = %v, want ErrTimeout", err)
		}
		if d := time.Since(begin); d != time.Minute {
			t.Errorf("it took %v, want a minute", d)
		}
		got := start(func() error { return s.DownFor(math.MaxInt64) })
		synctest.Wait()
		s.Up()
		must(t, <-got)
	})
}

func TestS11_UpFromAnywhere(t *testing.T) {
	s := sem.New(0)
	down := func() { t.Helper(); must(t, prompt(t, "Down", start(func() error { return s.Down(background) }))) }
	go s.Up()
	down()
	time.AfterFunc(0, s.Up)
	down()
	ctx, cancel := context.WithCancel(background)
	context.AfterFunc(ctx, s.Up)
	cancel()
	down()
	var mu sync.Mutex
	mu.Lock()
	s.Up()
	mu.Unlock()
	down()
	func() {
		defer func() { _ = recover() }()
		defer s.Up()
		panic("unwinding")
	}()
	down()
	p := new([16]byte)
	runtime.AddCleanup(p, func(s *sem.Semaphore) { s.Up() }, s)
	runtime.GC()
	down()
}

func TestS12_OverRelease(t *testing.T) {
	s := sem.New(1, sem.Limit(1), sem.Named("i_sem"))
	for range 2 {
		e := panics(t, s.Up)
		if !errors.Is(e, sem.ErrOverRelease) || e.Name != "i_sem" || !strings.Contains(e.Error(), "Up of i_sem") {
			t.Errorf("panic %q, want over-release of i_sem", e)
		}
		if s.Count() != 1 {
			t.Fatalf("count %d after the failed Up, want 1", s.Count())
		}
	}
	must(t, s.Down(background))
	s.Up()
	if e := panics(t, func() { s.UpN(1) }); !errors.Is(e, sem.ErrOverRelease) {
		t.Errorf("panic %q, want over-release", e)
	}
	must(t, s.Down(background))
	if e := panics(t, func() { s.UpN(2) }); !errors.Is(e, sem.ErrOverRelease) || s.Count() != 0 {
		t.Errorf("panic %q, count %d, want over-release, 0", e, s.Count())
	}

	none := sem.New(0, sem.Limit(0))
	if e := panics(t, none.Up); !errors.Is(e, sem.ErrOverRelease) {
		t.Errorf("panic %q, want over-release", e)
	}

	free := sem.New(1) // without a limit the count grows
	free.Up()
	free.Up()
	if free.Count() != 3 {
		t.Errorf("count %d, want 3", free.Count())
	}

	for _, opt := range [][]sem.Option{nil, {sem.Track()}} {
		full := sem.New(math.MaxInt, opt...)
		if e := panics(t, full.Up); !errors.Is(e, sem.ErrOverRelease) || full.Count() != math.MaxInt {
			t.Errorf("panic %q, count %d, want over-release at the largest count", e, full.Count())
		}
		must(t, full.Down(background))
		if e := panics(t, func() { full.UpN(2) }); !errors.Is(e, sem.ErrOverRelease) || full.Count() != math.MaxInt-1 {
			t.Errorf("panic %q, count %d, want over-release at the largest count", e, full.Count())
		}
		full.Up()
	}
}

func TestS13_CountsOfNewAndZeroValue(t *testing.T) {
	for _, n := range []int{-1, math.MinInt} {
		if e := panics(t, func() { sem.New(n) }); !errors.Is(e, sem.ErrBadCount) {
			t.Errorf("New(%d) panics with %q", n, e)
		}
	}
	if e := panics(t, func() { sem.New(2, sem.Limit(1)) }); !errors.Is(e, sem.ErrBadCount) {
		t.Errorf("New above its limit panics with %q", e)
	}
	if e := panics(t, func() { sem.Limit(-1) }); !errors.Is(e, sem.ErrBadCount) {
		t.Errorf("Limit(-1) panics with %q", e)
	}
	var s sem.Semaphore
	if s.Count() != 0 || s.TryDown() || s.Waiters() != 0 {
		t.Error("the zero value has a permit or a waiter")
	}
	s.Up()
	if s.Count() != 1 || !s.TryDown() || s.TryDown() {
		t.Error("after Up the zero value does not have one permit")
	}
	for name, f := range map[string]func(){
		"DownN(0)":    func() { _ = s.DownN(background, 0) },
		"DownN(-1)":   func() { _ = s.DownN(background, -1) },
		"TryDownN(0)": func() { s.TryDownN(0) },
		"UpN(0)":      func() { s.UpN(0) },
		"UpN(-1)":     func() { s.UpN(-1) },
		"Resize(-1)":  func() { s.Resize(-1) },
		"Init in use": func() { s.Init(nil, "late", 1) },
		"As(nil)":     func() { s.As(nil) },
		"Down(nil)":   func() { _ = s.Down(nil) }, //lint:ignore SA1012 that is the point
	} {
		t.Run(name, func(t *testing.T) { panics(t, f) })
	}
	if s.Count() != 0 || s.Waiters() != 0 {
		t.Error("a misuse has changed something")
	}
}

func TestS16_UpHappensBeforeDown(t *testing.T) {
	var s sem.Semaphore
	shared := 0 // plain: the race detector looks on
	for i := range 1000 {
		got := start(func() error {
			err := s.Down(background)
			if shared != i+1 {
				t.Errorf("read %d, want %d", shared, i+1)
			}
			return err
		})
		if i%2 == 0 {
			queued(t, &s, 1)
		}
		shared = i + 1
		s.Up()
		must(t, <-got)
	}
}

func TestS17_WakesHappenOutsideTheLock(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	got := start(func() error { return s.Down(background) })
	queued(t, s, 1)
	h := g.hold(sched.Unpark, "waiter")
	up := start(func() error { s.Up(); return nil })
	<-h.reached
	must(t, prompt(t, "Count, which takes the lock", start(func() error { s.Count(); return nil })))
	h.release()
	must(t, <-got)
	must(t, <-up)
}

func TestS17_UpReturnsBeforeTheWaiterRuns(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	hold := make(chan struct{})
	g.onDone(func(op sched.Op) {
		if op.Kind == sched.Park {
			<-hold
		}
	})
	got := start(func() error { return s.Down(background) })
	queued(t, s, 1)
	must(t, prompt(t, "Up", start(func() error { s.Up(); return nil })))
	close(hold)
	must(t, <-got)
}

func TestS18_EqualLoadEqualShare(t *testing.T) {
	const tasks, total = 16, 40_000
	s := sem.New(0)
	var taken [tasks]int
	sum := 0
	var wg sync.WaitGroup
	for i := range tasks {
		wg.Go(func() {
			for more := true; more; {
				_ = s.Down(background)
				if more = sum < total; more {
					sum++
					taken[i]++
				}
				s.Up()
			}
		})
	}
	queued(t, s, tasks)
	s.Up()
	wg.Wait()
	least, most := taken[0], taken[0]
	for _, n := range taken {
		least, most = min(least, n), max(most, n)
	}
	t.Logf("between %d and %d of %d", least, most, total)
	if most > 2*least {
		t.Errorf("shares between %d and %d, want a ratio of at most 2", least, most)
	}
}

func TestS20_TheStepModelOf2003(t *testing.T) {
	// In 2.5.74 A waits, an up wakes A, and B, which comes before A runs,
	// takes the permit; A sleeps again. There is no such mode here: with A
	// held before it runs, B has to queue behind it.
	g := new(gated)
	s := on(g, 0)
	a := start(func() error { return s.Down(background) })
	queued(t, s, 1)
	h := g.hold(sched.Unpark, "waiter")
	up := start(func() error { s.Up(); return nil })
	<-h.reached
	b := start(func() error { return s.Down(background) })
	queued(t, s, 1) // B
	h.release()
	must(t, prompt(t, "A", a))
	must(t, <-up)
	select {
	case err := <-b:
		t.Fatalf("B was served with %v", err)
	default:
	}
	s.Up()
	must(t, prompt(t, "B", b))
}
