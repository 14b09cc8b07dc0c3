package sched

import (
	"runtime"
	"time"
)

// Goroutines is the scheduler of plain goroutines, the real clock and no
// watching, as a value. A scheduler that changes only some of that embeds it.
// Passing nil where a Scheduler is wanted does the same at less cost.
type Goroutines struct{}

var _ Scheduler = Goroutines{}

// Object returns nil: nothing is watched.
func (Goroutines) Object(Spec) *Object { return nil }

// Step lets op take effect; a [Yield] yields the processor.
func (Goroutines) Step(op Op) {
	if op.Kind == Yield {
		runtime.Gosched()
	}
}

// Done does nothing.
func (Goroutines) Done(Op, int64) {}

// Go starts f as task t on a goroutine.
func (Goroutines) Go(t *Task, f func()) { go Run(t, f) }

// Now returns [time.Now].
func (Goroutines) Now() time.Time { return time.Now() }

// AfterFunc calls f on a goroutine when d has passed.
func (Goroutines) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return time.AfterFunc(d, f).Stop
}

// YieldTo lets the other tasks of s make progress. A loop that waits for
// another task by looking again and again must call it: an explorer runs the
// loop again only when somebody else has changed something.
func YieldTo(s Scheduler) {
	if s == nil {
		runtime.Gosched()
		return
	}
	s.Step(Op{Kind: Yield})
}
