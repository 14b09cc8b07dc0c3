package sem

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// An RW is a read-write semaphore (struct rw_semaphore): any number of readers
// or one writer. Who has waited longest goes first, and readers that stand
// next to each other in the queue go together, so neither side can starve the
// other. A reader that comes while a writer waits queues behind it; so a task
// must not take it for reading twice.
//
// The zero value is unlocked, has no name, and works on plain goroutines. An
// RW must not be copied after first use; a method of the copy panics. Any
// goroutine may call any method, also an Up for what another one took. UpWrite
// happens before the return of the DownRead or DownWrite that follows, UpRead
// before that of the DownWrite that follows.
type RW struct {
	// word is the state while nobody waits and nobody watches: the number
	// of readers, or writing. Otherwise it is frozen and the truth is in
	// state.
	word atomic.Int64
	self atomic.Pointer[RW]

	mu      sched.Mutex
	state   int64
	waiters queue // n is +1 for a reader, -1 for a writer

	*setup
	_ noCopy
}

// writing is the state of an RW that a writer has.
const writing = math.MaxInt64

const (
	reader = +1
	writer = -1
)

// NewRW returns an unlocked RW with a name for reports, which may be empty.
func NewRW(name string) *RW {
	l := new(RW)
	l.Init(nil, name)
	return l
}

// Init gives l a name and the scheduler it stands on, where nil is plain
// goroutines (init_rwsem). It must be called before first use, if at all.
func (l *RW) Init(sc sched.Scheduler, name string) {
	if l.self.Load() != nil {
		panic(&MisuseError{Name: name, Op: "Init", Err: ErrInUse})
	}
	if set := newSetup(sc, name, nil); set != nil {
		set.register(sched.KindSemaphore, 1)
		l.mu.Init(sc, sched.Spec{Name: set.inner("mu"), Inner: true})
		l.setup = set
		if set.obj != nil || set.fine {
			l.word.Store(frozen)
		}
	}
	l.self.Store(l)
}

// DownRead locks l for reading (down_read, down_read_interruptible,
// down_read_killable). About ctx and the error see [Semaphore.Down].
func (l *RW) DownRead(ctx context.Context) error {
	if v := l.word.Load(); uint64(v) < writing-1 && ctx != nil && l.self.Load() == l && l.word.CompareAndSwap(v, v+1) {
		return nil
	}
	return l.down(ctx, reader)
}

// DownWrite locks l for writing (down_write, down_write_killable). About ctx
// and the error see [Semaphore.Down].
func (l *RW) DownWrite(ctx context.Context) error {
	if ctx != nil && l.self.Load() == l && l.word.CompareAndSwap(0, writing) {
		return nil
	}
	return l.down(ctx, writer)
}

// TryDownRead locks l for reading if that needs no sleep, and reports whether
// it did (down_read_trylock).
func (l *RW) TryDownRead() bool {
	if v := l.word.Load(); uint64(v) < writing-1 && l.self.Load() == l && l.word.CompareAndSwap(v, v+1) {
		return true
	}
	return l.tryDown(reader)
}

// TryDownWrite locks l for writing if that needs no sleep, and reports whether
// it did (down_write_trylock).
func (l *RW) TryDownWrite() bool {
	if l.self.Load() == l && l.word.CompareAndSwap(0, writing) {
		return true
	}
	return l.tryDown(writer)
}

// UpRead unlocks l for a reader (up_read). It panics with a *[MisuseError] if
// there is none.
func (l *RW) UpRead() {
	if v := l.word.Load(); v > 0 && v < writing && l.self.Load() == l && l.word.CompareAndSwap(v, v-1) {
		return
	}
	l.up(sched.RUnlock)
}

// UpWrite unlocks l for the writer (up_write). It panics with a *[MisuseError]
// if there is none.
func (l *RW) UpWrite() {
	if l.self.Load() == l && l.word.CompareAndSwap(writing, 0) {
		return
	}
	l.up(sched.Unlock)
}

// Downgrade makes the writer a reader, without a moment in which l is unlocked
// (downgrade_write). Readers that wait at the front of the queue come in with
// it. It panics with a *[MisuseError] if there is no writer.
func (l *RW) Downgrade() {
	if l.self.Load() == l && l.word.CompareAndSwap(writing, 1) {
		return
	}
	l.up(sched.Downgrade)
}

// Waiters returns how many are queued.
func (l *RW) Waiters() int {
	n := 0
	l.inspect(func() { n = l.waiters.len })
	return n
}

// Readers returns how many hold l for reading, and whether a writer holds it:
// for reports and tests, because it may be over when Readers returns.
func (l *RW) Readers() (n int, write bool) {
	l.inspect(func() {
		if write = l.state == writing; !write {
			n = int(l.state)
		}
	})
	return n, write
}

// Dump returns the state with all who wait, longest first. Its Count is the
// number of readers, or -1 for a writer.
func (l *RW) Dump() State {
	var st State
	now := sched.Now(l.scheduler())
	l.inspect(func() {
		st = State{Name: l.label(), Count: int(l.state), Waiters: l.waiters.dump(now, true)}
		if l.state == writing {
			st.Count = -1
		}
	})
	st.finish()
	return st
}

func (l *RW) inspect(f func()) {
	o := l.object()
	if o != nil {
		o.Step(sched.Op{Kind: sched.Inspect})
	}
	l.lock()
	f()
	l.unlock()
	if o != nil {
		o.Done(sched.Op{Kind: sched.Inspect}, 0)
	}
}
