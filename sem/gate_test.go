package sem_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

var background = context.Background()

// A gated is a scheduler of real goroutines that sees the insides of
// primitives, and can hold whoever is about to take a certain step. Its timers
// fire when the test says so. With it a test stands in the window it is about.
type gated struct {
	sched.Goroutines
	mu     sync.Mutex
	holds  []*hold
	timers []func()
	step   func(sched.Op) // called for each step
	done   func(sched.Op) // called when it is done
}

type hold struct {
	match   func(sched.Op) bool
	reached chan struct{} // closed when somebody is held
	release func()
	open    chan struct{}
}

func (g *gated) Object(spec sched.Spec) *sched.Object {
	if !spec.Inner {
		return nil
	}
	return &sched.Object{Spec: spec, Sched: g}
}

func (g *gated) Step(op sched.Op) {
	g.mu.Lock()
	step := g.step
	var found *hold
	for i, h := range g.holds {
		if h.match(op) {
			found = h
			g.holds = append(g.holds[:i:i], g.holds[i+1:]...)
			break
		}
	}
	g.mu.Unlock()
	if step != nil {
		step(op)
	}
	if found != nil {
		close(found.reached)
		<-found.open
	}
}

// hold holds the first to come to an operation of the given kind on a part
// whose name ends so.
func (g *gated) hold(kind sched.OpKind, part string) *hold {
	h := &hold{
		match: func(op sched.Op) bool {
			return op.Kind == kind && strings.HasSuffix(op.Obj.Name, part)
		},
		reached: make(chan struct{}),
		open:    make(chan struct{}),
	}
	h.release = sync.OnceFunc(func() { close(h.open) })
	g.mu.Lock()
	g.holds = append(g.holds, h)
	g.mu.Unlock()
	return h
}

func (g *gated) onStep(f func(sched.Op)) {
	g.mu.Lock()
	g.step = f
	g.mu.Unlock()
}

func (g *gated) Done(op sched.Op, _ int64) {
	g.mu.Lock()
	done := g.done
	g.mu.Unlock()
	if done != nil {
		done(op)
	}
}

func (g *gated) onDone(f func(sched.Op)) {
	g.mu.Lock()
	g.done = f
	g.mu.Unlock()
}

func (g *gated) AfterFunc(_ time.Duration, f func()) func() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := len(g.timers)
	g.timers = append(g.timers, f)
	return func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		was := g.timers[i] != nil
		g.timers[i] = nil
		return was
	}
}

// fire lets the time of all timers come.
func (g *gated) fire() {
	g.mu.Lock()
	fs := g.timers
	g.timers = make([]func(), len(fs))
	g.mu.Unlock()
	for _, f := range fs {
		if f != nil {
			f()
		}
	}
}

// pending returns how many timers run.
func (g *gated) pending() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.timers {
		if f != nil {
			n++
		}
	}
	return n
}

func on(s sched.Scheduler, n int, opts ...sem.Option) *sem.Semaphore {
	x := new(sem.Semaphore)
	x.Init(s, "s", n, opts...)
	return x
}

// start calls f on a goroutine and returns where its result comes.
func start(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// queued waits until n wait for s. It looks without a step.
func queued(t *testing.T, s interface{ Waiters() int }, n int) {
	t.Helper()
	for start := time.Now(); s.Waiters() != n; time.Sleep(10 * time.Microsecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d wait, want %d", s.Waiters(), n)
		}
	}
}

func prompt(t *testing.T, what string, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(10 * time.Second):
		t.Fatalf("%s still sleeps", what)
		return nil
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// panics returns what f panics with, which must be a misuse.
func panics(t *testing.T, f func()) (e *sem.MisuseError) {
	t.Helper()
	defer func() {
		t.Helper()
		switch v := recover().(type) {
		case *sem.MisuseError:
			e = v
		case nil:
			t.Fatal("no panic")
		default:
			panic(v)
		}
	}()
	f()
	return nil
}

func task(name string) *sched.Task { return sched.NewTask(name, sched.TaskConfig{}) }
