package refcount

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// stackDepth is the number of frames that a Stack keeps: 16 of the caller, as
// many as ref_tracker keeps, and what this package has on top of them.
const stackDepth = 16 + 4

// A Stack is a call stack, innermost call first: the call into this package
// and at least 15 of its callers. It is kept as return addresses and resolved
// when somebody reads it, so taking one is cheap. Stacks can be compared and
// used as keys of a map. The zero Stack is empty.
type Stack struct {
	pcs [stackDepth]uintptr
}

var pkgPrefix = reflect.TypeFor[Stack]().PkgPath() + "."

func ownFrame(f runtime.Frame) bool {
	return strings.HasPrefix(f.Function, pkgPrefix) && !strings.HasSuffix(f.File, "_test.go")
}

// Frames returns the calls, innermost first, without those inside this package
// that the stack begins with.
func (s Stack) Frames() []runtime.Frame {
	n := 0
	for n < len(s.pcs) && s.pcs[n] != 0 {
		n++
	}
	if n == 0 {
		return nil
	}
	var list []runtime.Frame
	frames := runtime.CallersFrames(s.pcs[:n])
	for {
		f, more := frames.Next()
		if len(list) > 0 || !ownFrame(f) {
			list = append(list, f)
		}
		if !more {
			return list
		}
	}
}

// String returns the innermost call, as "devfs.(*FS).lookup (lookup.go:42)".
func (s Stack) String() string {
	list := s.Frames()
	if len(list) == 0 {
		return "unknown place"
	}
	return frameString(list[0])
}

// Trace returns all calls, one per line, each line indented by indent.
func (s Stack) Trace(indent string) string {
	var b strings.Builder
	for _, f := range s.Frames() {
		fmt.Fprintf(&b, "%s%s\n", indent, frameString(f))
	}
	return b.String()
}

func frameString(f runtime.Frame) string {
	name := f.Function
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	return fmt.Sprintf("%s (%s:%d)", name, filepath.Base(f.File), f.Line)
}

// A Place is where and by whom something was done.
type Place struct {
	Stack Stack
	Task  *sched.Task  // nil where not known
	Label *sched.Label // the step that the task was at; nil where not known
}

// here is the place of the first caller outside this package.
func here(t *sched.Task) Place {
	p := Place{Task: t}
	runtime.Callers(2, p.Stack.pcs[:])
	if t != nil {
		p.Label = t.Label()
	}
	return p
}

// String returns the call, the step and the task, as
// "lookup.(*g1).wake (g1.go:42) at L18 wake_up by ls".
func (p Place) String() string {
	s := p.Stack.String()
	if p.Label != nil {
		s += " at " + p.Label.String()
	}
	if p.Task != nil {
		s += " by " + p.Task.Name()
	}
	return s
}

// taskOf returns the task of an optional argument.
func taskOf(by []*sched.Task) *sched.Task {
	if len(by) == 0 {
		return nil
	}
	return by[0]
}

// onStack reports whether this goroutine is in the function of that name.
func onStack(function string) bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		if n == 0 {
			return false
		}
		frames := runtime.CallersFrames(pcs[:n])
		for {
			f, more := frames.Next()
			if f.Function == function {
				return true
			}
			if !more {
				break
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}
