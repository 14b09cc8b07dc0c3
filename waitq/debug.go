package waitq

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// Debug makes q note from now on, for each entry that is linked, since when
// and from where it waits, for [Queue.Waiters]; and makes a wake function that
// uses its own queue panic with a *[MisuseError] instead of hanging. Both cost
// microseconds, and change nothing else.
func (q *Queue) Debug(on bool) {
	q.check("Debug")
	q.debug.Store(on)
}

// A Sleeper describes an entry of a queue.
type Sleeper struct {
	Exclusive bool
	Priority  bool
	Key       any

	// What follows is noted in debug mode only; see [Queue.Debug].

	Task  *sched.Task // of the context of its wait, or nil
	Since time.Time   // when it first came to the queue
	Stack []uintptr   // from where; for runtime.CallersFrames
}

// Waiters describes the entries that are linked now, in the order in which a
// wake visits them.
func (q *Queue) Waiters() []Sleeper {
	q.check("Waiters")
	op := sched.Op{Kind: sched.Inspect}
	if q.obj != nil {
		q.obj.Step(op)
		defer func() { q.obj.Done(op, q.n.Peek()) }()
	}
	q.lock("Waiters")
	defer q.mu.Unlock()
	ws := make([]Sleeper, 0, q.n.Peek())
	for c := range q.lists {
		for w := range q.lists[c].all() {
			if w.linked == markerLink {
				continue
			}
			i := Sleeper{Exclusive: w.exclusive, Priority: w.class == priority, Key: w.Key}
			if o := w.origin; o != nil {
				i.Task, i.Since, i.Stack = o.task, o.since, o.stack
			}
			ws = append(ws, i)
		}
	}
	return ws
}

// String describes the sleeper in a line: who, for how long, and the innermost
// function outside this package that it waits in.
func (s Sleeper) String() string {
	var b strings.Builder
	if s.Task != nil {
		fmt.Fprintf(&b, "%v: ", s.Task)
	}
	switch {
	case s.Priority && s.Exclusive:
		b.WriteString("priority exclusive")
	case s.Priority:
		b.WriteString("priority")
	case s.Exclusive:
		b.WriteString("exclusive")
	default:
		b.WriteString("shared")
	}
	if s.Key != nil {
		fmt.Fprintf(&b, " key %v", s.Key)
	}
	if !s.Since.IsZero() {
		fmt.Fprintf(&b, " since %s", s.Since.Format(time.StampMicro))
	}
	for frames := runtime.CallersFrames(s.Stack); ; {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, pkgPath+".") {
			fmt.Fprintf(&b, " in %s (%s:%d)", f.Function, f.File, f.Line)
			break
		}
		if !more {
			break
		}
	}
	return b.String()
}

const pkgPath = "github.com/floodgate-go/floodgate/waitq"

// An origin is where a waiter came from.
type origin struct {
	task  *sched.Task
	since time.Time
	stack []uintptr
}

// trace notes where the calling goroutine is, if q is in debug mode.
func (q *Queue) trace(ctx context.Context) *origin {
	if !q.debug.Load() {
		return nil
	}
	o := &origin{since: sched.Now(q.s), stack: make([]uintptr, 32)}
	if ctx != nil {
		o.task = sched.TaskOf(ctx)
	}
	o.stack = o.stack[:runtime.Callers(3, o.stack)]
	return o
}

// goroutine returns the id of the calling goroutine. It takes a microsecond and
// is for debug mode only.
func goroutine() uint64 {
	var buf [40]byte
	s := strings.TrimPrefix(string(buf[:runtime.Stack(buf[:], false)]), "goroutine ")
	id, _ := strconv.ParseUint(s[:strings.IndexByte(s, ' ')], 10, 64)
	return id
}
