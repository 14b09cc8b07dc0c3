package sem

import (
	"context"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A Holder is a task that has taken permits of a semaphore.
type Holder struct {
	Task  *sched.Task
	N     int       // permits, taken at once
	Since time.Time // on the clock of the scheduler
}

// LastHolder returns the task that took a permit last (sem_last_holder). It is
// false when that task has given it back, through [Semaphore.As], when nobody
// is known, and on a semaphore without [Track] or [Strict]. An Up by somebody
// else leaves it: with one permit it is who should have called Up, with more
// it is a hint.
func (s *Semaphore) LastHolder() (Holder, bool) {
	if !s.tracked() {
		return Holder{}, false
	}
	s.lock()
	defer s.unlock()
	return s.last, s.last.Task != nil
}

// Holders returns who holds the permits of a [Strict] semaphore. On any other
// it returns nil, because there nobody knows whose permit an Up gives.
func (s *Semaphore) Holders() []Holder {
	if s.setup == nil || !s.strict {
		return nil
	}
	s.lock()
	defer s.unlock()
	return append([]Holder(nil), s.holders...)
}

// refuse returns why t can not even wait for n permits. Called under the lock,
// which it drops before it panics.
func (s *Semaphore) refuse(op string, n int64, t *sched.Task) error {
	if s.setup != nil && s.strict {
		var wrong error
		switch {
		case t == nil:
			wrong = ErrNoTask
		case s.held(t) > 0:
			wrong = ErrRecursive
		}
		if wrong != nil {
			e := s.misuse(op, wrong, t)
			s.unlock()
			panic(e)
		}
	}
	switch {
	case s.closed:
		return ErrClosed
	case n > s.lim.Load():
		return ErrNeverGranted
	}
	return nil
}

// hold notes that t has taken n permits. Called under the lock.
func (s *Semaphore) hold(t *sched.Task, n int64) {
	if !s.tracked() {
		return
	}
	h := Holder{Task: t, N: int(n), Since: sched.Now(s.sched)}
	s.last = h
	if s.strict {
		s.holders = append(s.holders, h)
	}
}

// unhold notes that t gives n permits, or returns what is wrong with that.
// Called under the lock.
func (s *Semaphore) unhold(t *sched.Task, n int64) *MisuseError {
	if !s.tracked() {
		return nil
	}
	if s.strict {
		switch i := s.holder(t); {
		case t == nil:
			return s.misuse("Up", ErrNoTask, nil)
		case i < 0 || int64(s.holders[i].N) < n:
			e := s.misuse("Up", ErrForeign, t)
			e.Held = s.last.Task
			return e
		default:
			if s.holders[i].N -= int(n); s.holders[i].N == 0 {
				s.holders = append(s.holders[:i], s.holders[i+1:]...)
			}
		}
	}
	if s.last.Task.Is(t) {
		s.last = Holder{}
	}
	return nil
}

// holder returns the index of t among the holders, or -1.
func (s *Semaphore) holder(t *sched.Task) int {
	for i := range s.holders {
		if s.holders[i].Task.Is(t) {
			return i
		}
	}
	return -1
}

// held returns how many permits t holds. Called under the lock.
func (s *Semaphore) held(t *sched.Task) int {
	if i := s.holder(t); i >= 0 {
		return s.holders[i].N
	}
	return 0
}

// As returns s as t uses it: with t as the one who takes and gives. It is a
// small value, made as often as needed.
func (s *Semaphore) As(t *sched.Task) Owned {
	if t == nil {
		panic(s.misuse("As", ErrNoTask, nil))
	}
	return Owned{s, t}
}

// An Owned is a semaphore in the hands of one task; see [Semaphore.As]. Its
// methods are those of [Semaphore].
type Owned struct {
	s *Semaphore
	t *sched.Task
}

// Down takes a permit for the task. See [Semaphore.Down].
func (o Owned) Down(ctx context.Context) error { return o.s.down(ctx, 1, o.t) }

// DownN takes n permits for the task. See [Semaphore.DownN].
func (o Owned) DownN(ctx context.Context, n int) error { return o.s.down(ctx, int64(n), o.t) }

// DownFor takes a permit for the task within d. It also returns, with an error,
// when the task is killed. See [Semaphore.DownFor].
func (o Owned) DownFor(d time.Duration) error {
	return o.s.downFor(o.t.Uninterruptible(), d, o.t)
}

// TryDown takes a permit for the task if there is one. See
// [Semaphore.TryDown].
func (o Owned) TryDown() bool { return o.s.tryDown(1, o.t) }

// Up gives a permit of the task. See [Semaphore.Up].
func (o Owned) Up() { o.s.up(1, o.t) }

// UpN gives n permits of the task. See [Semaphore.UpN].
func (o Owned) UpN(n int) { o.s.up(int64(n), o.t) }

// HandOver makes another task the holder of what this one holds, which is how
// a permit of a [Strict] semaphore may be given back elsewhere. It panics if
// the task holds nothing, or if the other one does.
func (o Owned) HandOver(to *sched.Task) {
	s := o.s
	if !s.tracked() {
		return
	}
	s.lock()
	var wrong error
	switch {
	case to == nil:
		wrong = ErrNoTask
	case s.strict && s.holder(o.t) < 0:
		wrong = ErrForeign
	case s.strict && s.holder(to) >= 0:
		wrong = ErrRecursive
	}
	if wrong != nil {
		e := s.misuse("HandOver", wrong, o.t)
		s.unlock()
		panic(e)
	}
	if i := s.holder(o.t); i >= 0 {
		s.holders[i].Task = to
	}
	if s.last.Task.Is(o.t) {
		s.last.Task = to
	}
	s.unlock()
}
