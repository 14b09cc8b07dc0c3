package explore

import (
	"context"
	"fmt"
	"time"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/sched"
)

// A Run is one execution of a program under exploration. The function given to
// [Test] gets one, makes what it wants to test with [Run.Scheduler] or
// [Run.Provider], starts tasks, and returns; then the tasks run. It is called
// again for each execution, and must do the same each time: no maps in random
// order, no real clock, no state left over from the execution before.
//
// The set-up is not part of the schedule: its operations happen before
// everything else, and can not wait.
//
// A Run may be used by the set-up and by the tasks of its execution, until it
// ends.
type Run struct{ e *engine }

// Scheduler returns the scheduler that objects and tasks of the program must be
// given.
func (x *Run) Scheduler() sched.Scheduler { return x.e.sched() }

// Provider returns our locks on that scheduler, for programs that take their
// locks from a provider.
func (x *Run) Provider() floodgate.Provider { return floodgate.Ours(x.Scheduler()) }

// Go starts f as a task. It must end; if it can not, that is a finding. What
// happens before the call happens before f starts.
//
// In a task f may call [testing.T.FailNow], though [Run.Fatalf] is better: it
// comes with the schedule.
func (x *Run) Go(name string, f func()) { x.e.spawn(name, nil, f, false, false) }

// GoTask starts f as task t, as [sched.Go] with [Run.Scheduler] does. Reports
// then say which labelled place t has reached, and [sched.SetWaker] knows it.
func (x *Run) GoTask(t *sched.Task, f func()) { x.e.spawn(t.Name(), t, f, false, false) }

// Daemon starts f as a task that need not end: it may be blocked for ever when
// all others have ended.
func (x *Run) Daemon(name string, f func()) { x.e.spawn(name, nil, f, true, false) }

// DaemonTask starts f as task t that need not end.
func (x *Run) DaemonTask(t *sched.Task, f func()) { x.e.spawn(t.Name(), t, f, true, false) }

// Check calls f when all tasks have ended and the daemons can do no more. It is
// not called if anything went wrong before. F reports what is wrong with
// [Run.Errorf]. It is part of the set-up: call it before the tasks run.
func (x *Run) Check(f func()) { x.e.checks = append(x.e.checks, f) }

// Always calls f after every step. F reports what is wrong with [Run.Errorf].
// It must only look: with Peek, or at memory that no step changes half.
//
// A strategy that explores one order of independent steps calls f on the states
// of that order only. An invariant over one object, or over objects that are
// changed under one lock, is seen in all its states; one over two objects that
// are changed independently is not.
//
// Under the race detector f is called only when a token is replayed, because
// its looking would itself be a race.
func (x *Run) Always(f func()) { x.e.always = append(x.e.always, f) }

// Balanced says that semaphores registered under these names are used like
// locks: at the end as many permits must have been given back as were taken.
// Strict semaphores need not be named.
func (x *Run) Balanced(names ...string) { x.e.balanced = append(x.e.balanced, names...) }

// Choose returns a number in [0, n), another one in other executions: an input,
// a fault that happens or not. All are explored. It may be called in the set-up
// and in tasks.
func (x *Run) Choose(n int) int {
	if n <= 0 {
		panic("explore: Choose needs a positive number of inputs")
	}
	return x.e.chooseInput(n)
}

// Yield lets others make progress. A loop that waits for another task by looking
// again and again must call it: the task goes on only when another one has
// changed something since its own last write or yield. If everybody yields,
// that is a livelock.
func (x *Run) Yield() { x.e.sched().Step(sched.Op{Kind: sched.Yield}) }

// Sleep sleeps until d has passed on the virtual clock.
func (x *Run) Sleep(d time.Duration) { x.e.clock.sleep(d) }

// Context returns a context that the environment ends, at some time: that is a
// step that may fall anywhere, at the latest when nobody else can go on. It is
// the same one each time. To see what happens when nobody ends the context of
// a sleep, use [context.Background].
func (x *Run) Context() context.Context { return x.e.environment() }

// WithCancel is [context.WithCancel]; calling cancel is a step.
func (x *Run) WithCancel(parent context.Context) (ctx context.Context, cancel context.CancelFunc) {
	c := x.e.newContext(parent, "ctx")
	return c, func() { c.cancel(context.Canceled) }
}

// WithTimeout is [context.WithTimeout] on the virtual clock: the deadline passes
// in a step that may fall anywhere after this call.
func (x *Run) WithTimeout(parent context.Context, d time.Duration) (ctx context.Context, cancel context.CancelFunc) {
	c := x.e.newContext(parent, "timeout")
	at, stop := x.e.clock.add(d, func() { c.cancel(context.DeadlineExceeded) })
	c.deadline = epoch.Add(at)
	return c, func() {
		stop()
		c.cancel(context.Canceled)
	}
}

// Errorf says that something is wrong: the execution becomes a finding, and goes
// on. Only the first in an execution counts. Two with the same format by the
// same task are the same finding.
func (x *Run) Errorf(format string, args ...any) {
	x.e.report(format, fmt.Sprintf(format, args...))
}

// Error says that err is wrong, which is then the finding's Err. If err has a
// method Signature() string, two errors with the same signature are the same
// finding, whoever comes upon them; else two with the same text by the same
// task are.
func (x *Run) Error(err error) {
	sig, ok := err.Error(), false
	if s, is := err.(interface{ Signature() string }); is {
		sig, ok = s.Signature(), true
	}
	x.e.reportError(&found{sig: sig, msg: err.Error(), err: err, whole: ok})
}

// Fatalf is Errorf, and ends the task that calls it.
func (x *Run) Fatalf(format string, args ...any) {
	x.e.report(format, fmt.Sprintf(format, args...))
	panic(stopped{x.e})
}

// Logf adds a line to the timeline at this place.
func (x *Run) Logf(format string, args ...any) {
	if x.e.line != nil {
		x.e.note(fmt.Sprintf(format, args...))
	}
}

// Replaying reports whether this execution is being shown to somebody, so that
// Logf has an effect.
func (x *Run) Replaying() bool { return x.e.line != nil }
