package lockdep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A Hang is what [Watch.Wait] found: tasks that sleep, and nobody left who
// could wake them. It is a snapshot, taken by the task that went to sleep last,
// before it slept.
//
// As an error it says what hangs in one line; [Hang.Report] prints the whole
// picture and [Hang.MarshalJSON] encodes it.
type Hang struct {
	// Partial says that other tasks can still go on, but not these.
	Partial bool
	// Cause is nil if the hang is certain. Otherwise it is why somebody
	// stopped waiting, and some of the sleepers might have been woken yet.
	Cause error
	Step  uint64        // of the watch
	At    time.Time     // when it was found
	Age   time.Duration // of the watch

	Tasks   []Sleeper  // those that sleep, longest first
	Running []TaskName // those that do not
	Cycle   []Edge     // who waits for whom in a circle, if that is known
}

// A TaskName says which task is meant.
type TaskName struct {
	Name   string `json:"name"` // empty: an operation that named no task
	PID    int    `json:"pid,omitempty"`
	Daemon bool   `json:"daemon,omitempty"`
	Label  string `json:"label,omitempty"` // the last place it reached, as "L9 down(i_sem)"
}

// String returns name and pid, as "ls/17".
func (n TaskName) String() string {
	if n.Name == "" && n.PID == 0 {
		return "somebody"
	}
	return fmt.Sprintf("%s/%d", n.Name, n.PID)
}

// An ObjectName says which object is meant.
type ObjectName struct {
	Kind sched.ObjectKind
	Name string
	ID   int // tells objects of one name apart
}

// String returns the name, or kind and number for an object without one.
func (n ObjectName) String() string {
	if n.Name == "" {
		return fmt.Sprintf("%v#%d", n.Kind, n.ID)
	}
	return n.Name
}

// A Sleeper is a task between the start and the end of an operation.
type Sleeper struct {
	TaskName
	Op     sched.OpKind
	Object ObjectName // what it sleeps on: for a parker, the queue if known
	Step   uint64     // when it went to sleep
	Since  time.Time  // likewise; zero if the sleep was not foreseen
	Holds  []Held     // in the order of taking
	Waits  []Waits    // for whom; empty if that is not known
}

// Held is something that a task has taken and not given back.
type Held struct {
	Object  ObjectName
	Op      sched.OpKind // what it was taken with
	Permits int64
	Step    uint64
	Label   string // the last place that the task had reached then; with [Config.Order]
	Site    Site   // where; with [OrderConfig.Sites]
}

// Waits says that a sleep can be ended by a task.
type Waits struct {
	For TaskName
	Why Reason

	t *task
}

// A Reason says why a task is waited for.
type Reason uint8

// The reasons.
const (
	Holds     Reason = iota // it holds the object
	Took                    // it was the last to take a permit; anybody may give one
	Announced               // [sched.SetWaker] says so
	Presumed                // it is the only one left who could be
)

var reasonNames = [...]string{"holds", "took", "is to wake", "presumably is to wake"}

// String returns the reason as a verb: "holds", "is to wake".
func (r Reason) String() string { return reasonNames[r] }

// An Edge is a link of a cycle: From sleeps on Object, and To could end that.
type Edge struct {
	From   TaskName
	Object ObjectName
	Why    Reason
	To     TaskName
}

// Error says what hangs in one line.
func (h *Hang) Error() string {
	var b strings.Builder
	b.WriteString("lockdep: ")
	switch {
	case h.Cause != nil:
		fmt.Fprintf(&b, "gave up waiting (%v)", h.Cause)
	case h.Partial:
		b.WriteString("partial hang")
	default:
		b.WriteString("hang")
	}
	for i, s := range h.Tasks {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%v in %v(%v)", sep, s.TaskName, s.Op, s.Object)
	}
	return b.String()
}

// Unwrap returns the cause.
func (h *Hang) Unwrap() error { return h.Cause }

// AsHang returns the hang in err, or nil.
func AsHang(err error) *Hang {
	var h *Hang
	errors.As(err, &h)
	return h
}

