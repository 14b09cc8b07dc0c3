package sem

import (
	"context"
	"runtime"

	"github.com/floodgate-go/floodgate/sched"
)

// The slow halves of RW. The word is frozen and thawed as that of a Semaphore
// is; see there.

func (l *RW) lock() {
	self := l.self.Load()
	if self != nil && self != l {
		panic(l.misuse("use", ErrCopied, nil))
	}
	l.mu.Lock()
	if self == nil {
		l.self.Store(l)
	}
	if l.load() != frozen { // only we freeze it
		l.state = l.swap(frozen)
	}
}

func (l *RW) unlock() {
	if l.waiters.len == 0 && l.object() == nil {
		l.swap(l.state)
	}
	l.mu.Unlock()
}

func (l *RW) load() int64 {
	if l.setup != nil && l.fine {
		return l.cell.Load()
	}
	return l.word.Load()
}

func (l *RW) swap(v int64) int64 {
	if l.setup != nil && l.fine {
		return l.cell.Swap(v)
	}
	return l.word.Swap(v)
}

func (l *RW) misuse(op string, err error, t *sched.Task) *MisuseError {
	return &MisuseError{Name: l.label(), Op: op, Err: err, Task: t}
}

// admits reports whether mode could have l now, queue apart.
func (l *RW) admits(mode int64) bool {
	if mode == reader {
		return l.state < writing-1
	}
	return l.state == 0
}

func (l *RW) enter(mode int64) {
	if mode == reader {
		l.state++
	} else {
		l.state = writing
	}
}

func (l *RW) down(ctx context.Context, mode int64) error {
	if ctx == nil {
		panic(l.misuse("Down", ErrNilContext, nil))
	}
	if l.scheduler() != nil {
		return l.downStep(ctx, mode)
	}
	w, err := l.enqueue(ctx, mode)
	if w == nil {
		return err
	}
	runtime.Gosched() // here; see Semaphore.down
	if w.park.Reset() {
		w.recycle()
		return nil
	}
	return l.await(ctx, w)
}

// downStep is down where a scheduler looks on.
func (l *RW) downStep(ctx context.Context, mode int64) error {
	if l.obj == nil {
		return l.acquire(ctx, mode)
	}
	op := sched.Op{
		Kind: sched.RLock,
		Also: sched.ObjectOf(ctx),
		Gate: &rwGate{l, ctx, mode},
		Task: sched.TaskOf(ctx),
	}
	if mode == writer {
		op.Kind = sched.Lock
	}
	l.obj.Step(op)
	err := l.acquire(ctx, mode)
	op.Failed = err != nil
	l.obj.Done(op, truth(err == nil))
	return err
}

func (l *RW) acquire(ctx context.Context, mode int64) error {
	w, err := l.enqueue(ctx, mode)
	if w == nil {
		return err
	}
	return l.await(ctx, w)
}

// enqueue lets mode in or fails, if that needs no sleep. Else it returns a
// waiter that is queued.
func (l *RW) enqueue(ctx context.Context, mode int64) (*waiter, error) {
	ended := contextError(ctx)
	l.lock()
	if l.waiters.len == 0 && l.admits(mode) {
		l.enter(mode)
		l.unlock()
		return nil, nil
	}
	if ended != nil {
		l.unlock()
		return nil, ended
	}
	w := newWaiter(ctx, l.setup, mode, nil)
	l.waiters.push(w)
	l.unlock()
	return w, nil
}

func (l *RW) await(ctx context.Context, w *waiter) error {
	awake := false
	defer func() {
		if !awake { // a method of ctx has panicked
			l.abandon(w)
		}
	}()
	err := w.sleep(ctx, l.setup)
	awake = true
	if err == nil {
		w.recycle()
		return nil
	}
	l.lock()
	if !w.queued {
		l.unlock()
		return nil
	}
	l.leave(w)
	w.recycle()
	return contextError(ctx)
}

// leave takes w out of the queue, and drops the lock.
func (l *RW) leave(w *waiter) {
	l.waiters.remove(w)
	woken := l.grant() // a writer that leaves lets the readers behind it in
	l.unlock()
	woken.wake()
}

// abandon ends the wait of w, whose goroutine is on its way out.
func (l *RW) abandon(w *waiter) {
	l.lock()
	if w.queued {
		l.leave(w)
		return
	}
	l.unlock()
	if w.n == writer {
		l.release(sched.Unlock)
	} else {
		l.release(sched.RUnlock)
	}
}

func (l *RW) grant() (woken queue) {
	for w := l.waiters.head; w != nil && l.admits(w.n); w = l.waiters.head {
		l.waiters.remove(w)
		l.enter(w.n)
		woken.push(w)
		w.queued = false
	}
	return woken
}

func (l *RW) tryDown(mode int64) bool {
	o := l.object()
	op := sched.Op{Kind: sched.TryRLock}
	if mode == writer {
		op.Kind = sched.TryLock
	}
	if o != nil {
		o.Step(op)
	}
	l.lock()
	ok := l.waiters.len == 0 && l.admits(mode)
	if ok {
		l.enter(mode)
	}
	l.unlock()
	if o != nil {
		op.Failed = !ok
		o.Done(op, truth(ok))
	}
	return ok
}

// up is UpRead, UpWrite or Downgrade, as kind says.
func (l *RW) up(kind sched.OpKind) {
	o := l.object()
	if o != nil {
		o.Step(sched.Op{Kind: kind})
	}
	l.release(kind)
	if o != nil {
		o.Done(sched.Op{Kind: kind}, 0)
	}
}

func (l *RW) release(kind sched.OpKind) {
	l.lock()
	if l.state == 0 || (l.state == writing) != (kind != sched.RUnlock) {
		l.unlock()
		panic(l.misuse(upNames[kind], ErrNotHeld, nil))
	}
	switch kind {
	case sched.RUnlock:
		l.state--
	case sched.Unlock:
		l.state = 0
	case sched.Downgrade:
		l.state = 1
	}
	woken := l.grant()
	l.unlock()
	woken.wake()
}

var upNames = map[sched.OpKind]string{
	sched.RUnlock:   "UpRead",
	sched.Unlock:    "UpWrite",
	sched.Downgrade: "Downgrade",
}

// rwGate tells an explorer when a Down would not sleep.
type rwGate struct {
	l    *RW
	ctx  context.Context
	mode int64
}

// Ready is true when the Down can end, one way or the other.
func (g *rwGate) Ready() bool {
	if g.ctx.Err() != nil {
		return true
	}
	g.l.mu.Lock()
	defer g.l.mu.Unlock()
	return g.l.waiters.len == 0 && g.l.admits(g.mode)
}

// Context returns what can end the sleep.
func (g *rwGate) Context() context.Context { return g.ctx }
