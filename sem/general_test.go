package sem_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

func TestG1_ZeroValue(t *testing.T) {
	for _, first := range []func(*sem.Semaphore){
		func(s *sem.Semaphore) { s.Up(); _ = s.Down(background) },
		func(s *sem.Semaphore) { s.TryDown() },
		func(s *sem.Semaphore) { _ = s.DownFor(0) },
		func(s *sem.Semaphore) { s.Count(); s.Waiters(); s.Dump() },
		func(s *sem.Semaphore) { s.UpN(3); _ = s.DownN(background, 3) },
	} {
		var s sem.Semaphore
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() { first(&s) })
		}
		wg.Wait()
		if s.Count() != 0 || s.Waiters() != 0 {
			t.Errorf("count %d, %d waiting, want 0, 0", s.Count(), s.Waiters())
		}
	}
	var l sem.RW
	n := 0
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			if i%2 == 0 {
				_ = l.DownWrite(background)
				n++
				l.UpWrite()
			} else {
				_ = l.DownRead(background)
				_ = n
				l.UpRead()
			}
		})
	}
	wg.Wait()
	if n != 32 {
		t.Errorf("n = %d, want 32", n)
	}
}

// copied returns a copy of v made in a way that go vet does not see.
func copied[T any](v *T) *T {
	var i any = *v
	c := i.(T)
	return &c
}

func TestG2_CopiesPanic(t *testing.T) {
	used := func(n int) *sem.Semaphore {
		var s sem.Semaphore
		s.UpN(n + 1)
		s.TryDown()
		return &s
	}
	for name, f := range map[string]func(*sem.Semaphore){
		"Down":    func(s *sem.Semaphore) { _ = s.Down(background) },
		"DownN":   func(s *sem.Semaphore) { _ = s.DownN(background, 2) },
		"DownFor": func(s *sem.Semaphore) { _ = s.DownFor(time.Hour) },
		"TryDown": func(s *sem.Semaphore) { s.TryDown() },
		"Up":      func(s *sem.Semaphore) { s.Up() },
		"UpN":     func(s *sem.Semaphore) { s.UpN(2) },
		"Resize":  func(s *sem.Semaphore) { s.Resize(3) },
		"Close":   func(s *sem.Semaphore) { s.Close() },
		"Dump":    func(s *sem.Semaphore) { s.Dump() },
		"Count":   func(s *sem.Semaphore) { s.Count() },
		"Waiters": func(s *sem.Semaphore) { s.Waiters() },
	} {
		for _, s := range []*sem.Semaphore{
			sem.New(0), sem.New(1), sem.New(2), sem.New(1, sem.Limit(1)), sem.New(1, sem.Track()), used(0), used(1), on(new(gated), 1),
		} {
			c := copied(s)
			if e := panics(t, func() { f(c) }); !errors.Is(e, sem.ErrCopied) {
				t.Errorf("%s of a copy panics with %q", name, e)
			}
		}
	}
	for name, f := range map[string]func(*sem.RW){
		"DownRead":     func(l *sem.RW) { _ = l.DownRead(background) },
		"DownWrite":    func(l *sem.RW) { _ = l.DownWrite(background) },
		"TryDownRead":  func(l *sem.RW) { l.TryDownRead() },
		"TryDownWrite": func(l *sem.RW) { l.TryDownWrite() },
		"UpRead":       func(l *sem.RW) { l.UpRead() },
		"UpWrite":      func(l *sem.RW) { l.UpWrite() },
		"Downgrade":    func(l *sem.RW) { l.Downgrade() },
		"Dump":         func(l *sem.RW) { l.Dump() },
		"Waiters":      func(l *sem.RW) { l.Waiters() },
		"Readers":      func(l *sem.RW) { l.Readers() },
	} {
		for state := range 3 {
			l := sem.NewRW("")
			switch state {
			case 1:
				must(t, l.DownRead(background))
			case 2:
				must(t, l.DownWrite(background))
			}
			c := copied(l)
			if e := panics(t, func() { f(c) }); !errors.Is(e, sem.ErrCopied) {
				t.Errorf("%s of a copy panics with %q", name, e)
			}
		}
	}
}

func TestG2_VetFlagsCopies(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go vet")
	}
	cmd := exec.Command("go", "vet", "./testdata/copies")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("go vet has nothing to say about copies")
	}
	for _, want := range []string{"copies lock value", "sem.Semaphore", "sem.RW"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("go vet does not say %q:\n%s", want, out)
		}
	}
}

