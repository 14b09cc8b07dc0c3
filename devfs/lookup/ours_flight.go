package lookup

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Flight is a name that the daemon was asked for: the placeholder of the
// event, and the queue of those who wait for the answer. It is on the heap, and
// counted: its event has a reference until it has been handled or dropped, and
// so has each call that waits for it, until the call ends.
//
// It is a [vfs.Pending].
type Flight struct {
	board *Board
	dir   Dir
	name  string
	limit time.Duration
	life  *refcount.Shared[flight]

	settled bool         // somebody is ending it; guarded by the board's section
	end     atomic.Int64 // an End; set before the queue is closed
	refs    atomic.Int64 // for checks
	stray   *waitq.Queue // for tests, which have no reference
}

// flight is what those with a reference may touch: the queue, which the end of
// the flight closes.
type flight struct{ wait *waitq.Queue }

// An End is how a flight has ended.
type End int64

// The ends.
const (
	Flying   End = iota // it has not
	Handled             // the daemon has handled the event: what the entries say is the answer
	Appeared            // the name was registered
	Gone                // the owner of the queue has died or given it up
)

var endNames = [...]string{"flying", "handled", "appeared", "gone"}

// String returns the end in a word.
func (e End) String() string { return endNames[e] }

// A Board has the flights of a file system. Its section is the file system's,
// so that a flight, its event and who owns the queue change together; the
// methods that say so are called with the section entered, and take no step.
type Board struct {
	Section *sched.Section

	provider floodgate.Provider
	live     *Live
	flying   map[where]*Flight
	mu       sync.Mutex
	all      []*Flight // alive, for checks; only under a scheduler
}

type where struct {
	dir  Dir
	name string
}

// NewBoard makes an empty board.
func NewBoard(s *sched.Section, p floodgate.Provider, live *Live) *Board {
	return &Board{Section: s, provider: p, live: live, flying: make(map[where]*Flight)}
}

// Make makes a flight with one reference, which is its event's. It is on no
// board yet. Limit is how long a call waits for it at most; 0 is for ever. Owner
// is who is to end it, for reports.
func (b *Board) Make(dir Dir, name string, limit time.Duration, by, owner *sched.Task) *Flight {
	f := &Flight{board: b, dir: dir, name: name, limit: limit}
	s, label := b.provider.Scheduler(), ""
	if s != nil {
		label = "flight " + name
	}
	q := b.provider.NewQueue(label)
	q.SetWaker(owner)
	f.stray = q
	f.life = refcount.NewShared(s, label, flight{q}, func(*flight) { b.forget(f) }, by)
	f.refs.Store(1)
	b.live.Records.Add(1)
	return f
}

// Join returns the flight of a name with one more reference, or nil if it is
// not on the board. The section is entered, if only for reading: whoever is on
// the board has the reference of its event, so one more in any order comes to
// the same.
func (b *Board) Join(dir Dir, name string, by *sched.Task) *Flight {
	f := b.flying[where{dir, name}]
	if f != nil {
		f.get(by)
	}
	return f
}

// Put puts f on the board, with one more reference, the caller's. The section
// is entered.
func (b *Board) Put(f *Flight, by *sched.Task) {
	f.get(by)
	b.flying[where{f.dir, f.name}] = f
	if b.provider.Scheduler() != nil {
		b.mu.Lock()
		b.all = append(b.all, f)
		b.mu.Unlock()
	}
}

// Take takes f off the board, and reports false if somebody did before. Who gets
// true calls [Flight.Settle]. The section is entered.
func (b *Board) Take(f *Flight) bool {
	if f.settled {
		return false
	}
	f.settled = true
	if at := (where{f.dir, f.name}); b.flying[at] == f {
		delete(b.flying, at)
	}
	return true
}

// Settle ends the flight: all who wait for it go on, and whoever has joined it
// and does not wait yet never will. The caller has a reference, and keeps it
// until the wake is over. It is none of the board's section. By may be nil: a
// driver is no task.
func (f *Flight) Settle(e End, by *sched.Task) {
	at(by, &S2)
	f.end.Store(int64(e))
	f.life.Value(by).wait.Close(nil)
}

// Drop drops a reference; with the last one the flight is dead.
func (f *Flight) Drop(by *sched.Task) {
	f.refs.Add(-1)
	f.life.Put(by)
}

func (f *Flight) get(by *sched.Task) {
	f.refs.Add(1)
	f.life.Get(by)
}

// Wait sleeps until the flight has ended. It returns an error that matches EINTR
// and ctx.Err() when the task's [sched.Task.Context] ends first, and one of
// ETIMEDOUT when the file system's limit has passed. The flight goes on then,
// and so do the others who wait for it.
func (f *Flight) Wait(c *vfs.Call) error {
	t := c.Task()
	c.At(&F7)
	q := f.life.Value(t).wait
	late := func() bool { return false }
	if f.limit > 0 {
		s := f.board.provider.Scheduler()
		var over sched.Int64
		over.Init(s, sched.Spec{Name: "late " + f.name})
		late = func() bool { return over.Load() != 0 }
		stop := sched.AfterFunc(s, f.limit, func() {
			over.Store(1)
			q.WakeAll() // those who are not late look, and sleep on
		})
		defer stop()
	}
	err := q.Wait(t.Context(), late)
	switch {
	case errors.Is(err, waitq.ErrClosed):
		return nil
	case err != nil:
		if t.Killed() {
			t.Must(err)
		}
		return &interrupted{err}
	default:
		return vfs.Badf(syscall.ETIMEDOUT, "no answer from the daemon in %v", f.limit)
	}
}

// Put drops the reference of a call.
func (f *Flight) Put(c *vfs.Call) {
	c.At(&F8)
	f.Drop(c.Task())
}

// Error tells what is waited for. Nobody outside the generic code sees it.
func (f *Flight) Error() string { return fmt.Sprintf("lookup of %q in flight", f.name) }

// Name returns the name that is looked up.
func (f *Flight) Name() string { return f.name }

// interrupted is the error of a wait that was interrupted.
type interrupted struct{ cause error }

// Error tells of both.
func (e *interrupted) Error() string { return fmt.Sprintf("%v: %v", syscall.EINTR, e.cause) }

// Unwrap returns both.
func (e *interrupted) Unwrap() []error { return []error{syscall.EINTR, e.cause} }

func at(t *sched.Task, l *sched.Label) {
	if t != nil {
		t.At(l)
	}
}
