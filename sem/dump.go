package sem

import (
	"context"
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
	// file and line. Both are there on a semaphore with [Track], from when
	// it is about to sleep.
	Age  time.Duration
	Site string

	ctx  context.Context
	site site
}

// Dump returns the semaphore's state with all who wait for it, longest first:
// who, for how long, and where it called from. For people, hung-task reports
// and tests.
func (s *Semaphore) Dump() State {
	var st State
	now := sched.Now(s.scheduler())
	s.inspect(func() {
		st = State{Name: s.label(), Count: int(s.count()), Closed: s.closed}
		if s.tracked() && s.last.Task != nil {
			h := s.last
			st.Last = &h
		}
		st.Waiters = s.waiters.dump(now, false)
	})
	st.finish()
	return st
}

// dump copies what there is to know. It runs under the lock, so the rest is
// left to finish: a context is somebody else's code.
func (q *queue) dump(now time.Time, rw bool) (all []Waiter) {
	for w := q.head; w != nil; w = w.next {
		out := Waiter{Task: w.task, N: int(w.n), ctx: w.ctx}
		if w.settled.Load() {
			out.Age, out.site = now.Sub(w.since), w.site
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

func (st *State) finish() {
	for i := range st.Waiters {
		w := &st.Waiters[i]
		if w.Task == nil {
			w.Task = sched.TaskOf(w.ctx)
		}
		w.Site = w.site.String()
	}
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
		b.WriteString("waits")
		switch {
		case w.Mode != "":
			fmt.Fprintf(&b, " to %s", w.Mode)
		case w.N > 1:
			fmt.Fprintf(&b, " for %d permits", w.N)
		}
		if w.Site != "" {
			fmt.Fprintf(&b, " since %v at %s", w.Age.Round(time.Microsecond), w.Site)
		}
	}
	return b.String()
}

// A site is where a waiter came from: a few frames, of which the first outside
// this package is the one that people want.
type site struct {
	pcs [6]uintptr
	n   int
}

//go:noinline
func (s *site) record() {
	// Callers, record, sleep, await
	s.n = runtime.Callers(4, s.pcs[:])
}

// String returns the site as "function (file:line)".
func (s *site) String() string {
	if s.n == 0 {
		return ""
	}
	frames := runtime.CallersFrames(s.pcs[:s.n])
	for {
		f, more := frames.Next()
		if !more || !strings.HasPrefix(f.Function, pkgPrefix) || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line)
		}
	}
}

const pkgPrefix = "github.com/floodgate-go/floodgate/sem."