func TestG3_NilContextChangesNothing(t *testing.T) {
	for _, s := range []*sem.Semaphore{sem.New(0), sem.New(1), on(new(gated), 1), on(sched.NewNoise(1, 2), 1)} {
		n := s.Count()
		//lint:ignore SA1012 that is the point
		if e := panics(t, func() { _ = s.Down(nil) }); !errors.Is(e, sem.ErrNilContext) {
			t.Errorf("Down(nil) panics with %q", e)
		}
		if s.Count() != n || s.Waiters() != 0 {
			t.Errorf("Down(nil) changed something")
		}
		s.Up()
		must(t, s.Down(background))
	}
	var l sem.RW
	panics(t, func() { _ = l.DownRead(nil) })  //lint:ignore SA1012 that is the point
	panics(t, func() { _ = l.DownWrite(nil) }) //lint:ignore SA1012 that is the point
	must(t, l.DownWrite(background))
	l.UpWrite()
}

// A context that has ended before the call never gets into the queue: seen at
// each step that the call takes.
func TestG4_EndedContextIsNeverLinked(t *testing.T) {
	ended, cancel := context.WithCancel(background)
	cancel()
	g := new(gated)
	s := on(g, 0)
	most := 0
	g.onStep(func(op sched.Op) {
		if op.Kind == sched.Unlock {
			most = max(most, sem.QueuedUnderLock(s))
		}
	})
	if err := s.Down(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Down = %v, want canceled", err)
	}
	if most != 0 {
		t.Errorf("%d were queued", most)
	}
	s.Up()
	must(t, s.Down(ended))
}

func TestG5_ErrorsMatch(t *testing.T) {
	mine := errors.New("my reason")
	for name, c := range map[string]struct {
		ctx  func() context.Context
		want []error
		not  []error
	}{
		"cancel": {func() context.Context { c, f := context.WithCancel(background); f(); return c },
			[]error{context.Canceled}, []error{sem.ErrTimeout, context.DeadlineExceeded}},
		"cause": {func() context.Context { c, f := context.WithCancelCause(background); f(mine); return c },
			[]error{context.Canceled, mine}, []error{sem.ErrTimeout}},
		"deadline": {func() context.Context { c, f := context.WithTimeout(background, 0); defer f(); return c },
			[]error{context.DeadlineExceeded}, []error{context.Canceled, sem.ErrTimeout}},
		"deadline with a cause": {func() context.Context { c, f := context.WithTimeoutCause(background, 0, mine); defer f(); return c },
			[]error{context.DeadlineExceeded, mine}, []error{context.Canceled}},
	} {
		ctx := c.ctx()
		s, l := sem.New(0), sem.NewRW("")
		must(t, l.DownWrite(background))
		for _, err := range []error{s.Down(ctx), l.DownRead(ctx), l.DownWrite(ctx)} {
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("%s: error %q does not match %q", name, err, want)
				}
			}
			for _, not := range c.not {
				if errors.Is(err, not) {
					t.Errorf("%s: error %q matches %q", name, err, not)
				}
			}
		}
	}
	var timeout interface{ Timeout() bool }
	if !errors.As(sem.ErrTimeout, &timeout) || !timeout.Timeout() {
		t.Error("ErrTimeout is no timeout")
	}
}

func TestG5_KillEndsOwnedDownFor(t *testing.T) {
	s := sem.New(0)
	me := task("ls")
	got := start(func() error { return s.As(me).DownFor(time.Hour) })
	queued(t, s, 1)
	me.Kill(nil)
	if err := prompt(t, "DownFor", got); !errors.Is(err, sched.ErrKilled) {
		t.Errorf("DownFor = %v, want killed", err)
	}
}

func TestG7_NoGoroutinePerWaiter(t *testing.T) {
	const n = 10_000
	before := runtime.NumGoroutine()
	s := sem.New(0)
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { _ = s.Down(ctx) })
	}
	queued(t, s, n)
	if got := runtime.NumGoroutine() - before; got > n+5 {
		t.Errorf("%d goroutines for %d waiters", got, n)
	}
	cancel()
	wg.Wait()
	if s.Waiters() != 0 {
		t.Errorf("%d wait", s.Waiters())
	}
}

func TestG8_NoTimerLeft(t *testing.T) {
	g := new(gated)
	s := on(g, 0)
	for i := range 100 {
		got := start(func() error { return s.DownFor(time.Hour) })
		queued(t, s, 1)
		if i%2 == 0 {
			s.Up()
		} else {
			g.fire()
		}
		if err := prompt(t, "DownFor", got); (err == nil) != (i%2 == 0) {
			t.Errorf("DownFor = %v", err)
		}
		if g.pending() != 0 {
			t.Fatal("a timer is left")
		}
	}
}

