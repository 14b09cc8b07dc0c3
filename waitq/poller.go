package waitq

import (
	"context"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Poller waits on many queues at once (struct poll_wqueues). It belongs to
// one goroutine, which adds queues, waits as often as it likes, and closes it.
// A wake of any of its queues makes it look at all of them again: a wake
// carries no result.
//
// The zero value has no queues. A Poller must not be copied after first use.
type Poller struct {
	_ noCopy

	self    *Poller       // p once in use, to tell a copy
	p       *sched.Parker // the latch: a wake has come since the last scan
	s       sched.Scheduler
	waiting atomic.Bool // in Wait: an exclusive wake is welcome
	entries []*pollEntry
}

// A pollEntry is a poller's place in a queue.
type pollEntry struct {
	Waiter
	q      *Queue
	owed   atomic.Pointer[any]   // key of an exclusive wake since the last scan began
	due    *any                  // of one before that, while the scan is not over
	closed atomic.Pointer[error] // the queue was closed
}

// Add makes p wait on q, too, for the given events (poll_wait). A wake with a
// key of type [Events] that shares none of them is ignored; no events stand for
// all. Adding a queue again adds events. It returns the error of a closed queue.
func (p *Poller) Add(q *Queue, e Events) error { return p.add(q, e, false) }

// AddExclusive is [Poller.Add] as an exclusive waiter (EPOLLEXCLUSIVE): a wake
// goes to one of them. A poller that was given a wake and consumed nothing
// passes it on when it leaves Wait. One that waits on several queues does so
// even when its scan succeeds, as it can not know which queue it took from.
// While p is not in Wait, exclusive wakes go to others.
func (p *Poller) AddExclusive(q *Queue, e Events) error { return p.add(q, e, true) }

func (p *Poller) add(q *Queue, e Events, ex bool) error {
	p.check("Add")
	if q == nil {
		panic(&MisuseError{Object: "poller", Op: "Add", Reason: "nil queue"})
	}
	if p.p == nil {
		p.p, p.s = newParker(q.s, "poller"), q.s
	}
	if p.s != q.s {
		panic(q.misuse("Poller.Add", "it runs under another scheduler than the queues before"))
	}
	for _, old := range p.entries {
		if old.q == q {
			return q.widen(&old.Waiter, e)
		}
	}
	n := &pollEntry{q: q}
	n.Key, n.Sticky = e, true
	n.Func = func(key any) Action { return p.wake(n, key, ex) }
	c := shared
	if ex {
		c = exclusive
	}
	if err := q.add(&n.Waiter, c, ex); err != nil {
		return err
	}
	p.entries = append(p.entries, n)
	return nil
}

// widen adds events to the key of w, which keeps its place.
func (q *Queue) widen(w *Waiter, e Events) error {
	if q.obj != nil {
		q.obj.Step(sched.Op{Kind: sched.Enqueue})
		defer func() { q.obj.Done(sched.Op{Kind: sched.Enqueue}, q.n.Peek()) }()
	}
	q.lock("Poller.Add")
	defer q.mu.Unlock()
	if have := w.Key.(Events); e != 0 && have != 0 {
		e |= have
	} else {
		e = 0
	}
	w.Key = e
	return q.err
}

// wake is the wake function of an entry (pollwake, ep_poll_callback).
func (p *Poller) wake(e *pollEntry, key any, ex bool) Action {
	if err, ok := key.(error); ok {
		e.closed.Store(&err)
		p.p.Unpark()
		return Woke
	}
	if !ex {
		p.p.Unpark()
		return Woke
	}
	if !p.waiting.Load() || !p.p.Unpark() {
		return Skip // it looks anyway: let another have it
	}
	e.owed.Store(&key)
	return Woke
}

// Wait calls scan until it returns true, and sleeps between the calls until a
// wake of one of the queues. It returns nil then; an error that matches
// ctx.Err() and context.Cause(ctx) if ctx ends first; and once for each queue
// that is closed, which p forgets, an error that matches [ErrClosed] and the
// reason. Scan runs on this goroutine with no lock of this package held, at
// least once, and a last time before an error is returned.
func (p *Poller) Wait(ctx context.Context, scan func() bool) error {
	p.check("Wait")
	switch {
	case ctx == nil:
		panic(&MisuseError{Object: "poller", Op: "Wait", Reason: "nil context"})
	case scan == nil:
		panic(&MisuseError{Object: "poller", Op: "Wait", Reason: "nil scan"})
	}
	if p.p == nil {
		p.p = newParker(nil, "poller")
	}
	if !p.waiting.CompareAndSwap(false, true) {
		panic(&MisuseError{Object: "poller", Op: "Wait", Reason: "somebody is in Wait"})
	}
	consumed := false
	defer func() {
		p.waiting.Store(false)
		p.passOn(consumed && len(p.entries) == 1)
	}()
	var ended error
	for {
		p.p.Reset() // before the scan: what comes from here on is kept
		for _, e := range p.entries {
			if key := e.owed.Swap(nil); key != nil {
				e.due = key
			}
		}
		if consumed = scan(); consumed {
			return nil
		}
		if err := p.forgetClosed(); err != nil {
			return err
		}
		if ended != nil {
			return ended
		}
		if ctx.Err() == nil {
			for _, e := range p.entries {
				e.due = nil // somebody else was faster
			}
			if p.p.Park(ctx, p.on()) == nil {
				continue
			}
		}
		ended = contextError(ctx)
	}
}

// on returns what a report should say that p sleeps on: the first queue.
func (p *Poller) on() *sched.Object {
	if len(p.entries) == 0 {
		return nil
	}
	return p.entries[0].q.obj
}

// passOn gives the exclusive wakes that p has not used to others.
func (p *Poller) passOn(used bool) {
	for _, e := range p.entries {
		for _, key := range []*any{e.due, e.owed.Swap(nil)} {
			if key != nil && !used {
				e.q.signal("Poller.Wait", &request{budget: 1, key: *key, heirs: true})
			}
		}
		e.due = nil
	}
}

// forgetClosed removes the first entry whose queue was closed, and returns the
// queue's error.
func (p *Poller) forgetClosed() error {
	for i, e := range p.entries {
		if err := e.closed.Load(); err != nil {
			p.entries = append(p.entries[:i], p.entries[i+1:]...)
			return *err
		}
	}
	return nil
}

// Close takes p off all its queues (poll_freewait). P may be used again.
func (p *Poller) Close() {
	p.check("Close")
	for _, e := range p.entries {
		e.q.Remove(&e.Waiter)
	}
	p.passOn(false)
	p.entries = nil
}

// check panics if p is a copy of a poller in use.
func (p *Poller) check(op string) {
	if p.self == nil {
		p.self = p
	} else if p.self != p {
		panic(&MisuseError{Object: "poller", Op: op, Reason: "copied after first use"})
	}
}
