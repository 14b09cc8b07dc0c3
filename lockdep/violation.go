package lockdep

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// A Violation is what an [Order] reports. It is an error value; nothing is
// stopped or changed on its account.
type Violation struct {
	Kind    ViolationKind
	Task    TaskName   // who did it; empty if that is not known
	Step    uint64     // of its watch
	Object  ObjectName // what it did it to
	Class   string     // and of which class that is
	Holds   []Held     // what the task held, in the order of taking
	Holders []TaskName // ClosedHeld: who held it
	Circle  []Dependency
	Site    Site // with [OrderConfig.Sites]
	Times   int  // how often the like was seen so far; it is reported once
}

// A ViolationKind tells what is wrong.
type ViolationKind uint8

// The kinds of violations.
const (
	// Recursive: a task takes a lock that it holds, or one of the same
	// class without saying which comes first ([Nested]).
	Recursive ViolationKind = iota
	// Circular: the order contradicts what was learned.
	Circular
	// BadRelease: a task gives back a lock, or a permit of a strict
	// semaphore, that it does not hold.
	BadRelease
	// ClosedHeld: a lock is closed while it is held.
	ClosedHeld
	// EndedHolding: a task has ended with a lock in its hands. Tasks that
	// were killed are not reported.
	EndedHolding
)

var violationNames = [...]string{
	"possible recursive locking", "possible circular locking dependency", "bad release: not held",
	"closed while held", "task ended holding a lock",
}

// String returns the headline of the kind, in the kernel's words where it has
// such a report.
func (k ViolationKind) String() string { return violationNames[k] }

// A Dependency is an edge of the graph that an [Order] learns: From comes
// before To.
type Dependency struct {
	From, To string // classes
	How      Manner
	Task     TaskName // whose doing taught it
	Step     uint64
	First    Place // where From was taken, owed or woken
	Second   Place // where To was taken or waited for
}

// A Place is where something happened to an object.
type Place struct {
	Object ObjectName
	Label  string // of the task, at that moment
	Site   Site
}

// A Manner tells how one class comes before another.
type Manner uint8

// The manners.
const (
	Taking  Manner = iota // held From while taking To
	Waiting               // held From while waiting for To
	Waking                // To was held, so had to be taken, when From was woken
	Owing                 // To was taken or waited for on the way to waking From
)

var mannerNames = [...]string{"taking", "waiting", "waking", "owing"}

// String returns the manner as a word.
func (m Manner) String() string { return mannerNames[m] }

// String says it as a sentence.
func (d *Dependency) String() string {
	switch d.How {
	case Waiting:
		return fmt.Sprintf("%v held %s while it waited for %s", d.Task, d.From, d.To)
	case Waking:
		return fmt.Sprintf("%v held %s when it woke %s", d.Task, d.To, d.From)
	case Owing:
		did := "took"
		if d.Second.Object.Kind == sched.KindQueue {
			did = "waited for"
		}
		return fmt.Sprintf("%v %s %s on its way to waking %s", d.Task, did, d.To, d.From)
	}
	return fmt.Sprintf("%v held %s while it took %s", d.Task, d.From, d.To)
}

// A Site is a call stack, as program counters.
type Site []uintptr

// own are the packages whose frames a reader does not want to see first.
var own = []string{"lockdep", "sched", "sem", "waitq", "refcount", "internal/announce", "provider/std", "provider/xsync", "provider/deadlock"}

const module = "github.com/floodgate-go/floodgate/"

// Frames returns the stack from the caller of the primitive to the function
// that the task was started with, as lines "function file:line".
func (s Site) Frames() (lines []string) {
	if len(s) == 0 {
		return nil
	}
	end := 0 // what is ours at the end is of no interest either
	for frames, more := runtime.CallersFrames(s), true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		mine := ours(f.Function)
		if f.Function == "" || mine && len(lines) == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s:%d", f.Function[strings.LastIndexByte(f.Function, '/')+1:], f.File, f.Line))
		if !mine {
			end = len(lines)
		}
	}
	return lines[:end]
}

func ours(function string) bool {
	if function == "runtime.goexit" {
		return true
	}
	rest, ok := strings.CutPrefix(function, module)
	if !ok {
		return false
	}
	for _, p := range own {
		if strings.HasPrefix(rest, p+".") {
			return true
		}
	}
	return false
}

// Format prints the whole report for %+v, and what Error returns otherwise.
func (v *Violation) Format(f fmt.State, verb rune) { format(f, verb, v) }

