package explore

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A clock is the virtual time of one execution. It stands still until its task,
// which belongs to the environment, takes a step: then it is the time of the
// next timer. That step may come anywhere, as time says nothing about how far
// the others have got; by default it comes when nobody else can run.
type clock struct {
	e *engine

	mu     sync.Mutex // also makes the time as synchronizing as a real one
	obj    *sched.Object
	at     time.Duration // since the epoch
	timers []*timer      // by time, then by age
	task   bool          // the clock's task has been made
}

type timer struct {
	at   time.Duration
	fire func() // in the step of the clock
}

// epoch is where virtual time starts.
var epoch = time.Date(2003, time.July, 1, 0, 0, 0, 0, time.UTC)

func (c *clock) reset() {
	clear(c.timers)
	c.obj, c.at, c.timers, c.task = nil, 0, c.timers[:0], false
}

// object returns the object that those who use the clock have in common.
func (c *clock) object() *sched.Object {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.obj == nil {
		c.obj = c.e.sched().Object(sched.Spec{Kind: sched.KindVar, Name: "clock"})
	}
	return c.obj
}

func (c *clock) now() time.Time {
	o := c.object()
	op := sched.Op{Kind: sched.Load}
	o.Step(op)
	c.mu.Lock()
	at := c.at
	c.mu.Unlock()
	o.Done(op, int64(at))
	return epoch.Add(at)
}

// afterFunc starts f as a task when d has passed.
func (c *clock) afterFunc(d time.Duration, f func()) (stop func() bool) {
	_, stop = c.add(d, func() { c.e.spawn("timer", nil, f, false, false) })
	return stop
}

// add makes a timer, in a step of its own. The clock's task is made with the
// first.
func (c *clock) add(d time.Duration, fire func()) (at time.Duration, stop func() bool) {
	o := c.object()
	op := sched.Op{Kind: sched.Update, Arg: int64(d)}
	o.Step(op)
	c.mu.Lock()
	tm := &timer{at: c.at + max(d, 0), fire: fire}
	i, _ := slices.BinarySearchFunc(c.timers, tm.at+1, func(u *timer, at time.Duration) int { return cmp.Compare(u.at, at) })
	c.timers = slices.Insert(c.timers, i, tm)
	start := !c.task
	c.task = true
	c.mu.Unlock()
	if start {
		c.e.spawn("clock", nil, c.run, true, true)
	}
	o.Done(op, int64(tm.at))
	return tm.at, func() bool { return c.remove(tm) }
}

func (c *clock) remove(tm *timer) bool {
	o := c.object()
	op := sched.Op{Kind: sched.Update}
	o.Step(op)
	c.mu.Lock()
	i := slices.Index(c.timers, tm)
	if i >= 0 {
		c.timers = slices.Delete(c.timers, i, i+1)
	}
	c.mu.Unlock()
	op.Failed = i < 0
	o.Done(op, truth(i >= 0))
	return i >= 0
}

// run is the clock's task.
func (c *clock) run() {
	o := c.object()
	for {
		op := sched.Op{Kind: sched.Update, Gate: (*clockGate)(c)}
		o.Step(op)
		c.mu.Lock()
		tm := c.timers[0]
		c.timers = slices.Delete(c.timers, 0, 1)
		c.at = max(c.at, tm.at)
		at := c.at
		c.mu.Unlock()
		tm.fire()
		o.Done(op, int64(at))
	}
}

type clockGate clock

// Ready reports whether there is a timer.
func (g *clockGate) Ready() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.timers) > 0
}

// sleep waits until d has passed.
func (c *clock) sleep(d time.Duration) {
	until, _ := c.add(d, func() {})
	op := sched.Op{Kind: sched.Sleep, Gate: &sleepGate{c, until}, Arg: int64(d)}
	o := c.object()
	o.Step(op)
	o.Done(op, int64(until))
}

type sleepGate struct {
	c     *clock
	until time.Duration
}

// Ready reports whether the time has come.
func (g *sleepGate) Ready() bool {
	g.c.mu.Lock()
	defer g.c.mu.Unlock()
	return g.c.at >= g.until
}

// environment returns the context that the environment ends.
func (e *engine) environment() *runContext {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	if e.ctx == nil {
		c := e.newContext(context.Background(), "ctx")
		e.ctx = c
		e.spawn("cancel", nil, func() { c.cancel(context.Canceled) }, true, true)
	}
	return e.ctx
}
