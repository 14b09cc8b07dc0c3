package lockdep

import (
	"context"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// An object is what the watch knows of a registered object: the state that it
// must be in if the operations announced so far, and only they, were made.
//
// What gives (up, unlock, unpark) counts from its Step on, what takes (down,
// lock, park) counts from its Done on. So the model is never poorer than the
// object: between the two a permit may be counted that is gone already, never
// the other way round, and a task whose grant is on its way is not taken for a
// stuck one.
type object struct {
	sched.Object
	inner *sched.Object
	model bool // false: only the inner scheduler looks at it
	able  bool // it has sleepers and would let one of them go on

	free     int64 // permits of a semaphore, wakes in a parker
	inflight int   // unparks between Step and Done
	readers  int
	locked   bool
	closed   bool
	event    bool // a semaphore that somebody gave who had not taken it

	sleepers sleepers
	holders  []holder // in the order of taking
	lastWake *task

	classed bool   // class is set
	class   *class // in the order graph; nil: left alone
	owed    *task  // who has the duty to wake the sleepers
}

// A holder is a share of an object in a task's hands.
type holder struct {
	t *task // nil: not known
	n int64
}

func objectOf(o *sched.Object) *object {
	if o == nil {
		return nil
	}
	obj, _ := o.Data.(*object)
	return obj
}

// amount is the number of permits that op moves.
func amount(op sched.Op) int64 {
	if op.Kind == sched.Down || op.Kind == sched.TryDown || op.Kind == sched.Up {
		return max(op.Arg, 1)
	}
	return 1
}

// lets tells whether o would let the operation of s happen now, or refuse it.
func (o *object) lets(s *sleep) bool {
	if o.closed {
		return true
	}
	if o.Strict && s.t != nil {
		if i := o.holding(s.t); i >= 0 && o.holders[i].t == s.t {
			return true // refused: it has one
		}
	}
	switch s.op.Kind {
	case sched.Lock:
		return !o.locked && o.readers == 0
	case sched.RLock:
		return !o.locked
	}
	return o.free >= amount(s.op)
}

// settle brings able up to date after o or its sleepers have changed.
func (w *Watch) settle(o *object) {
	able := false
	for s := o.sleepers.first; s != nil; s = s.next {
		if o.lets(s) {
			able = true
			break
		}
	}
	if able == o.able {
		return
	}
	o.able = able
	if able {
		w.able++
	} else {
		w.able--
	}
}

// block is the Step of an operation that can block.
func (w *Watch) block(t *task, o *object, op sched.Op) {
	var s *sleep
	switch {
	case t == nil:
		s = w.newSleep()
	case t.sleep.obj != nil:
		// A second operation inside the first, or a second goroutine
		// acting for the same task. One sleep counts.
		t.nested++
		return
	default:
		s = &t.sleep
	}
	s.op, s.obj, s.step = op, o, w.steps
	if op.Kind == sched.Park {
		o.resync(op)
	}
	o.sleepers.push(s)
	w.sleeps.push(s)
	w.running--
	w.settle(o)
	if o.lets(s) {
		return
	}
	s.since = time.Now()
	if !w.check() && !w.cfg.NoPartial && t != nil && w.hang == nil && !w.killed {
		w.checkPartial(s)
	}
}

// resync reads a parker's slot when nobody is about to write it, because a wake
// that its owner has thrown away or received by other means is not announced.
func (o *object) resync(op sched.Op) {
	g, ok := op.Gate.(sched.ContextGate)
	if !ok || o.inflight != 0 || g.Context().Err() != nil {
		return
	}
	o.free = 0
	if g.Ready() {
		o.free = 1
	}
}

// unblock is the Done of an operation that can block.
func (w *Watch) unblock(t *task, o *object, op sched.Op) {
	var s *sleep
	switch {
	case t == nil:
		s = o.sleepers.anonymous(op.Kind)
	case t.sleep.obj == o:
		s = &t.sleep
	case t.nested > 0:
		t.nested--
	}
	if s != nil {
		o.sleepers.remove(s)
		w.sleeps.remove(s)
		w.running++
		s.obj, s.op, s.since = nil, sched.Op{}, time.Time{}
		if t == nil {
			s.link, w.spare = w.spare, s
		}
	}
	if !op.Failed {
		w.take(t, o, op)
	}
	w.settle(o)
}

// take gives o, or a permit of it, to t.
func (w *Watch) take(t *task, o *object, op sched.Op) {
	n := amount(op)
	switch op.Kind {
	case sched.Park:
		if o.free > 0 {
			o.free--
		}
		return
	case sched.Lock, sched.TryLock:
		o.locked = true
	case sched.RLock, sched.TryRLock:
		o.readers++
	default:
		o.free -= n
		if o.free < 0 { // it was made with more permits than it said
			o.Permits -= o.free
			o.free = 0
		}
	}
	o.holders = append(o.holders, holder{t, n})
	if t == nil {
		return
	}
	t.held = append(t.held, held{o: o, kind: op.Kind, n: n, step: w.steps})
	if w.cfg.Order != nil {
		w.cfg.Order.acquired(t, o, op)
	}
}

// release takes o, or a permit of it, from whoever had it: from t if it did,
// from the one who took it last otherwise.
func (w *Watch) release(t *task, o *object, op sched.Op) {
	if w.cfg.Order != nil {
		w.cfg.Order.releasing(w, t, o)
	}
	if i := o.holding(t); o.Strict && t != nil && i >= 0 && !o.holders[i].t.same(t) {
		t.refused = o // it will be; if it is not, Done says so
		return
	}
	w.give(t, o, op)
}

// give is a release that takes effect.
func (w *Watch) give(t *task, o *object, op sched.Op) {
	n := amount(op)
	switch op.Kind {
	case sched.Unlock:
		o.locked = false
	case sched.RUnlock:
		o.readers = max(o.readers-1, 0)
	default:
		o.free += n
	}
	for n > 0 {
		i := o.holding(t)
		if i < 0 {
			o.event = true
			return
		}
		h := &o.holders[i]
		if h.t != nil && h.t != t && (t != nil || h.t.sleep.obj != nil) {
			// Somebody else gives, or the holder is asleep and can not
			// be the one: this is a signal, not a lock.
			o.event = true
		}
		m := min(n, h.n)
		h.t.drop(o, m)
		n -= m
		if h.n -= m; h.n == 0 {
			o.holders = append(o.holders[:i], o.holders[i+1:]...)
		}
	}
}

// downgrade makes the writer of a read-write lock one of its readers.
func (o *object) downgrade() {
	if !o.locked {
		return
	}
	o.locked = false
	o.readers++
	for _, h := range o.holders {
		if h.t == nil {
			continue
		}
		for i := range h.t.held {
			if h.t.held[i].o == o {
				h.t.held[i].kind = sched.RLock
			}
		}
	}
}

// given is the Done of an Up.
func (w *Watch) given(t *task, o *object, op sched.Op) {
	refused := t != nil && t.refused == o
	if refused {
		t.refused = nil
	}
	switch {
	case op.Failed && !refused:
		o.free -= amount(op)
	case !op.Failed && refused:
		w.give(t, o, op)
	}
}

// holding returns the index of t's last share of o, that of the last share of
// all if t has none, or -1.
func (o *object) holding(t *task) int {
	for i := len(o.holders) - 1; i >= 0; i-- {
		if o.holders[i].t.same(t) {
			return i
		}
	}
	return len(o.holders) - 1
}

// wake notes who woke the sleepers of o last.
func (w *Watch) wake(t *task, o *object) {
	o.lastWake = t
	if w.cfg.Order != nil {
		w.cfg.Order.waking(w, t, o)
	}
}

// close notes that o lets everybody go from now on.
func (w *Watch) close(t *task, o *object) {
	o.closed = true
	if w.cfg.Order != nil {
		w.cfg.Order.closing(w, t, o)
	}
}

// lock tells whether o is known to be used as a lock: only who has taken it
// gives it back, so the holders are the ones to wait for.
func (o *object) lock() bool {
	switch o.Kind {
	case sched.KindMutex:
		return true
	case sched.KindSemaphore:
		return o.Strict || o.Permits == 1 && !o.event
	}
	return false
}

// own is lock for a task that waits for itself: a semaphore that is not strict
// may be given by somebody else.
func (o *object) own() bool { return o.Kind == sched.KindMutex || o.Strict }

// A sleep is an operation between its Step and its Done.
type sleep struct {
	op    sched.Op
	obj   *object
	t     *task // nil: not known
	step  uint64
	since time.Time // zero if it did not have to wait when it began

	next, prev       *sleep // of the same object
	nextAll, prevAll *sleep // of the watch
	link             *sleep // free list
}

// context returns the context that ends the sleep, or nil.
func (s *sleep) context() context.Context {
	if g, ok := s.op.Gate.(sched.ContextGate); ok {
		return g.Context()
	}
	if s.op.Task != nil && (s.op.Kind == sched.Down || s.op.Kind == sched.Park) {
		return s.op.Task.Context()
	}
	return nil
}

// ends tells whether the sleep ends without anybody's doing: its context has
// ended, or has a deadline.
func (s *sleep) ends() bool {
	ctx := s.context()
	if ctx == nil {
		return false
	}
	if ctx.Err() != nil {
		return true
	}
	_, timed := ctx.Deadline()
	return timed
}

func (w *Watch) newSleep() *sleep {
	s := w.spare
	if s == nil {
		return new(sleep)
	}
	w.spare, s.link = s.link, nil
	return s
}

// sleepers are the sleeps on one object, oldest first.
type sleepers struct{ first, last *sleep }

func (l *sleepers) push(s *sleep) {
	s.prev, s.next = l.last, nil
	if l.last != nil {
		l.last.next = s
	} else {
		l.first = s
	}
	l.last = s
}

func (l *sleepers) remove(s *sleep) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		l.last = s.prev
	}
	s.prev, s.next = nil, nil
}

// anonymous returns a sleep in an operation of this kind that named no task.
// They are all alike.
func (l *sleepers) anonymous(k sched.OpKind) *sleep {
	for s := l.first; s != nil; s = s.next {
		if s.t == nil && s.op.Kind == k {
			return s
		}
	}
	return nil
}

// sleepList is all the sleeps of a watch, oldest first.
type sleepList struct{ first, last *sleep }

func (l *sleepList) push(s *sleep) {
	s.prevAll, s.nextAll = l.last, nil
	if l.last != nil {
		l.last.nextAll = s
	} else {
		l.first = s
	}
	l.last = s
}

func (l *sleepList) remove(s *sleep) {
	if s.prevAll != nil {
		s.prevAll.nextAll = s.nextAll
	} else {
		l.first = s.nextAll
	}
	if s.nextAll != nil {
		s.nextAll.prevAll = s.prevAll
	} else {
		l.last = s.prevAll
	}
	s.prevAll, s.nextAll = nil, nil
}