// Error says what is wrong in one line.
func (v *Violation) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lockdep: %v: %v, %v", v.Kind, v.Task, v.Object)
	for i := range v.Circle {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		b.WriteString(sep + v.Circle[i].String())
	}
	return b.String()
}

// String returns the whole report, as [Violation.Report] prints it.
func (v *Violation) String() string {
	var b strings.Builder
	_ = v.Report(&b) // a Builder does not fail
	return b.String()
}

// Report prints the whole report: what is wrong, who did it, what it held, and
// for a circle each order that was seen, where, and by whom.
func (v *Violation) Report(out io.Writer) error {
	w := &printer{out: out}
	w.printf("lockdep: %v\n\n  task %v", v.Kind, v.Task)
	w.tags(v.Task)
	w.printf(" (step %d)\n      %s %v %v", v.Step, v.verb(), v.Object.Kind, v.Object)
	if v.Class != "" && v.Class != v.Object.Name {
		w.printf(", of class %s", v.Class)
	}
	w.printf("\n")
	w.site(v.Site)
	for _, t := range v.Holders {
		w.printf("      held by    %v\n", t)
	}
	w.holds(v.Holds)
	for i := range v.Circle {
		d := &v.Circle[i]
		switch i {
		case 0:
			w.printf("\n  now\n")
		case 1:
			w.printf("\n  but before, in this order\n")
		}
		w.printf("    %s -> %s: %v (step %d)\n", d.From, d.To, d, d.Step)
		w.place(d.From, d.First)
		w.place(d.To, d.Second)
	}
	return w.err
}

func (v *Violation) verb() string {
	switch v.Kind {
	case BadRelease:
		return "releases"
	case ClosedHeld:
		return "closes"
	case EndedHolding:
		return "ended holding"
	case Circular:
		switch v.Circle[0].How {
		case Waiting:
			return "is about to wait for"
		case Waking:
			return "is about to wake"
		}
	}
	return "is about to take"
}

func (w *printer) place(class string, p Place) {
	w.printf("         %s: %v %v", class, p.Object.Kind, p.Object)
	if p.Label != "" {
		w.printf(" at %s", p.Label)
	}
	w.printf("\n")
	w.site(p.Site)
}

func (w *printer) site(s Site) {
	for _, f := range s.Frames() {
		w.printf("             %s\n", f)
	}
}

type violationKey struct {
	kind     ViolationKind
	from, to *class
	object   int // for objects without a class
}

// clone returns a copy whose Times no longer changes.
func (v *Violation) clone() *Violation {
	u := *v
	return &u
}

// report keeps v unless its like is known. Order.mu is held.
func (r *Order) report(w *Watch, t *task, v *Violation, from, to *class) {
	k := violationKey{kind: v.Kind, from: from, to: to}
	if from == nil {
		k.object = v.Object.ID
	}
	if old := r.seen[k]; old != nil {
		old.Times++
		return
	}
	v.Task, v.Step, v.Times = t.name(), w.steps, 1
	switch {
	case v.Class != "":
	case to != nil:
		v.Class = to.String()
	case from != nil:
		v.Class = from.String()
	}
	if t != nil {
		v.Holds = t.holds()
	}
	if len(r.list) >= r.cfg.Max {
		r.dropped++
		return
	}
	r.seen[k] = v
	r.list = append(r.list, v)
	if r.cfg.Handler != nil {
		r.queue = append(r.queue, v.clone())
		r.waiting.Add(1)
	}
}

// deliver calls the handler for what is queued, unless somebody is at it. No
// lock is held.
func (r *Order) deliver(w *Watch) {
	if r == nil || r.waiting.Load() == 0 {
		return
	}
	r.mu.Lock()
	if r.delivering {
		r.mu.Unlock()
		return
	}
	r.delivering = true
	defer func() { // also when the handler ends its goroutine
		r.delivering = false
		r.mu.Unlock()
	}()
	for len(r.queue) > 0 {
		v := r.queue[0]
		r.queue = r.queue[1:]
		r.waiting.Add(-1)
		r.handle(w, v)
	}
}

// handle calls the handler without the lock, which the caller holds, and keeps
// it from unwinding the task.
func (r *Order) handle(w *Watch, v *Violation) {
	r.mu.Unlock()
	defer r.mu.Lock()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *sched.KilledError: // its next step tells the task again
		default:
			w.Report(&Panic{Value: e, Stack: debug.Stack()})
		}
	}()
	r.cfg.Handler(v)
}
