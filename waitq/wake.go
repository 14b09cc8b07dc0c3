package waitq

import (
	"math"

	"github.com/floodgate-go/floodgate/sched"
)

// Wake wakes all shared waiters and one exclusive (wake_up), and returns the
// number of exclusive ones woken. It never waits for anybody but other callers
// of q. A wake of an empty queue does nothing and leaves nothing behind.
//
// The caller makes the condition true first, then calls Wake.
func (q *Queue) Wake() int {
	if q.idle() {
		return 0
	}
	return q.WakeKey(1, nil)
}

// WakeN is [Queue.Wake] for n exclusive waiters (wake_up_nr). It panics if n is
// not positive.
func (q *Queue) WakeN(n int) int { return q.WakeKey(n, nil) }

// WakeAll wakes everybody who is in the queue now (wake_up_all), and returns
// the number of exclusive waiters among them.
func (q *Queue) WakeAll() int {
	if q.idle() {
		return 0
	}
	return q.signal(request{})
}

// WakeKey is [Queue.WakeN] for waiters whose key matches (wake_up_poll,
// __wake_up_locked_key). See [Waiter].Key. A nil key matches all.
func (q *Queue) WakeKey(n int, key any) int {
	if n <= 0 {
		panic(q.misuse("WakeN", "the number to wake must be positive; use WakeAll for all"))
	}
	return q.signal(request{budget: n, key: key})
}

// idle reports that q has no waiters and that nobody watches it look.
func (q *Queue) idle() bool {
	s := q.self.Load()
	return q.s == nil && q.n.Peek() == 0 && (s == nil || s == q)
}

// signal is a wake as one step.
func (q *Queue) signal(r request) int {
	q.check("Wake")
	if q.obj == nil {
		if q.n.Load() == 0 {
			return 0
		}
		ex, _ := q.wake(r)
		return ex
	}
	op := sched.Op{Kind: sched.Wake, Arg: int64(r.budget)}
	q.obj.Step(op)
	all := 0
	defer func() { q.obj.Done(op, int64(all)) }()
	ex, all := q.wake(r)
	return ex
}

// A request says whom to wake.
type request struct {
	budget int  // so many exclusive entries; 0 stands for all
	key    any  // entries that match; nil for all
	heirs  bool // exclusive entries only: a wake is passed on
	err    error
}

// chunk is how many entries a walk unlinks before it lets go of the lock and
// notifies them.
const chunk = 32

// A walk visits the entries of a queue in order.
type walk struct {
	request
	q     *Queue
	start uint64  // entries linked later are not visited
	c     class   // the position: list c,
	at    *Waiter // before at; at its end when nil
	ex    int     // exclusive entries woken
	all   int     // entries woken
	todo  [chunk]*sched.Parker
	n     int // of todo
}

// wake does what r asks for, and returns how many exclusive entries, and how
// many in all, it woke.
func (q *Queue) wake(r request) (ex, all int) {
	q.mu.Lock()
	k := walk{request: r, q: q, start: q.seq, at: q.lists[0].front}
	k.finish()
	return k.ex, k.all
}

func (q *Queue) close(err error) (all int) {
	q.mu.Lock()
	if q.err != nil {
		q.mu.Unlock()
		return 0
	}
	q.err = err
	if q.self.Load() == nil {
		q.self.Store(q)
	}
	k := walk{request: request{err: err, key: err}, q: q, start: q.seq, at: q.lists[0].front}
	k.finish()
	return k.all
}

// finish walks from where k stands to the end, unlocks the queue and notifies.
func (k *walk) finish() {
	for {
		more := k.fill()
		var mark *Waiter
		if more && k.at != nil {
			mark = k.mark()
		}
		k.q.mu.Unlock()
		for i, p := range k.todo[:k.n] {
			p.Unpark()
			k.todo[i] = nil
		}
		k.n = 0
		if !more {
			return
		}
		k.q.mu.Lock()
		if mark != nil {
			k.at = k.after(mark)
			k.q.lists[k.c].remove(mark)
		}
	}
}

// mark keeps k's place while the queue is unlocked.
func (k *walk) mark() *Waiter {
	m := &Waiter{linked: math.MaxUint64, ticket: k.at.ticket}
	m.insertBefore(k.at)
	if l := &k.q.lists[k.c]; l.front == k.at {
		l.front = m
	}
	return m
}

func (k *walk) after(w *Waiter) *Waiter {
	if w.next == k.q.lists[k.c].front {
		return nil
	}
	return w.next
}

// fill visits entries until todo is full, which it reports, or the walk ends.
func (k *walk) fill() (more bool) {
	for {
		w := k.at
		if w == nil {
			if k.c++; k.c == classes {
				return false
			}
			k.at = k.q.lists[k.c].front
			continue
		}
		if k.n == len(k.todo) {
			return true
		}
		k.at = k.after(w)
		if w.linked > k.start || k.heirs && !w.exclusive || k.err == nil && !matches(w.key, k.key) {
			continue
		}
		switch k.visit(w) {
		case Skip:
			continue
		case Stop:
			if k.err == nil {
				return false
			}
			continue
		}
		k.all++
		if w.exclusive {
			if k.ex++; k.ex == k.budget {
				return false
			}
		}
	}
}

func (k *walk) visit(w *Waiter) Action {
	if w.Func != nil {
		a := k.call(w)
		if a == Woke && !w.Sticky || k.err != nil {
			k.q.unlink(w)
		}
		return a
	}
	if w.Sticky && k.err == nil {
		if !w.p.Unpark() {
			return Skip // awake already
		}
		w.woken, w.by = true, k.key
		return Woke
	}
	w.woken, w.by, w.err = true, k.key, k.err
	if w.internal {
		k.todo[k.n] = w.p
		k.n++
		w.sent = true
	} else {
		w.p.Unpark()
	}
	k.q.unlink(w)
	return Woke
}

// call calls the Func of w. If that panics or ends the goroutine, w is
// unlinked, and the walk goes on without it before the unwinding does.
func (k *walk) call(w *Waiter) (a Action) {
	ok := false
	defer func() {
		if !ok {
			k.q.unlink(w)
			k.finish()
		}
	}()
	a = w.Func(k.key)
	ok = true
	return a
}

// matches reports whether a wake with key b reaches a waiter with key a.
func matches(a, b any) bool { return a == nil || b == nil || a == b }