func TestG9_FastPathsDoNotAllocate(t *testing.T) {
	s := sem.New(2)
	var l sem.RW
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for name, f := range map[string]func(){
		"Down+Up":      func() { _ = s.Down(ctx); s.Up() },
		"DownN+UpN":    func() { _ = s.DownN(ctx, 2); s.UpN(2) },
		"TryDown":      func() { s.TryDown(); s.Up() },
		"DownFor":      func() { _ = s.DownFor(time.Hour); s.Up() },
		"DownFor fail": func() { _ = s.DownN(ctx, 2); _ = s.DownFor(0); s.UpN(2) },
		"Count":        func() { s.Count(); s.Waiters() },
		"read":         func() { _ = l.DownRead(ctx); l.UpRead() },
		"write":        func() { _ = l.DownWrite(ctx); l.Downgrade(); l.UpRead() },
		"try":          func() { l.TryDownWrite(); l.TryDownRead(); l.UpWrite() },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// A context is somebody else's code. When it panics or exits in the middle of
// a sleep, the waiter leaves the queue, or passes on what it was given.
func TestG10G11_ContextThatPanics(t *testing.T) {
	for _, way := range []struct {
		name string
		end  func()
	}{{"panic", func() { panic("ctx") }}, {"goexit", runtime.Goexit}} {
		for _, granted := range []bool{false, true} {
			s := sem.New(0)
			var l sem.RW
			must(t, l.DownWrite(background))
			for what, x := range map[string]struct {
				down func(context.Context)
				up   func()
				s    interface{ Waiters() int }
			}{
				"sem":   {func(ctx context.Context) { _ = s.Down(ctx) }, s.Up, s},
				"read":  {func(ctx context.Context) { _ = l.DownRead(ctx) }, l.UpWrite, &l},
				"write": {func(ctx context.Context) { _ = l.DownWrite(ctx) }, l.UpWrite, &l},
			} {
				if what != "sem" && granted && !l.TryDownWrite() {
					if _, w := l.Readers(); !w {
						t.Fatal("the lock is lost")
					}
				}
				ctx := &badContext{Context: background, end: func() {
					if granted {
						x.up()
					}
					way.end()
				}}
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { _ = recover() }()
					x.down(ctx)
				}()
				<-done
				if x.s.Waiters() != 0 {
					t.Errorf("%s, %s, granted %t: the waiter is still queued", what, way.name, granted)
				}
			}
			if granted && s.Count() != 1 {
				t.Errorf("%s: the permit is lost", way.name)
			}
			if n, w := l.Readers(); granted && (n != 0 || w) {
				t.Errorf("%s: the lock stays with %d readers, writer %t", way.name, n, w)
			}
		}
	}
}

// A badContext ends its caller at the second look at Done, which is after the
// waiter was linked.
type badContext struct {
	context.Context
	end func()
}

func (c *badContext) Done() <-chan struct{} { c.end(); return nil }

func TestG12_InsideAndOutsideOfBubbles(t *testing.T) {
	var s sem.Semaphore // also shared by all of them, as a global would be
	round := func(t *testing.T, wait func(n int)) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		for range 3 {
			a := start(func() error { return s.Down(ctx) })
			wait(1)
			b := start(func() error { return s.Down(background) })
			wait(2)
			s.Up()
			must(t, <-a)
			s.Up()
			must(t, <-b)
		}
		gone := start(func() error { return s.Down(ctx) })
		wait(1)
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("Down = %v, want canceled", err)
		}
	}
	outside := func(n int) { queued(t, &s, n) }
	round(t, outside)
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			round(t, func(n int) {
				synctest.Wait() // returns only if those who wait are durably blocked
				if s.Waiters() != n {
					t.Errorf("%d wait, want %d", s.Waiters(), n)
				}
			})
			begin := time.Now()
			if err := s.DownFor(time.Hour); err != sem.ErrTimeout || time.Since(begin) != time.Hour {
				t.Errorf("DownFor = %v after %v", err, time.Since(begin))
			}
		})
		round(t, outside)
	}
}

// In a program of its own the only goroutine waits for ever; the runtime must
// see that all are asleep.
func TestG13_RealDeadlocksAreSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	program := t.TempDir() + "/deadlock"
	build := exec.Command("go", "build", "-o", program, "./testdata/deadlock")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, how := range []string{"down", "read"} {
		ctx, cancel := context.WithTimeout(background, 20*time.Second)
		out, err := exec.CommandContext(ctx, program, how).CombinedOutput()
		cancel()
		if err == nil || !strings.Contains(string(out), "all goroutines are asleep - deadlock!") {
			t.Errorf("%s: the program ended with %v:\n%s", how, err, out)
		}
	}
}
