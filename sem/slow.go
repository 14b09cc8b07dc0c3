package sem

import (
	"context"
	"math"
	"runtime"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// The slow halves. Invariants, true whenever mu is free:
//
//   - the word is not frozen  ⇒  nobody waits, and the word is the count;
//   - the word is frozen      ⇒  free is the count;
//   - somebody waits          ⇒  the first waiter wants more than free.
//
// A semaphore that is closed, watched or tracked stays frozen, and so does one
// whose limit is 0, because Up raises a count of 0 without a look at the limit.
//
// lock freezes the word, so that inside the lock free is always the truth;
// unlock thaws it when nothing needs it frozen.

func (s *Semaphore) lock() {
	if self := s.self.Load(); self != nil && self != s {
		panic(s.misuse("use", ErrCopied, nil))
	}
	s.mu.Lock()
	if s.self.Load() == nil { // a zero value at its first use
		s.lim.Store(math.MaxInt)
		s.self.Store(s)
	}
	if s.load() != frozen { // only we freeze it
		s.free = s.swap(frozen)
	}
}

func (s *Semaphore) unlock() {
	if s.waiters.len == 0 && s.free >= 0 && !s.closed && !s.pinned() && s.lim.Load() > 0 {
		s.store(s.free)
	}
	s.mu.Unlock()
}

// The word, or under a fine explorer the cell that stands for it. Then the
// word itself stays frozen, so that every fast path ends up here.

func (s *Semaphore) load() int64 {
	if s.setup != nil && s.fine {
		return s.cell.Load()
	}
	return s.word.Load()
}

func (s *Semaphore) swap(v int64) int64 {
	if s.setup != nil && s.fine {
		return s.cell.Swap(v)
	}
	return s.word.Swap(v)
}

func (s *Semaphore) store(v int64) {
	if s.setup != nil && s.fine {
		s.cell.Store(v)
		return
	}
	s.word.Store(v)
}

func (s *Semaphore) cas(old, v int64) bool {
	if s.setup != nil && s.fine {
		return s.cell.CompareAndSwap(old, v)
	}
	return s.word.CompareAndSwap(old, v)
}

// take is the fast path of Down for any n.
func (s *Semaphore) take(n int64) bool {
	if s.self.Load() != s {
		return false
	}
	for {
		v := s.load()
		if v < n {
			return false
		}
		if s.cas(v, v-n) {
			return true
		}
	}
}

// give is the fast path of Up for any n.
func (s *Semaphore) give(n int64) bool {
	if s.self.Load() != s {
		return false
	}
	for {
		v := s.load()
		if v < 0 || n > s.lim.Load()-v {
			return false
		}
		if s.cas(v, v+n) {
			return true
		}
	}
}

// down takes n permits for t, the task of ctx if t is nil.
//
// It yields by itself, once, before it goes into a sleep: when permits move
// fast, the wake is there afterwards. It does so here and not further down
// because a processor mispredicts each return after a switch of goroutines:
// every call less between here and Down is worth 5 to 10 ns.
func (s *Semaphore) down(ctx context.Context, n int64, t *sched.Task) error {
	if ctx == nil {
		panic(s.misuse("Down", ErrNilContext, t))
	}
	if n <= 0 {
		panic(s.misuse("Down", ErrBadCount, t))
	}
	if s.scheduler() != nil {
		return s.downStep(ctx, n, t)
	}
	w, err := s.enqueue(ctx, n, t)
	if w == nil {
		return err
	}
	runtime.Gosched()
	if w.park.Reset() {
		err = w.err
		w.recycle()
		return err
	}
	return s.await(ctx, w)
}

// downStep is down where a scheduler looks on.
func (s *Semaphore) downStep(ctx context.Context, n int64, t *sched.Task) error {
	if s.obj == nil {
		return s.acquire(ctx, n, t)
	}
	if t == nil {
		t = sched.TaskOf(ctx)
	}
	op := sched.Op{
		Kind: sched.Down,
		Also: sched.ObjectOf(ctx),
		Gate: &downGate{s: s, ctx: ctx, n: n, task: t},
		Task: t,
		Arg:  n,
	}
	s.obj.Step(op)
	err := s.acquire(ctx, n, t)
	op.Failed = err != nil
	s.obj.Done(op, truth(err == nil))
	return err
}

func (s *Semaphore) acquire(ctx context.Context, n int64, t *sched.Task) error {
	w, err := s.enqueue(ctx, n, t)
	if w == nil {
		return err
	}
	return s.await(ctx, w)
}

// enqueue takes n permits for t or fails, if that needs no sleep. Else it
// returns a waiter that is queued.
func (s *Semaphore) enqueue(ctx context.Context, n int64, t *sched.Task) (*waiter, error) {
	if s.take(n) {
		return nil, nil
	}
	if t == nil && s.tracked() {
		t = sched.TaskOf(ctx)
	}
	ended := contextError(ctx) // somebody else's code: never under the lock
	s.lock()
	if err := s.refuse("Down", n, t); err != nil {
		s.unlock()
		return nil, err
	}
	if s.waiters.len == 0 && s.free >= n {
		s.free -= n
		s.hold(t, n)
		s.unlock()
		return nil, nil
	}
	if ended != nil {
		s.unlock()
		return nil, ended
	}
	w := newWaiter(ctx, s.setup, n, t)
	s.waiters.push(w)
	s.unlock()
	return w, nil
}

// await sleeps until w, which is queued, has its answer or ctx ends.
func (s *Semaphore) await(ctx context.Context, w *waiter) error {
	awake := false
	defer func() {
		if !awake { // a method of ctx has panicked
			s.abandon(w)
		}
	}()
	err := w.sleep(ctx, s.setup)
	awake = true
	if err == nil {
		err = w.err // written before the wake
		w.recycle()
		return err
	}
	// ctx has ended. What was decided before we have the lock counts more.
	s.lock()
	if !w.queued {
		// The wake is under way, so w can not be used again.
		s.unlock()
		return w.err
	}
	s.leave(w)
	w.recycle()
	return contextError(ctx)
}

// leave takes w out of the queue, and drops the lock.
func (s *Semaphore) leave(w *waiter) {
	s.waiters.remove(w)
	woken := s.grant() // w may have been all that was in the way
	s.unlock()
	woken.wake()
}

// abandon ends the wait of w, whose goroutine is on its way out: what it was
// given goes to the next.
func (s *Semaphore) abandon(w *waiter) {
	s.lock()
	switch {
	case w.queued:
		s.leave(w)
	case w.err == nil:
		s.unlock()
		s.release(w.n, w.task)
	default:
		s.unlock()
	}
}

// grant hands permits to those whose turn it is, and returns them for wake,
// which is for after the lock.
func (s *Semaphore) grant() (woken queue) {
	for w := s.waiters.head; w != nil && s.free >= w.n; w = s.waiters.head {
		s.waiters.remove(w)
		s.free -= w.n
		s.hold(w.task, w.n)
		woken.push(w)
		w.queued = false
	}
	return woken
}

func (s *Semaphore) downFor(parent context.Context, d time.Duration, t *sched.Task) error {
	if d <= 0 || s.object() == nil {
		if s.tryDown(1, t) {
			return nil
		}
		if d <= 0 {
			return s.whyNot()
		}
	}
	ctx, stop := s.deadline(parent, d)
	defer stop()
	return s.down(ctx, 1, t)
}

// whyNot is the error of a DownFor that did not want to wait.
func (s *Semaphore) whyNot() error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	return ErrTimeout
}

