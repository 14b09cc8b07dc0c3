package sched_test

import (
	"fmt"
	"sync"

	"github.com/floodgate-go/floodgate/sched"
)

// recorder is a scheduler of real goroutines that writes down every step and
// its end, and checks that a blocking operation names its gate.
type recorder struct {
	sched.Goroutines
	inner bool // register inner objects, too

	mu    sync.Mutex
	lines []string
}

func (r *recorder) Object(spec sched.Spec) *sched.Object {
	if spec.Inner && !r.inner {
		return nil
	}
	return &sched.Object{Spec: spec, Sched: r}
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Step(op sched.Op) {
	if op.Obj == nil {
		r.note("%v", op.Kind)
		return
	}
	gate := ""
	if op.Kind.Blocks() != (op.Gate != nil) {
		gate = " BAD GATE"
	} else if op.Gate != nil {
		gate = fmt.Sprintf(" ready=%v", op.Gate.Ready())
	}
	r.note("%v %s%s", op.Kind, op.Obj.Name, gate)
}

func (r *recorder) Done(op sched.Op, result int64) {
	failed := ""
	if op.Failed {
		failed = " failed"
	}
	r.note("%v %s = %d%s", op.Kind, op.Obj.Name, result, failed)
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lines
	r.lines = nil
	return l
}
