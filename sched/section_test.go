package sched_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

func TestASectionExcludesOthers(t *testing.T) {
	var x sched.Section
	var n int
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				x.Enter(sched.Update)
				n++
				x.Leave(int64(n))
			}
		})
	}
	wg.Wait()
	x.Peek(func() {
		if n != 8000 {
			t.Errorf("n = %d, want 8000", n)
		}
	})
}

func TestASectionIsOneStep(t *testing.T) {
	var log sectionLog
	var x sched.Section
	x.Init(&log, sched.Spec{Name: "queue"})
	x.Enter(sched.Load)
	x.Leave(3)
	x.Enter(sched.Update)
	x.Leave(4)
	x.Peek(func() {})
	want := []string{"step load queue", "done load queue", "step update queue", "done update queue"}
	if !slices.Equal(log.lines, want) {
		t.Errorf("steps %q, want %q", log.lines, want)
	}
}

type sectionLog struct {
	sched.Goroutines
	lines []string
}

func (l *sectionLog) Object(spec sched.Spec) *sched.Object {
	return &sched.Object{Spec: spec, Sched: l}
}
func (l *sectionLog) Step(op sched.Op) {
	l.lines = append(l.lines, "step "+op.Kind.String()+" "+op.Obj.Name)
}
func (l *sectionLog) Done(op sched.Op, _ int64) {
	l.lines = append(l.lines, "done "+op.Kind.String()+" "+op.Obj.Name)
}
