package sem

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A State is what a semaphore looked like at one moment.
type State struct {
	Name    string
	Count   int // permits that a TryDown could take
	Closed  bool
	Last    *Holder // who took a permit last, if it is tracked and known
	Waiters []Waiter
}

// A Waiter is one who waits for a semaphore.
type Waiter struct {
	Task *sched.Task // nil if the context it waits with has none
	N    int         // how many permits it wants
	Mode string      // "", or "read" or "write" for an [RW]
	// Age is how long it sleeps, and Site where it called from: function,
	// file and line. Both are empty while it is about to sleep.
	Age  time.Duration
	Site string
}

// Dump returns the semaphore's state with all who wait for it, longest first:
// who, for how long, and where it called from. For people, hung-task reports
// and tests.
func (s *Semaphore) Dump() State {
	var st State
	s.inspect(func() {
		st = State{Name: s.label(), Count: int(s.count()), Closed: s.closed}
		if s.tracked() && s.last.Task != nil {
			h := s.last
			st.Last = &h
		}
		st.Waiters = s.waiters.dump(sched.Now(s.scheduler()), false)
	})
	return st
}

func (q *queue) dump(now time.Time, rw bool) (all []Waiter) {
	for w := q.head; w != nil; w = w.next {
		t := w.task
		if t == nil {
			t = sched.TaskOf(w.ctx)
		}
		out := Waiter{Task: t, N: int(w.n)}
		if w.settled.Load() {
			out.Age, out.Site = now.Sub(w.since), w.site.String()
		}
		if rw {
			out.N, out.Mode = 1, "read"
			if w.n == writer {
				out.Mode = "write"
			}
		}
		all = append(all, out)
	}
	return all
}

// String returns the state as a few lines of text.
func (st State) String() string {
	var b strings.Builder
	name := st.Name
	if name == "" {
		name = "semaphore"
	}
	fmt.Fprintf(&b, "%s: count %d, %d waiting", name, st.Count, len(st.Waiters))
	if st.Closed {
		b.WriteString(", closed")
	}
	if st.Last != nil {
		fmt.Fprintf(&b, ", last held by %v", st.Last.Task)
	}
	for i, w := range st.Waiters {
		fmt.Fprintf(&b, "\n%3d. ", i+1)
		if w.Task != nil {
			fmt.Fprintf(&b, "%v ", w.Task)
		}
		if w.Site == "" {
			b.WriteString("arrives")
		} else {
			fmt.Fprintf(&b, "waits %v at %s", w.Age.Round(time.Microsecond), w.Site)
		}
		switch {
		case w.Mode != "":
			fmt.Fprintf(&b, " to %s", w.Mode)
		case w.N > 1:
			fmt.Fprintf(&b, " for %d", w.N)
		}
	}
	return b.String()
}

// A site is where a waiter came from: a few frames, of which the first outside
// this package is the one that people want.
type site struct {
	pcs [4]uintptr
	n   int
}

//go:noinline
func (s *site) record() {
	// Callers, record, sleep, acquire
	s.n = runtime.Callers(4, s.pcs[:])
}

// String returns the site as "function (file:line)".
func (s *site) String() string {
	frames := runtime.CallersFrames(s.pcs[:s.n])
	for {
		f, more := frames.Next()
		if !more || !strings.HasPrefix(f.Function, pkgPrefix) || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line)
		}
	}
}

const pkgPrefix = "github.com/floodgate-go/floodgate/sem."
