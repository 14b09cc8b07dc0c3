package sched

import "context"

// A Parker is the slot in which one task sleeps. A wake that comes before the
// sleep is kept, once, so it is not lost (rcuwait, and the task state that
// every Linux sleep is built on).
//
// Make a Parker with [Parker.Init]. One task parks at a time; anyone may
// unpark. Unpark happens before the Park that it ends returns. A Parker must
// not be copied after Init.
type Parker struct {
	c   chan struct{}
	obj *Object
	ctx context.Context // of the Park that is going on; only under a scheduler
}

// Init makes p ready and registers it with s, which may be nil. Calling it
// again makes a new slot; nobody may be parked in the old one.
func (p *Parker) Init(s Scheduler, spec Spec) {
	spec.Kind = KindParker
	p.c = make(chan struct{}, 1)
	p.obj = Register(s, spec)
}

// Park sleeps until a wake arrives or ctx ends, and returns ctx.Err() in the
// second case. If both are there, the wake wins: it is consumed, and Park
// returns nil. On is the object slept on, for reports; it may be nil.
func (p *Parker) Park(ctx context.Context, on *Object) error {
	if p.obj != nil {
		p.ctx = ctx
		op := Op{Kind: Park, Gate: (*parkerGate)(p), On: on, Also: ObjectOf(ctx), Task: TaskOf(ctx)}
		p.obj.Step(op)
		err := p.park(ctx)
		op.Failed = err != nil
		p.obj.Done(op, truth(err == nil))
		return err
	}
	return p.park(ctx)
}

func (p *Parker) park(ctx context.Context) error {
	done := ctx.Done()
	if done == nil {
		<-p.c
		return nil
	}
	select {
	case <-p.c:
		return nil
	case <-done:
		if p.take() {
			return nil
		}
		return ctx.Err()
	}
}

// take consumes a wake that is there.
func (p *Parker) take() bool {
	select {
	case <-p.c:
		return true
	default:
		return false
	}
}

// Unpark wakes the task that sleeps in p, or the next one to park. It never
// blocks. It reports false if a wake was already there.
func (p *Parker) Unpark() bool {
	if p.obj != nil {
		p.obj.Step(Op{Kind: Unpark})
		ok := p.unpark()
		p.obj.Done(Op{Kind: Unpark, Failed: !ok}, truth(ok))
		return ok
	}
	return p.unpark()
}

func (p *Parker) unpark() bool {
	select {
	case p.c <- struct{}{}:
		return true
	default:
		return false
	}
}

// Reset forgets a wake that nobody has consumed, and reports whether there was
// one. Nobody may be parked.
func (p *Parker) Reset() bool { return p.take() }

// C returns the slot as a channel, for a select with other channels. Receiving
// from it is a Park that no scheduler sees.
func (p *Parker) C() <-chan struct{} { return p.c }

type parkerGate Parker

func (g *parkerGate) Ready() bool { return len(g.c) > 0 || g.ctx.Err() != nil }

func (g *parkerGate) Context() context.Context { return g.ctx }

// ObjectOf returns the object whose steps end ctx, or nil: that of a context
// that a scheduler made.
func ObjectOf(ctx context.Context) *Object {
	o, _ := ctx.Value(objectKey{}).(*Object)
	return o
}

// WithObject returns a context in which [ObjectOf] finds o. It is for
// schedulers that make contexts.
func WithObject(ctx context.Context, o *Object) context.Context {
	return context.WithValue(ctx, objectKey{}, o)
}

type objectKey struct{}
