package waitq

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate/sched"
)

func TestMain(m *testing.M) {
	if name, ok := strings.CutPrefix(os.Getenv(childEnv), "deadlock:"); ok {
		deadlocks[name]()
		return
	}
	goleak.VerifyTestMain(m)
}

// childEnv tells the test binary to be the program of a test.
const childEnv = "WAITQ_TEST_PROGRAM"

// child runs a program in a process of its own, because it is to die.
func child(t *testing.T, program string) (output string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+program)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var bg = context.Background()

// A form is one of the things that have the semantics of a queue. The
// properties of queues are tested in all of them.
type form struct {
	Wait       func(ctx context.Context, cond func() bool) error
	WaitLocked func(ctx context.Context, l sync.Locker, cond func() bool) error
	Wake       func()
	WakeAll    func()
	Len        func() int
	Queue      *Queue // nil for variables
}

// forms runs a test in a bubble for each form: in a bubble, synctest.Wait
// returns when everybody has got as far as they can, so that "must have
// returned" and "must still sleep" need no clock.
func forms(t *testing.T, f func(t *testing.T, q *form)) {
	t.Helper()
	queues(t, func(t *testing.T, q *Queue) {
		wake, all := func() { q.Wake() }, func() { q.WakeAll() }
		f(t, &form{q.Wait, q.WaitLocked, wake, all, q.Len, q})
	})
	t.Run("variable", func(t *testing.T) { // B10: all keys collide
		synctest.Test(t, func(t *testing.T) {
			table := useTable(t, 1, nil)
			var x, other int
			stop := start(func() error { return WaitVar(ctxOf(t), &other, never) })
			synctest.Wait()
			f(t, &form{
				Wait: func(ctx context.Context, cond func() bool) error { return WaitVar(ctx, &x, cond) },
				WaitLocked: func(ctx context.Context, l sync.Locker, cond func() bool) error {
					return WaitVarLocked(ctx, &x, l, cond)
				},
				Wake:    func() { WakeVar(&x) },
				WakeAll: func() { WakeVar(&x) },
				Len:     func() int { return table.queues[0].Len() - 1 },
			})
			select {
			case err := <-stop:
				t.Errorf("the waiter of another variable has returned: %v", err)
			default:
			}
		})
	})
}

// queues is forms for what variables do not have.
func queues(t *testing.T, f func(t *testing.T, q *Queue)) {
	t.Helper()
	for name, init := range map[string]func(*Queue){
		"zero":  func(*Queue) {},
		"debug": func(q *Queue) { q.Debug(true) },
		"noise": func(q *Queue) { q.Init(sched.NewNoise(1, 3), "q") },
		"inner": func(q *Queue) { q.Init(&grain{inner: true}, "q") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := new(Queue)
				init(q)
				f(t, q)
				if n := q.n.Peek(); n != 0 && !t.Failed() {
					t.Errorf("%d entries are left", n)
				}
			})
		})
	}
}

// ctxOf returns a context that ends with the test.
func ctxOf(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(bg)
	t.Cleanup(cancel)
	return ctx
}

// useTable makes the bit and variable waits of the test use a table of its own.
func useTable(t *testing.T, size int, s sched.Scheduler) *table {
	old := sharedTable.Load()
	nt := newTable(size, s)
	sharedTable.Store(nt)
	t.Cleanup(func() { sharedTable.Store(old) })
	return nt
}

func never() bool  { return false }
func always() bool { return true }

// start calls f on a goroutine and returns where its result comes.
func start(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// returned waits until nobody can go on, and fails unless c has the result
// want by then, without a clock.
func returned(t *testing.T, what string, c <-chan error, want error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-c:
		if !errors.Is(err, want) {
			t.Errorf("%s returned %v, want %v", what, err, want)
		}
	default:
		t.Fatalf("%s has not returned", what)
	}
}

