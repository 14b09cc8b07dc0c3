package sched

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// A Parker is the slot in which one task sleeps. A wake that comes before the
// sleep is kept, once, so it is not lost (rcuwait, and the task state that
// every Linux sleep is built on).
//
// The zero value is an empty slot on plain goroutines; [Parker.Init] registers
// one with a scheduler. One task parks at a time; anyone may unpark. Unpark
// happens before the Park that it ends returns. A Parker must not be copied
// after first use.
//
// A Parker may be kept and used again by any goroutine, also by one in another
// bubble of testing/synctest, unless C or Keep was called: a channel belongs to
// the bubble it was made in.
type Parker struct {
	state atomic.Uint32
	sleep sync.Cond     // when asleep
	c     chan struct{} // when selecting or open
	keep  bool          // keep c for the next sleep
	obj   *Object
	ctx   context.Context // of the Park that is going on; only under a scheduler
}

// The states. Park leaves empty, Unpark makes token.
const (
	empty     = iota
	token     // a wake is there
	asleep    // the owner sleeps on sleep
	selecting // the owner sleeps on c, or on the end of a context
	open      // a wake is an element of c
)

// Init makes p empty and registers it with s, which may be nil. Calling it
// again makes a new slot; nobody may be parked in the old one.
func (p *Parker) Init(s Scheduler, spec Spec) {
	spec.Kind = KindParker
	p.state.Store(empty)
	p.c = nil
	p.obj = Register(s, spec)
}

// Park sleeps until a wake arrives or ctx ends, and returns ctx.Err() in the
// second case. If both are there, the wake wins: it is consumed, and Park
// returns nil. On is the object slept on, for reports; it may be nil.
//
// It allocates only if ctx can end, and not if Keep was called.
func (p *Parker) Park(ctx context.Context, on *Object) error {
	switch {
	case p.obj != nil:
		return p.parkStep(ctx, on)
	case p.reset():
		return nil
	case ctx.Done() != nil && ctx.Err() != nil:
		return ctx.Err()
	}
	// A partner that is about to wake us often does so in the time of a yield,
	// and that costs half of a sleep and a wake.
	runtime.Gosched()
	return p.parkAtOnce(ctx)
}

// ParkAtOnce is [Parker.Park] without a yield before the sleep, for a caller
// that has yielded itself, nearer to its own caller: a processor mispredicts
// each return that follows a switch of goroutines.
func (p *Parker) ParkAtOnce(ctx context.Context, on *Object) error {
	if p.obj != nil {
		return p.parkStep(ctx, on)
	}
	return p.parkAtOnce(ctx)
}

func (p *Parker) parkStep(ctx context.Context, on *Object) error {
	p.ctx = ctx
	op := Op{Kind: Park, Gate: (*parkerGate)(p), On: on, Also: ObjectOf(ctx), Task: TaskOf(ctx)}
	p.obj.Step(op)
	err := p.parkAtOnce(ctx)
	op.Failed = err != nil
	p.obj.Done(op, truth(err == nil))
	return err
}

// parkAtOnce sleeps, unless a wake is there: on the condition variable, if
// nothing but a wake can end it. Its lock is sleepLock, so that the sleeper is
// registered when the state says that it is asleep.
func (p *Parker) parkAtOnce(ctx context.Context) error {
	switch {
	case p.reset():
		return nil
	case p.state.Load() == open:
		return p.parkOpen(ctx)
	case ctx.Done() != nil:
		return p.parkSelecting(ctx)
	}
	if p.sleep.L == nil {
		p.sleep.L = (*sleepLock)(p)
	}
	p.sleep.Wait()
	p.state.Swap(empty) // also reads it: the edge from Unpark
	return nil
}

// A sleepLock is the locker of a Parker's condition variable. Nobody else
// takes it; Wait calls Unlock when the sleeper is on the list of those that a
// Signal wakes.
type sleepLock Parker

func (l *sleepLock) Lock() {}

func (l *sleepLock) Unlock() {
	if !l.state.CompareAndSwap(empty, asleep) {
		l.sleep.Signal() // a wake came first
	}
}

func (p *Parker) parkSelecting(ctx context.Context) error {
	if p.c == nil {
		p.c = make(chan struct{}, 1)
	}
	if !p.keep {
		defer func() { p.c = nil }()
	}
	if p.state.CompareAndSwap(empty, selecting) {
		select {
		case <-p.c:
		case <-ctx.Done():
			if p.state.CompareAndSwap(selecting, empty) {
				return ctx.Err()
			}
			<-p.c // the waker is about to send
		}
	}
	p.state.Swap(empty)
	return nil
}

func (p *Parker) parkOpen(ctx context.Context) error {
	select {
	case <-p.c:
		return nil
	case <-ctx.Done():
		if p.reset() {
			return nil
		}
		return ctx.Err()
	}
}

// Unpark wakes the task that sleeps in p, or the next one to park. It never
// blocks. It reports false if a wake was already there.
func (p *Parker) Unpark() bool {
	if p.obj == nil {
		return p.unpark()
	}
	p.obj.Step(Op{Kind: Unpark})
	ok := p.unpark()
	p.obj.Done(Op{Kind: Unpark, Failed: !ok}, truth(ok))
	return ok
}

func (p *Parker) unpark() bool {
	for {
		switch p.state.Load() {
		case token:
			// Written again, so that this wake, too, happens before the
			// Park that consumes both.
			if p.state.CompareAndSwap(token, token) {
				return false
			}
		case open:
			select {
			case p.c <- struct{}{}:
				return true
			default:
				return false
			}
		case empty:
			if p.state.CompareAndSwap(empty, token) {
				return true
			}
		case asleep:
			if p.state.CompareAndSwap(asleep, token) {
				p.sleep.Signal()
				return true
			}
		case selecting:
			if p.state.CompareAndSwap(selecting, token) {
				p.c <- struct{}{} // the owner waits for it
				return true
			}
		}
	}
}

// Reset forgets a wake that nobody has consumed, and reports whether there was
// one. Nobody may be parked.
func (p *Parker) Reset() bool {
	if p.obj == nil {
		return p.reset()
	}
	p.obj.Step(Op{Kind: Update})
	ok := p.reset()
	p.obj.Done(Op{Kind: Update, Failed: !ok}, truth(ok))
	return ok
}

func (p *Parker) reset() bool {
	switch p.state.Load() {
	case token:
		p.state.Swap(empty)
		return true
	case open:
		select {
		case <-p.c:
			return true
		default:
		}
	}
	return false
}

// Keep makes p keep the channel that it sleeps on when a context can end the
// sleep. Only the task that parks may call it, and from then on p must stay in
// the bubble of testing/synctest, if any, in which it sleeps.
func (p *Parker) Keep() { p.keep = true }

// C returns the slot as a channel, for a select with other channels. Receiving
// from it is a Park that no scheduler sees. Only the task that parks may call
// it, and from then on p must stay in the bubble of testing/synctest, if any,
// in which it was called.
func (p *Parker) C() <-chan struct{} {
	for p.state.Load() != open {
		if p.c == nil {
			p.c = make(chan struct{}, 1)
		}
		if p.state.CompareAndSwap(empty, open) {
			break
		}
		if p.state.CompareAndSwap(token, open) {
			p.c <- struct{}{}
		}
	}
	return p.c
}

type parkerGate Parker

func (g *parkerGate) Ready() bool {
	return g.state.Load() == token || g.state.Load() == open && len(g.c) > 0 || g.ctx.Err() != nil
}

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