// picture describes the tasks in only, or all that sleep if it is nil.
func (w *Watch) picture(only map[*task]bool, cause error) *Hang {
	now := time.Now()
	h := &Hang{Partial: only != nil, Cause: cause, Step: w.steps, At: now, Age: now.Sub(w.began)}
	var who []*task // parallel to h.Tasks
	lost := w.unaccounted()
	for s := w.sleeps.first; s != nil; s = s.nextAll {
		t := s.t
		if only != nil && !only[t] {
			continue
		}
		if t == nil && len(lost) == 1 {
			t = lost[0] // the only one it can be
		}
		z := Sleeper{TaskName: t.name(), Op: s.op.Kind, Object: s.object(), Step: s.step, Since: s.since}
		z.Holds = t.holds()
		z.Waits = s.waits()
		h.Tasks = append(h.Tasks, z)
		who = append(who, t)
	}
	if !h.Partial && cause == nil {
		presume(h.Tasks, who)
	}
	for _, t := range w.tasks {
		if t.routines > 0 && t.sleep.obj == nil && !slices.Contains(who, t) {
			h.Running = append(h.Running, t.name())
		}
	}
	h.Cycle = cycle(h.Tasks, who)
	return h
}

// unaccounted returns the tasks that have not ended and are in no operation
// that named them, if there are as many sleepers without a name and nobody
// else: then these are they.
func (w *Watch) unaccounted() (lost []*task) {
	if w.running > 0 {
		return nil
	}
	for _, t := range w.tasks {
		if t.routines > 0 && t.sleep.obj == nil {
			lost = append(lost, t)
		}
	}
	return lost
}

// presume fills in whom a queue's sleeper waits for when nobody has said so and
// only one task does not sleep on that queue itself.
func presume(tasks []Sleeper, who []*task) {
	for i := range tasks {
		s := &tasks[i]
		if s.Op != sched.Park || len(s.Waits) > 0 || s.Daemon {
			continue
		}
		other := -1
		for j := range tasks {
			if tasks[j].Op == sched.Park && tasks[j].Object == s.Object || tasks[j].Daemon || who[j] == nil {
				continue
			}
			if other >= 0 {
				other = -1
				break
			}
			other = j
		}
		if other >= 0 {
			s.Waits = []Waits{{tasks[other].TaskName, Presumed, who[other]}}
		}
	}
}

// waits returns whom s waits for.
func (s *sleep) waits() (list []Waits) {
	if s.op.Kind == sched.Park {
		if u := s.waker(); u != nil {
			list = append(list, Waits{u.name(), Announced, u})
		}
		return list
	}
	why := Took
	if s.obj.lock() {
		why = Holds
	}
	for _, h := range s.obj.holders {
		if !slices.ContainsFunc(list, func(x Waits) bool { return x.t == h.t }) {
			list = append(list, Waits{h.t.name(), why, h.t})
		}
	}
	return list
}

// cycle returns a circle among the tasks, or nil.
func cycle(tasks []Sleeper, who []*task) []Edge {
	const (
		fresh = iota
		open
		closed
	)
	state := make([]int, len(tasks))
	var path []Edge
	var at []int
	var visit func(i int) []Edge
	visit = func(i int) []Edge {
		state[i] = open
		at = append(at, i)
		for _, x := range tasks[i].Waits {
			j := slices.Index(who, x.t)
			if j < 0 || x.t == nil || state[j] == closed {
				continue
			}
			path = append(path, Edge{tasks[i].TaskName, tasks[i].Object, x.Why, tasks[j].TaskName})
			if state[j] == open {
				return path[slices.Index(at, j):]
			}
			if c := visit(j); c != nil {
				return c
			}
			path = path[:len(path)-1]
		}
		at = at[:len(at)-1]
		state[i] = closed
		return nil
	}
	for i := range tasks {
		if state[i] == fresh {
			if c := visit(i); c != nil {
				return c
			}
		}
	}
	return nil
}

func (t *task) name() TaskName {
	if t == nil {
		return TaskName{}
	}
	return TaskName{t.t.Name(), t.t.PID(), t.daemon, t.label()}
}

func (o *object) name() ObjectName { return ObjectName{o.Kind, o.Name, o.ID} }

// object names what s sleeps on as a reader knows it.
func (s *sleep) object() ObjectName {
	if on := s.op.On; on != nil {
		return ObjectName{on.Kind, on.Name, on.ID}
	}
	return s.obj.name()
}
