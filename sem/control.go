package sem

import "github.com/floodgate-go/floodgate/sched"

// Resize changes the number of permits in circulation from what [New], Init or
// the last Resize set to n, and the [Limit] by as much, if there is one. New
// permits go to those who wait. Permits that are to go but are held now are
// taken out as they come back: until then the count is 0. Those who wait for
// more than the new limit get [ErrNeverGranted]. It panics if n is negative.
//
// Permits given by Up beyond those of Init are not part of the size, and stay.
func (s *Semaphore) Resize(n int) {
	if n < 0 {
		panic(s.misuse("Resize", ErrBadCount, nil))
	}
	o := s.object()
	if o != nil {
		o.Step(sched.Op{Kind: sched.Update, Arg: int64(n)})
	}
	s.lock()
	d := int64(n) - s.size
	limit := s.lim.Load()
	if s.limited() {
		limit += d
	}
	if limit < 0 || s.free > 0 && d > limit-s.free {
		s.unlock()
		panic(s.misuse("Resize", ErrBadCount, nil))
	}
	s.size = int64(n)
	s.lim.Store(limit)
	s.free += d
	woken := s.grant()
	for w := s.waiters.head; w != nil; {
		next := w.next
		if w.n > limit {
			s.dismiss(w, ErrNeverGranted, &woken)
		}
		w = next
	}
	more := s.grant() // those who were dismissed may have been in the way
	s.unlock()
	woken.wake()
	more.wake()
	if o != nil {
		o.Done(sched.Op{Kind: sched.Update, Arg: int64(n)}, d)
	}
}

// Close ends the semaphore: all who wait get [ErrClosed], and so do all who
// come later, also when there are permits. Up goes on to count, and does no
// harm. A permit that was handed over before is kept. Closing again does
// nothing.
func (s *Semaphore) Close() {
	o := s.object()
	if o != nil {
		o.Step(sched.Op{Kind: sched.Close})
	}
	s.lock()
	s.closed = true
	var woken queue
	for w := s.waiters.head; w != nil; w = s.waiters.head {
		s.dismiss(w, ErrClosed, &woken)
	}
	s.unlock()
	woken.wake()
	if o != nil {
		o.Done(sched.Op{Kind: sched.Close}, int64(woken.len))
	}
}

// dismiss sends w away without a permit. Called under the lock.
func (s *Semaphore) dismiss(w *waiter, err error, woken *queue) {
	s.waiters.remove(w)
	w.err = err
	woken.push(w)
	w.queued = false
}
