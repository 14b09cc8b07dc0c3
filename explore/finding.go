package explore

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
)

// Kind says what sort of thing a [Finding] is.
type Kind uint8

// The kinds of findings.
const (
	// Failure: the program said so, with [Run.Errorf] or [Run.Fatalf].
	Failure Kind = iota
	// Broken: a function given to [Run.Always] or [Run.Check] said so.
	Broken
	// Panic: a task panicked.
	Panic
	// Deadlock: tasks wait for each other in a circle.
	Deadlock
	// LostWakeup: a task sleeps and nobody is left who would wake it.
	LostWakeup
	// Livelock: those who can run only yield to each other.
	Livelock
	// Endless: an execution did not end within the step limit.
	Endless
	// UseAfterEnd: something was used after the end of its life.
	UseAfterEnd
	// Fault: a primitive reported another fault, such as a saturated count.
	Fault
	// Leak: at the end a lock is held, or a balanced semaphore is not.
	Leak
	// DataRace: the race detector reported a race (only with -race).
	DataRace
	// Nondeterminism: the same decisions led to other steps.
	Nondeterminism
	// Misuse: the program broke a rule of this package.
	Misuse
	// Stuck: a task blocks where no scheduler sees it.
	Stuck
)

var kindNames = [...]string{
	"failure", "broken invariant", "panic", "deadlock", "lost wake-up", "livelock", "no end",
	"use after end of life", "fault", "leak", "data race", "not deterministic", "misuse", "stuck",
}

// String returns the kind in words, such as "lost wake-up".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "finding"
}

// A Finding is one thing that is wrong with a program, with a schedule that
// shows it. Two executions in which the same went wrong in the same place by
// the same tasks are one finding.
type Finding struct {
	Kind    Kind
	Message string // one line

	// Detail is the rest of the report, in lines: for a deadlock, each stuck
	// task, where it sleeps, what it holds and whom it waits for; for a
	// panic, the stack.
	Detail string

	// Err is the error given to [Run.Error], or the fault that a primitive
	// reported, in the execution of the timeline; else nil.
	Err error

	// Signature is the same for the same finding in every exploration of
	// the same program.
	Signature string

	// Token replays the schedule; see [Replay]. It is empty where nothing
	// can be replayed.
	Token string

	// Schedule has the decisions of the token.
	Schedule Schedule

	// Timeline shows the schedule step by step. It is nil where nothing can
	// be replayed.
	Timeline *Timeline

	Stuck []StuckTask // for Deadlock, LostWakeup and Livelock

	Strategy  string        // what found it first
	Execution int           // the number of the execution that did, from 1
	Elapsed   time.Duration // after this time
	Seen      int           // executions in which it was seen
}

// String returns kind, message and token on one line.
func (f *Finding) String() string {
	s := f.Kind.String() + ": " + f.Message
	if f.Token != "" {
		s += " [" + f.Token + "]"
	}
	return s
}

// Report returns the finding for people: message, detail, schedule and the last
// lines of the timeline; all of it if lines is 0.
func (f *Finding) Report(lines int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s\n", f.Kind, f.Message)
	if f.Detail != "" {
		b.WriteString(indent(f.Detail))
	}
	if f.Strategy != "" {
		fmt.Fprintf(&b, "found by %s in execution %d after %v\n", f.Strategy, f.Execution, f.Elapsed.Round(time.Microsecond))
	}
	if f.Token != "" {
		fmt.Fprintf(&b, "schedule %s: %s\n", f.Token, f.Schedule.Explain())
	}
	if f.Timeline != nil {
		b.WriteString(f.Timeline.Text(lines))
	}
	return b.String()
}

func indent(s string) string {
	return "\t" + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n\t") + "\n"
}

// A found is a finding in the making: what went wrong in this execution.
type found struct {
	kind  Kind
	sig   string // what went wrong and where, without anything that varies
	msg   string
	task  int  // noTask: nobody in particular
	where bool // the place of the task tells it apart
	whole bool // sig alone tells it apart
	err   error
	stack []byte
	stuck []StuckTask
}

// signature tells findings apart.
func (f *found) signature(e *engine) string {
	if f.whole {
		return fmt.Sprintf("%v|%s", f.kind, f.sig)
	}
	who := ""
	if f.task != noTask {
		who = e.taskName(f.task)
	}
	sig := f.sig
	if f.where {
		sig = e.foundPlace + " " + sig
	}
	return fmt.Sprintf("%v|%s|%s", f.kind, who, settle(sig))
}

var (
	varying = regexp.MustCompile(`0x[0-9a-f]+|goroutine \d+|/\d+\b`)
)

// settle takes out of a text what differs from run to run: addresses, process
// ids after a name.
func settle(s string) string {
	if !strings.ContainsAny(s, "0123456789") {
		return s
	}
	return varying.ReplaceAllStringFunc(s, func(m string) string {
		if m[0] == '/' {
			return "/#"
		}
		return "#"
	})
}

// place says where t is: at its label, or at its last step.
func place(t *task) string {
	if l := t.label(); l != nil {
		return l.ID
	}
	if t.lastObj != nil {
		return t.lastKind.String() + " " + objectName(t.lastObj)
	}
	return ""
}

func objectName(o *sched.Object) string {
	switch {
	case o == nil:
		return "nothing"
	case o.Name != "":
		return o.Name
	}
	return fmt.Sprintf("%v#%d", o.Kind, o.ID)
}

// fault makes a finding of a fault that a primitive reports.
func (e *engine) fault(err error) {
	kind := Fault
	text := err.Error()
	if errors.As(err, new(*refcount.UseAfterEnd)) {
		kind = UseAfterEnd
	}
	f := &found{kind: kind, task: noTask, msg: text, sig: text, err: err}
	if i := strings.IndexByte(text, '\n'); i > 0 {
		f.msg, f.stack = text[:i], []byte(text[i+1:])
	}
	if t := e.caller(); t != nil {
		f.task, f.where = t.i, true
		f.msg = "task " + t.name + ": " + f.msg
	}
	e.submit(f)
}

// panicSite returns the function and line that panicked, from a stack.
func panicSite(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "panic(") {
			for j := i + 2; j+1 < len(lines); j += 2 {
				if strings.HasPrefix(lines[j], "runtime.") {
					continue
				}
				at := strings.TrimSpace(lines[j+1])
				at, _, _ = strings.Cut(at, " +0x")
				return at[strings.LastIndexByte(at, '/')+1:]
			}
		}
	}
	return ""
}
