package lockdep

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// An OrderConfig says what [NewOrder] makes. The zero OrderConfig is ready.
type OrderConfig struct {
	// Class names the class of an object. All objects of a class count as
	// one: what is learned of one holds for all. An object of class "" is
	// left alone. Nil takes the name up to the first space or parenthesis,
	// so that "i_sem /misc" and "i_sem(/pts)" are of the class "i_sem".
	Class func(sched.Spec) string
	// Handler, when not nil, is called for each new violation, on the
	// goroutine of some task, with no lock of this package held. It may
	// use watched locks; violations that it commits are delivered after it
	// has returned, so it never runs inside itself or twice at a time. A
	// panic of it is kept as a fault of the watch.
	Handler func(*Violation)
	// Sites records the call stack of each acquisition, for about half a
	// microsecond each.
	Sites bool
	// Max is the number of different violations that are kept; the others
	// are only counted. 0 stands for 1000.
	Max int
}

// An Order learns in which order tasks take locks (lockdep), and reports what
// could deadlock, also if it never did: it needs to see each of the orders
// once, at any time, in any task. See "Order" in the package documentation.
//
// Make an Order with [NewOrder] and give it to watches as [Config.Order]. It
// may serve any number of them, and must not be copied. All methods may be
// called concurrently.
type Order struct {
	cfg OrderConfig

	mu         sync.Mutex // taken under Watch.mu
	classes    map[classKey]*class
	seen       map[violationKey]*Violation
	list       []*Violation
	dropped    int
	queue      []*Violation // for Handler
	delivering bool
	waiting    atomic.Int32 // len(queue), to look without mu
}

// NewOrder returns an order that has learned nothing.
func NewOrder(c OrderConfig) *Order {
	if c.Class == nil {
		c.Class = className
	}
	if c.Max <= 0 {
		c.Max = 1000
	}
	return &Order{cfg: c, classes: make(map[classKey]*class), seen: make(map[violationKey]*Violation)}
}

func className(s sched.Spec) string {
	if i := strings.IndexAny(s.Name, " ("); i >= 0 {
		return s.Name[:i]
	}
	return s.Name
}

// Violations returns what was found, in order. Past [OrderConfig.Max] they are
// only counted; more is how many were not kept.
func (r *Order) Violations() (list []*Violation, more int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.list {
		list = append(list, v.clone())
	}
	return list, r.dropped
}

// The hooks below are called by a watch under its lock.

// acquiring is the Step of an operation of t that can block on o.
func (r *Order) acquiring(w *Watch, t *task, o *object, op sched.Op) {
	if t == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	how := Taking
	if op.Kind == sched.Park {
		// A parker is nobody's to take; the queue is what is waited for.
		if o = objectOf(op.On); o == nil {
			return
		}
		how = Waiting
	} else if !o.ordered() {
		how = Waiting
	}
	if len(t.held) == 0 && len(t.duty) == 0 {
		return
	}
	to := r.classOf(o, subclass(op))
	here := at{o.name(), t.label(), r.site()}
	for i := range t.held {
		h := &t.held[i]
		switch {
		case !h.o.ordered():
		case how == Taking && o.single() && (h.o == o || h.class == to && to != nil):
			r.report(w, t, &Violation{Kind: Recursive, Object: here.object, Site: here.site}, h.class, to)
		default:
			r.learn(w, t, h.class, to, how, h.at(), here)
		}
	}
	for i := range t.duty {
		d := &t.duty[i]
		r.learn(w, t, d.class, to, Owing, d.at, here)
	}
}

// acquired is the Done of an operation that took o for t. The last element of
// t.held is o's.
func (r *Order) acquired(t *task, o *object, op sched.Op) {
	r.mu.Lock()
	h := &t.held[len(t.held)-1]
	h.class, h.label, h.site = r.classOf(o, subclass(op)), t.label(), r.site()
	r.mu.Unlock()
}

// releasing is the Step of a release of o by t, or by somebody unknown.
func (r *Order) releasing(w *Watch, t *task, o *object) {
	if t == nil {
		return
	}
	if !o.ordered() {
		r.waking(w, t, o)
		return
	}
	if i := o.holding(t); (i < 0 || !o.holders[i].t.same(t)) && o.own() {
		r.mu.Lock()
		r.report(w, t, &Violation{Kind: BadRelease, Object: o.name(), Site: r.site()}, r.classOf(o, 0), nil)
		r.mu.Unlock()
	}
}

// waking is a wake of o's sleepers by t: what t holds it had to take first.
func (r *Order) waking(w *Watch, t *task, o *object) {
	if t == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.classOf(o, 0)
	if from == nil {
		return
	}
	for i := range t.held {
		h := &t.held[i]
		if h.o.ordered() && h.kind.Blocks() {
			r.learn(w, t, from, h.class, Waking, at{o.name(), t.label(), r.site()}, h.at())
		}
	}
	t.release(o)
}

// closing is the close of o by t, or by somebody unknown.
func (r *Order) closing(w *Watch, t *task, o *object) {
	if len(o.holders) == 0 || !o.lock() {
		return
	}
	r.mu.Lock()
	v := &Violation{Kind: ClosedHeld, Object: o.name(), Site: r.site()}
	for _, h := range o.holders {
		v.Holders = append(v.Holders, h.t.name())
	}
	r.report(w, t, v, r.classOf(o, 0), nil)
	r.mu.Unlock()
}

// ending is the end of t.
func (r *Order) ending(w *Watch, t *task) {
	if w.killed || t.t.Killed() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range t.held {
		if h := &t.held[i]; h.o.lock() {
			r.report(w, t, &Violation{Kind: EndedHolding, Object: h.o.name(), Site: h.site}, h.class, nil)
		}
	}
}

// owing notes that t is to wake o's sleepers.
func (r *Order) owing(t *task, o *object) {
	r.mu.Lock()
	if c := r.classOf(o, 0); c != nil {
		t.duty = append(t.duty, duty{o, c, at{o.name(), t.label(), r.site()}})
	}
	r.mu.Unlock()
}

// ordered tells whether whoever has taken o keeps others out until it gives it
// back. Otherwise o is an event: taking it is waiting, giving it is waking.
func (o *object) ordered() bool {
	switch o.Kind {
	case sched.KindMutex:
		return true
	case sched.KindSemaphore:
		return o.Strict || o.Permits > 0 && !o.event
	}
	return false
}

// single tells whether the task that holds o can not take it again.
func (o *object) single() bool { return o.Kind == sched.KindMutex || o.Strict || o.Permits == 1 }

// A duty is a queue whose sleepers a task is to wake.
type duty struct {
	o     *object
	class *class
	at    at
}

// release ends t's duty to wake o's sleepers.
func (t *task) release(o *object) {
	for i := range t.duty {
		if t.duty[i].o == o {
			t.duty = append(t.duty[:i], t.duty[i+1:]...)
			return
		}
	}
}

// Waker notes that t, or nobody, is to wake the sleepers of o
// ([sched.SetWaker]). For the order this is a duty: what t takes from now on
// until it wakes them, or until it is relieved, it takes before the wake.
func (w *Watch) Waker(so *sched.Object, st *sched.Task) {
	o := objectOf(so)
	if o == nil || !o.model || w.cfg.Order == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.owed != nil {
		o.owed.release(o)
	}
	if o.owed = w.who(st, 0); o.owed != nil {
		w.cfg.Order.owing(o.owed, o)
	}
}
