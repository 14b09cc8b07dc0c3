package providertest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// A Recorder is a scheduler of real goroutines that writes down the steps of
// whole primitives. The zero value is ready.
type Recorder struct {
	sched.Goroutines
	mu    sync.Mutex
	steps []string
	gates []bool
	hook  func(sched.Op) // called before each Step
}

// Object registers what is not inner.
func (r *Recorder) Object(spec sched.Spec) *sched.Object {
	if spec.Inner {
		return nil
	}
	return &sched.Object{Spec: spec, Sched: r}
}

// Step writes op down, and whether its gate was ready.
func (r *Recorder) Step(op sched.Op) {
	if op.Obj == nil {
		r.Goroutines.Step(op)
		return
	}
	r.mu.Lock()
	hook := r.hook
	r.mu.Unlock()
	if hook != nil {
		hook(op)
	}
	ready := op.Gate == nil || op.Gate.Ready()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, describe("", op))
	r.gates = append(r.gates, ready)
}

// Done writes the end of op down.
func (r *Recorder) Done(op sched.Op, _ int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, describe("/", op))
	r.gates = append(r.gates, true)
}

func describe(mark string, op sched.Op) string {
	s := fmt.Sprintf("%s%v %s", mark, op.Kind, op.Obj.Name)
	if op.Task != nil {
		s += " " + op.Task.Name()
	}
	if op.Failed {
		s += " failed"
	}
	return s
}

func (r *Recorder) onStep(f func(sched.Op)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = f
}

// take returns what was written since the last take.
func (r *Recorder) take() (steps []string, gates []bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	steps, gates, r.steps, r.gates = r.steps, r.gates, nil, nil
	return steps, gates
}

// testAnnounces: a scheduler learns of each step with its name and task, and
// gates tell the truth.
func testAnnounces(t *testing.T, mk Maker) {
	r := new(Recorder)
	p := mk(r)
	if p.Scheduler() != sched.Scheduler(r) {
		t.Fatal("Scheduler is not what the provider was made with")
	}
	task := sched.NewTask("ls", sched.TaskConfig{})
	ended, cancel := context.WithCancel(task.Context())
	cancel()
	expect := func(what string, ready bool, want ...string) {
		t.Helper()
		steps, gates := r.take()
		if !reflect.DeepEqual(steps, want) {
			t.Errorf("%s announced %q, want %q", what, steps, want)
		} else if gates[0] != ready {
			t.Errorf("the gate of %s said ready = %t", what, gates[0])
		}
	}

	s := p.NewSemaphore("i_sem", 1)
	must(t, s.Down(task.Context()))
	expect("Down", true, "down i_sem ls", "/down i_sem ls")
	s.TryDown()
	expect("TryDown", true, "trydown i_sem", "/trydown i_sem failed")
	if err := s.Down(ended); err == nil {
		t.Error("Down of a taken semaphore with an ended context succeeded")
	}
	expect("Down with an ended context", true, "down i_sem ls", "/down i_sem ls failed")
	// Hold a Down at its step, and ask its gate.
	at, release, got := make(chan sched.Op), make(chan struct{}), make(chan error)
	r.onStep(func(op sched.Op) {
		if op.Kind == sched.Down {
			at <- op
			<-release
		}
	})
	go func() { got <- s.Down(background) }()
	if op := <-at; op.Gate.Ready() {
		t.Error("the gate of a Down without a permit is ready")
	}
	r.onStep(nil)
	close(release)
	s.Up()
	must(t, <-got)
	r.take()
	s.Up()
	expect("Up", true, "up i_sem", "/up i_sem")
	must(t, s.Down(background))
	expect("Down of nobody", true, "down i_sem", "/down i_sem")
	s.Up()
	r.take()

	l := p.NewRWLock("list")
	l.RLock()
	expect("RLock", true, "rlock list", "/rlock list")
	l.RUnlock()
	expect("RUnlock", true, "runlock list", "/runlock list")
	l.Lock()
	expect("Lock", true, "lock list", "/lock list")
	l.Unlock()
	expect("Unlock", true, "unlock list", "/unlock list")
}
