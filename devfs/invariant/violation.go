package invariant

import (
	"slices"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// An Effect is what a violation does to whoever runs the kernel.
type Effect uint8

// The effects, the mildest first.
const (
	Latent Effect = iota // a rule is broken, and nobody has been harmed yet
	Slow                 // somebody waits for what does not concern it
	Leak                 // something is never given back
	Wrong                // somebody is told what is not so
	Hang                 // somebody waits for ever
	Crash                // memory that is gone is used, or the kernel stops itself
)

var effects = [...]string{"latent", "slow", "leak", "wrong answer", "hang", "crash"}

// String returns the effect in a word or two.
func (e Effect) String() string { return effects[e] }

// A Violation says that a statement does not hold: which, about what, by whom
// and where.
type Violation struct {
	Statement string // its ID, such as "SF-7"
	What      string // how it is broken; the same words for the same cause
	Effect    Effect
	Object    string // the name, entry or directory that it is about
	Who       Actor  // who does it
	Other     Actor  // whose step it conflicts with; zero: nobody's
	Err       error  // the fault behind it, or nil

	signature string // of a finding that has one of its own
}

// An Actor is a task and where it is.
type Actor struct {
	Role  string // "looker", "revalidator", "daemon", "driver" …
	Task  string // its name
	Label string // the step, such as "L9"; empty: none
	Text  string // what the step does
}

// String returns role and step, as "looker at L9".
func (a Actor) String() string {
	switch {
	case a.Role == "":
		return ""
	case a.Label == "":
		return a.Role
	}
	return a.Role + " at " + a.Label
}

// step is String without what does not matter to the cause: a step of the
// protocol is the same whoever makes it.
func (a Actor) step() string {
	if a.Label != "" {
		if r := roleAt(a.Label); r != "" {
			a.Role = r
		}
	}
	return a.String()
}

// Error names the statement, the object, the task and its step.
func (v *Violation) Error() string {
	var b strings.Builder
	b.WriteString(v.Statement + ": " + v.What)
	if v.Object != "" {
		b.WriteString(" (" + v.Object + ")")
	}
	if s := v.Who.String(); s != "" {
		b.WriteString(": " + s)
		if v.Who.Task != "" {
			b.WriteString(", " + v.Who.Task)
		}
	}
	if s := v.Other.String(); s != "" {
		b.WriteString("; against " + s)
		if v.Other.Task != "" {
			b.WriteString(", " + v.Other.Task)
		}
	}
	return b.String()
}

// Unwrap returns the fault behind the violation.
func (v *Violation) Unwrap() error { return v.Err }

// Fatal reports whether nothing that happens afterwards means anything.
func (v *Violation) Fatal() bool { return v.Effect >= Hang }

// Signature is the same for violations with the same cause: the statement, how
// it is broken, and the steps of the two parties, whatever they are named, in
// whichever order they came.
func (v *Violation) Signature() string {
	if v.signature != "" {
		return v.signature
	}
	both := []string{v.Who.step(), v.Other.step()}
	slices.Sort(both)
	return v.Statement + "|" + v.What + "|" + strings.TrimPrefix(strings.Join(both, "|"), "|")
}

// roleOf says what a task does that has reached a step.
func roleOf(l *sched.Label, kind string) string {
	if kind != "" && kind != user && kind != helper {
		return kind
	}
	role := ""
	if l != nil {
		role = roleAt(l.ID)
	}
	switch {
	case role == "":
		role = kind
	case kind == helper:
		role = helper + ", " + role
	}
	return role
}

// roleAt is who makes a step.
func roleAt(label string) string {
	if strings.ContainsRune(label, ' ') {
		return "" // several steps
	}
	switch label[0] {
	case 'L', 'M', 'N', 'W', 'F':
		return "looker"
	case 'R':
		return "revalidator"
	case 'D', 'C', 'S':
		return daemon
	case 'V':
		return "walker"
	case 'H':
		return "changer"
	}
	return ""
}

func actor(t *sched.Task, l *sched.Label, kind string) Actor {
	a := Actor{Role: roleOf(l, kind)}
	if t != nil {
		a.Task = t.Name()
	}
	if l != nil {
		a.Label, a.Text = l.ID, l.Text
	}
	return a
}