// tryDown takes n permits for t without sleeping.
func (s *Semaphore) tryDown(n int64, t *sched.Task) bool {
	if n <= 0 {
		panic(s.misuse("TryDown", ErrBadCount, t))
	}
	o := s.object()
	if o == nil {
		return s.tryAcquire(n, t)
	}
	op := sched.Op{Kind: sched.TryDown, Task: t, Arg: n}
	o.Step(op)
	ok := s.tryAcquire(n, t)
	op.Failed = !ok
	o.Done(op, truth(ok))
	return ok
}

func (s *Semaphore) tryAcquire(n int64, t *sched.Task) bool {
	if s.take(n) {
		return true
	}
	s.lock()
	ok := s.refuse("TryDown", n, t) == nil && s.waiters.len == 0 && s.free >= n
	if ok {
		s.free -= n
		s.hold(t, n)
	}
	s.unlock()
	return ok
}

// upOne is Up when the count is not 0.
func (s *Semaphore) upOne() {
	if v := s.word.Load(); uint64(v) < uint64(s.lim.Load()) && s.self.Load() == s && s.word.CompareAndSwap(v, v+1) {
		return
	}
	s.up(1, nil)
}

// up gives n permits in the name of t.
func (s *Semaphore) up(n int64, t *sched.Task) {
	if n <= 0 {
		panic(s.misuse("Up", ErrBadCount, t))
	}
	o := s.object()
	if o == nil {
		s.release(n, t)
		return
	}
	op := sched.Op{Kind: sched.Up, Task: t, Arg: n}
	o.Step(op)
	s.release(n, t)
	o.Done(op, 0)
}

func (s *Semaphore) release(n int64, t *sched.Task) {
	if s.give(n) {
		return
	}
	s.lock()
	if s.free > 0 && n > s.lim.Load()-s.free || s.free <= 0 && n+s.free > s.lim.Load() {
		s.unlock()
		panic(s.misuse("Up", ErrOverRelease, t))
	}
	if err := s.unhold(t, n); err != nil {
		s.unlock()
		panic(err)
	}
	s.free += n
	woken := s.grant()
	s.unlock()
	woken.wake()
}

// downGate tells an explorer when a Down would not sleep.
type downGate struct {
	s    *Semaphore
	ctx  context.Context
	n    int64
	task *sched.Task
}

// Ready is true when the Down can end, one way or the other.
func (g *downGate) Ready() bool {
	if g.ctx.Err() != nil {
		return true
	}
	s := g.s
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiters.len == 0 && s.free >= g.n ||
		s.closed || g.n > s.lim.Load() || s.strict && (g.task == nil || s.held(g.task) > 0)
}

// Context returns what can end the sleep.
func (g *downGate) Context() context.Context { return g.ctx }

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