// sleeps fails if there is a result in c when nobody can go on.
func sleeps(t *testing.T, what string, c <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-c:
		t.Fatalf("%s returned %v, but should sleep", what, err)
	default:
	}
}

// A gate is a condition that stops at its n-th call, with its answer taken
// before, until it is opened.
type gate struct {
	cond  func() bool
	at    int         // or
	when  func() bool // at the first call when this holds
	calls int
	open  chan struct{}
	in    chan struct{}
}

func newGate(at int, cond func() bool) *gate {
	return &gate{cond: cond, at: at, open: make(chan struct{}), in: make(chan struct{})}
}

// newLinkedGate is a gate in the first test with n entries on the queue: that of
// the waiter which makes them n.
func newLinkedGate(q *Queue, n int, cond func() bool) *gate {
	g := newGate(0, cond)
	g.when = func() bool { return q.Len() >= n }
	return g
}

func (g *gate) test() bool {
	ok := g.cond()
	g.calls++
	if g.when != nil && g.when() {
		g.when, g.at = nil, g.calls
	}
	if g.calls == g.at {
		close(g.in)
		<-g.open
	}
	return ok
}

// tokens is a condition that takes.
type tokens struct{ n, taken atomic.Int64 }

func (x *tokens) take() bool {
	for {
		n := x.n.Load()
		if n == 0 {
			return false
		}
		if x.n.CompareAndSwap(n, n-1) {
			x.taken.Add(1)
			return true
		}
	}
}

// misused calls f and fails unless it panics with a *MisuseError.
func misused(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		switch e := recover().(type) {
		case *MisuseError:
		case nil:
			t.Errorf("%s does not panic", what)
		default:
			t.Errorf("%s panics with %v, want a *MisuseError", what, e)
		}
	}()
	f()
}

// grain is a scheduler of goroutines that sees the outsides or the insides of
// primitives, and calls at before each step.
type grain struct {
	sched.Goroutines
	inner bool
	at    func(op sched.Op)
}

func (g *grain) Object(spec sched.Spec) *sched.Object {
	if spec.Inner != g.inner && spec.Kind != sched.KindParker {
		return nil
	}
	return &sched.Object{Spec: spec, Sched: g}
}

func (g *grain) Step(op sched.Op) {
	if g.at != nil {
		g.at(op)
	}
}

// A hookLocker is a mutex that checks its users and calls hooks.
type hookLocker struct {
	mu          sync.Mutex
	held        atomic.Bool
	afterUnlock func()
}

func (l *hookLocker) Lock() {
	l.mu.Lock()
	l.held.Store(true)
}

func (l *hookLocker) Unlock() {
	l.held.Store(false)
	l.mu.Unlock()
	if l.afterUnlock != nil {
		l.afterUnlock()
	}
}

func (l *hookLocker) mustHold(t *testing.T, when string) {
	t.Helper()
	if !l.held.Load() {
		t.Errorf("the locker is free %s", when)
	}
}

var errCause = errors.New("because of a test")

// eventually says what a goroutine that panics or ends looks like to callers.
type unwinding struct {
	name string
	do   func()
}

var unwindings = []unwinding{
	{"panic", func() { panic(errCause) }},
	{"Goexit", func() { goexit() }},
}

// unwound runs f, which panics with errCause or ends its goroutine, and reports
// with a nil error that it did.
func unwound(f func()) (result error) {
	done := make(chan error, 1)
	go func() {
		finished := false
		defer func() {
			r := recover()
			switch {
			case finished:
				done <- errors.New("was not unwound")
			case r != nil && r != any(errCause):
				done <- fmt.Errorf("panicked with %v", r)
			default:
				done <- nil
			}
		}()
		f()
		finished = true
	}()
	return <-done
}

// unparkHook calls f before each Unpark.
func unparkHook(f func()) func(sched.Op) {
	return func(op sched.Op) {
		if op.Kind == sched.Unpark {
			f()
		}
	}
}
