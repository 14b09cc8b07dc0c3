package explore

import (
	"context"
	"sync"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A runContext is a context whose end is a step of the execution.
type runContext struct {
	context.Context // the parent, in which sched.ObjectOf finds obj
	e               *engine
	obj             *sched.Object
	children        []*runContext
	deadline        time.Time
	done            chan struct{}

	mu    sync.Mutex // a parent that is none of ours may end at any time
	err   error
	after []*afterEnd
}

type afterEnd struct{ f func() }

func (e *engine) newContext(parent context.Context, name string) *runContext {
	if parent == nil {
		panic("explore: nil parent context")
	}
	o := e.sched().Object(sched.Spec{Kind: sched.KindContext, Name: name})
	c := &runContext{Context: sched.WithObject(parent, o), e: e, obj: o, done: make(chan struct{})}
	if p, ok := parent.Value(runContextKey{}).(*runContext); ok {
		p.mu.Lock()
		p.children = append(p.children, c)
		err := p.err
		p.mu.Unlock()
		if err != nil {
			c.end(err)
		}
	} else if parent.Done() != nil {
		context.AfterFunc(parent, func() { c.end(parent.Err()) })
	}
	return c
}

type runContextKey struct{}

// cancel ends c and those derived from it, in a step.
func (c *runContext) cancel(err error) {
	op := sched.Op{Kind: sched.Cancel}
	c.obj.Step(op)
	op.Failed = !c.end(err)
	c.mu.Lock()
	children := c.children
	c.mu.Unlock()
	for _, d := range children {
		d.cancel(err)
	}
	c.obj.Done(op, 1)
}

func (c *runContext) end(err error) bool {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return false
	}
	c.err = err
	close(c.done)
	after := c.after
	c.after = nil
	c.mu.Unlock()
	for _, a := range after {
		a.f()
	}
	return true
}

// Done returns a channel that is closed when c has ended.
func (c *runContext) Done() <-chan struct{} { return c.done }

// Err is a step that reads c.
func (c *runContext) Err() error {
	op := sched.Op{Kind: sched.Load}
	c.obj.Step(op)
	c.mu.Lock()
	err := c.err
	c.mu.Unlock()
	if err == nil {
		err = c.Context.Err()
	}
	c.obj.Done(op, truth(err == nil))
	return err
}

// Deadline returns the virtual time at which c ends.
func (c *runContext) Deadline() (time.Time, bool) {
	d, ok := c.Context.Deadline()
	if !c.deadline.IsZero() && (!ok || c.deadline.Before(d)) {
		return c.deadline, true
	}
	return d, ok
}

// Value finds c itself, so that a context derived from it ends with it.
func (c *runContext) Value(key any) any {
	if key == (runContextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// AfterFunc is how package context ends what is derived from c, in the same
// step. See [context.AfterFunc].
func (c *runContext) AfterFunc(f func()) (stop func() bool) {
	a := &afterEnd{f}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.after = append(c.after, a)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, b := range c.after {
			if b == a {
				c.after = append(c.after[:i], c.after[i+1:]...)
				return true
			}
		}
		return false
	}
}

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
