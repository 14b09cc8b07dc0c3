package waitq

import (
	"math"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// Wake wakes all shared waiters and one exclusive (wake_up), and returns the
// number of exclusive ones woken. It waits for no one but other callers inside
// q, briefly. A wake of an empty queue does nothing and leaves nothing behind.
//
// The caller makes the condition true first, then calls Wake. All wakes may be
// called from conditions, timers and cleanups, and under any lock.
func (q *Queue) Wake() int {
	if q.idle() {
		return 0
	}
	return q.signal("Wake", &request{budget: 1})
}

// WakeN is [Queue.Wake] for n exclusive waiters (wake_up_nr). It panics if n is
// not positive.
func (q *Queue) WakeN(n int) int {
	q.checkBudget("WakeN", n)
	return q.signal("WakeN", &request{budget: n})
}

// WakeAll wakes everybody who is in the queue now (wake_up_all), and returns
// the number of exclusive waiters among them. One that comes, or comes back,
// while it runs is left alone.
func (q *Queue) WakeAll() int {
	if q.idle() {
		return 0
	}
	return q.signal("WakeAll", &request{})
}

// WakeKey is [Queue.WakeN] for waiters whose key matches (wake_up_poll,
// __wake_up). See [Waiter].Key. A nil key matches all.
func (q *Queue) WakeKey(n int, key any) int {
	q.checkBudget("WakeKey", n)
	q.checkKey("WakeKey", key)
	return q.signal("WakeKey", &request{budget: n, key: key})
}

func (q *Queue) checkBudget(op string, n int) {
	if n <= 0 {
		panic(q.misuse(op, "the number to wake must be positive; WakeAll wakes all"))
	}
}

// idle reports that q has no waiters and that nobody watches it look.
func (q *Queue) idle() bool {
	s := q.self.Load()
	return q.n.Peek() == 0 && q.s == nil && (s == nil || s == q)
}

// signal is a wake as one step.
func (q *Queue) signal(name string, r *request) int {
	q.check(name)
	if q.obj != nil {
		return q.signalStep(name, r)
	}
	if q.n.Load() == 0 {
		return 0
	}
	if r.simple() {
		return q.wakeFirst(name, r)
	}
	ex, _ := q.wake(name, r)
	return ex
}

// simple reports that r is that of Wake.
func (r *request) simple() bool { return r.budget == 1 && r.key == nil && !r.heirs && r.batch == nil }

// wakeFirst is wake for the most frequent case: the walk would wake the first
// entry and end there.
func (q *Queue) wakeFirst(name string, r *request) int {
	q.lock(name)
	w := q.lists[shared].front
	last := w != nil && w.next == w && q.lists[exclusive].front == nil
	if w == nil {
		w = q.lists[exclusive].front
		last = w != nil
	}
	if !last || !w.internal || q.lists[priority].front != nil { // a marker is not internal
		k := walk{q: q, request: *r}
		k.run()
		return k.ex
	}
	ex, p := int(truth(w.exclusive)), w.p
	w.choose(r)
	w.sent = true
	q.unlink(w)
	q.mu.Unlock()
	p.Unpark()
	return ex
}

func (q *Queue) signalStep(name string, r *request) int {
	op := sched.Op{Kind: sched.Wake, Arg: int64(r.budget)}
	q.obj.Step(op)
	var ex, all int
	defer func() { q.obj.Done(op, int64(all)) }()
	ex, all = q.wake(name, r)
	return ex
}

// wake does what r asks for, and returns how many exclusive entries, and how
// many in all, it woke.
func (q *Queue) wake(op string, r *request) (ex, all int) {
	q.lock(op)
	k := walk{q: q, request: *r}
	k.run()
	return k.ex, k.all
}

// A request says whom to wake.
type request struct {
	budget int            // so many exclusive entries; 0 stands for all
	bit    uint8          // with key
	heirs  bool           // exclusive entries only: a wake is passed on
	key    any            // entries that match; nil for all
	word   *atomic.Uint64 // if not nil, only while its bit is clear
	err    error          // everybody, for good: the queue is closed
	batch  *Batch         // keeps those to notify
}

// chunk is how many entries a walk unlinks before it lets go of the lock and
// notifies them. It bounds the time that the lock is held.
const chunk = 16

// markerLink is the link count of a marker, which no walk visits.
const markerLink = math.MaxUint64

// A walk visits the entries of a queue in order.
type walk struct {
	request
	q     *Queue
	start uint64  // entries linked later are not visited
	at    *Waiter // the position is in list c, before at, or at its end if nil
	c     class
	ex    int // exclusive entries woken
	all   int // entries woken
	n     int // of todo
	todo  [chunk]*sched.Parker
}

// run walks from the first entry on. The caller holds the lock; run unlocks it.
func (k *walk) run() {
	k.start, k.at = k.q.seq, k.q.lists[0].front
	k.finish()
}

// finish walks from where k stands to the end, unlocks the queue and notifies.
func (k *walk) finish() {
	q := k.q
	for k.fill() {
		m := k.mark()
		q.mu.Unlock()
		k.flush()
		q.mu.Lock()
		l := &q.lists[k.c]
		k.at = l.after(m)
		l.remove(m)
	}
	q.mu.Unlock()
	k.flush()
}

// flush notifies those in todo. The queue is unlocked, and may be in another
// life already.
func (k *walk) flush() {
	for i, p := range k.todo[:k.n] {
		p.Unpark()
		k.todo[i] = nil
	}
	k.n = 0
}

// mark keeps k's place while the queue is unlocked. Its ticket is that of the
// entry behind it, so that it does not disturb the order.
func (k *walk) mark() *Waiter {
	m := &Waiter{linked: markerLink, ticket: k.at.ticket}
	l := &k.q.lists[k.c]
	l.insertBefore(m, k.at)
	if l.front == k.at {
		l.front = m
	}
	return m
}

// fill visits entries until the walk is over, or until todo is full and there
// are more: then it returns true.
func (k *walk) fill() (more bool) {
	for {
		w := k.at
		switch {
		case w == nil:
			if k.c++; k.c == classes {
				return false
			}
			k.at = k.q.lists[k.c].front
			continue
		case k.n == len(k.todo):
			return true
		}
		k.at = k.q.lists[k.c].after(w)
		if !k.reaches(w) {
			continue
		}
		ex := w.exclusive // w may be in another life after the visit
		switch k.visit(w) {
		case Skip:
			continue
		case Stop:
			return false
		}
		k.all++
		if ex {
			if k.ex++; k.ex == k.budget {
				return false
			}
		}
	}
}

// reaches reports whether the wake is for w.
func (k *walk) reaches(w *Waiter) bool {
	switch {
	case w.linked > k.start: // a marker, or linked since
		return false
	case k.err != nil:
		return true
	case k.heirs && !w.exclusive:
		return false
	case k.word != nil && k.word.Load()&(1<<k.bit) != 0: // nobody could use it
		return false
	case w.Key == nil || k.key == nil:
		return true
	}
	if a, ok := w.Key.(Events); ok {
		if b, ok := k.key.(Events); ok {
			return a&b != 0 || a == 0 || b == 0
		}
	}
	return w.Key == k.key && w.bit == k.bit
}

// visit wakes w, or lets it answer itself.
func (k *walk) visit(w *Waiter) Action {
	switch {
	case w.Func != nil:
		a := k.call(w)
		if k.err != nil {
			k.q.unlink(w)
			return Woke
		}
		if a == Woke && !w.Sticky {
			k.q.unlink(w)
		}
		return a
	case w.Sticky && k.err == nil:
		if !k.notify(w) {
			return Skip // awake already
		}
		w.choose(&k.request)
	default:
		w.choose(&k.request)
		k.notify(w)
		k.q.unlink(w)
	}
	return Woke
}

// choose notes that a wake has chosen w.
func (w *Waiter) choose(r *request) {
	w.woken = true
	if r.key != nil || w.by != nil || r.err != nil {
		w.by, w.err = r.key, r.err
	}
}

// notify wakes the owner of w: now if the owner may look at w without the lock,
// else when the lock is free. It reports false if a wake was there already.
func (k *walk) notify(w *Waiter) bool {
	switch {
	case k.batch != nil:
		w.sent = true
		return k.batch.add(w)
	case w.internal:
		w.sent = true
		k.todo[k.n] = w.p
		k.n++
		return true
	}
	return w.p.Unpark()
}

// call calls the Func of w. If that panics or ends the goroutine, w is
// unlinked, and the walk goes on without it before the unwinding does.
func (k *walk) call(w *Waiter) (a Action) {
	ok := false
	if k.q.debug.Load() {
		k.q.caller.Store(goroutine())
		defer k.q.caller.Store(0)
	}
	defer func() {
		if !ok {
			k.q.caller.Store(0)
			k.q.unlink(w)
			k.finish()
		}
	}()
	a = w.Func(k.key)
	ok = true
	return a
}
