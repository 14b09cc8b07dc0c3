package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Scenario is a member of the generated family: a few acts that go on at the
// same time, and a daemon. It is written as acts joined by "+", a slash, the
// daemon, and faults after commas:
//
//	stat(a)+unlink(a)/nop
//	stat(a)+e.stat(a)+unreg(p)/reg,nomem
//
// [ParseScenario] reads that form, [Scenarios] enumerates the family.
type Scenario struct {
	Acts   []Act
	Daemon DaemonKind
	Faults []Fault
}

// An Act is one call by one task.
type Act struct {
	By   Party
	Op   string // "stat", "mv" …; see [Ops]
	Name string // "a"
	To   string // of mv: the new name
}

// A Party is who acts.
type Party string

// The parties.
const (
	Ordinary  Party = ""  // somebody in user space
	InGroup   Party = "e" // in the daemon's process group
	Child     Party = "c" // a child of the daemon that leads a group of its own
	GroupZero Party = "z" // a helper of the kernel, in group 0
)

// A DaemonKind says what the daemon does when a name is looked up.
type DaemonKind string

// The daemons.
const (
	NoDaemon     DaemonKind = "none"  // there is none
	Nothing      DaemonKind = "nop"   // nothing
	Registers    DaemonKind = "reg"   // loads the module: the kernel registers the name
	Aliases      DaemonKind = "alias" // makes the name a link to p, in the same directory
	LooksUp      DaemonKind = "look"  // looks another name up, itself
	Executes     DaemonKind = "exec"  // has a helper with a group of its own look another name up, and waits for it
	Renames      DaemonKind = "mv"    // renames
	Dies         DaemonKind = "die"   // ends
	KilledAtWill DaemonKind = "kill"  // does nothing, and is killed at any time
	Replaced     DaemonKind = "swap"  // gives the queue up, and another daemon takes it
)

// Daemons returns all kinds of daemons.
func Daemons() []DaemonKind {
	return []DaemonKind{NoDaemon, Nothing, Registers, Aliases, LooksUp, Executes, Renames, Dies, KilledAtWill, Replaced}
}

// A Fault is something that goes wrong by itself.
type Fault string

// The faults.
const (
	StrayWake Fault = "stray" // all who sleep are woken for no reason, once
	NoMemory  Fault = "nomem" // one allocation fails, or none
)

// An op is what an act does.
type op struct {
	name   string
	driver bool // the kernel does it
	two    bool // it has two names
}

var ops = []op{
	{name: "stat"}, {name: "open"}, {name: "creat"}, {name: "mkdir"}, {name: "mknod"}, {name: "symlink"},
	{name: "unlink"}, {name: "rmdir"}, {name: "mv", two: true},
	{name: "reg", driver: true}, {name: "unreg", driver: true},
}

// Ops returns the names of all operations: those of [vfs.Tree]; creat, an open
// with O_CREAT; mv, a rename; reg and unreg, which the kernel does.
func Ops() []string {
	var names []string
	for _, o := range ops {
		names = append(names, o.name)
	}
	return names
}

// Names that scenarios are about. What is said of a holds for b, of d/a for d/b.
var names = map[string]string{
	"a":   "missing",
	"b":   "missing",
	"p":   "a device that the kernel has registered",
	"l":   "a link to p that anybody may remove",
	"d":   "a directory that somebody has made",
	"d/a": "missing, in d",
	"d/b": "missing, in d",
}

func (a Act) op() op {
	for _, o := range ops {
		if o.name == a.Op {
			return o
		}
	}
	return op{}
}

// String returns the act in the form that [ParseScenario] reads.
func (a Act) String() string {
	s := a.Op + "(" + a.Name
	if a.To != "" {
		s += "," + a.To
	}
	s += ")"
	if a.By != Ordinary {
		s = string(a.By) + "." + s
	}
	return s
}

// String returns the scenario in the form that [ParseScenario] reads.
func (s *Scenario) String() string {
	parts := make([]string, len(s.Acts))
	for i, a := range s.Acts {
		parts[i] = a.String()
	}
	str := strings.Join(parts, "+") + "/" + string(s.Daemon)
	for _, f := range s.Faults {
		str += "," + string(f)
	}
	return str
}

// ErrScenario is matched by the error for text that names no scenario.
var ErrScenario = errors.New("scenario: no such scenario")

// ParseScenario reads a scenario.
func ParseScenario(text string) (*Scenario, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %q: %s", ErrScenario, text, fmt.Sprintf(format, args...))
	}
	// A name may have a slash in it; the daemon comes after the last one.
	cut := strings.LastIndexByte(text, '/')
	if cut < 0 || cut < strings.LastIndexByte(text, ')') {
		return nil, bad("a daemon is missing, as in stat(a)+unlink(a)/nop")
	}
	rest := strings.Split(text[cut+1:], ",")
	s := &Scenario{Daemon: DaemonKind(rest[0])}
	if !slices.Contains(Daemons(), s.Daemon) {
		return nil, bad("no daemon %q: there are %v", rest[0], Daemons())
	}
	for _, f := range rest[1:] {
		if Fault(f) != StrayWake && Fault(f) != NoMemory {
			return nil, bad("no fault %q: there are %s and %s", f, StrayWake, NoMemory)
		}
		s.Faults = append(s.Faults, Fault(f))
	}
	for _, part := range strings.Split(text[:cut], "+") {
		a, err := parseAct(part)
		if err != nil {
			return nil, bad("%v", err)
		}
		s.Acts = append(s.Acts, a)
	}
	if len(s.Acts) > maxActs {
		return nil, bad("%d acts: at most %d", len(s.Acts), maxActs)
	}
	return s, nil
}

const maxActs = 8

func parseAct(text string) (a Act, err error) {
	who, rest, ok := strings.Cut(text, ".")
	if !ok {
		who, rest = "", text
	}
	switch a.By = Party(who); a.By {
	case Ordinary, InGroup, Child, GroupZero:
	default:
		return a, fmt.Errorf("no party %q: there are e, c and z", who)
	}
	name, args, ok := strings.Cut(rest, "(")
	args, end := strings.CutSuffix(args, ")")
	if !ok || !end {
		return a, fmt.Errorf("%q is no act such as stat(a)", text)
	}
	a.Op = name
	o := a.op()
	if o.name == "" {
		return a, fmt.Errorf("no operation %q: there are %s", name, strings.Join(Ops(), ", "))
	}
	if o.driver && a.By != Ordinary {
		return a, fmt.Errorf("%q: the kernel does that", text)
	}
	list := strings.Split(args, ",")
	if want := 1 + btoi(o.two); len(list) != want {
		return a, fmt.Errorf("%q: %d names, want %d", text, len(list), want)
	}
	for _, n := range list {
		if names[n] == "" {
			return a, fmt.Errorf("no name %q: there are a, b, p, l, d, d/a, d/b", n)
		}
	}
	a.Name = list[0]
	if o.two {
		a.To = list[1]
	}
	return a, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *Scenario) has(f Fault) bool { return slices.Contains(s.Faults, f) }

// links reports whether a missing name may become a link, which leads to p.
func (s *Scenario) links() bool {
	return s.Daemon == Aliases || slices.ContainsFunc(s.Acts, func(a Act) bool { return a.Op == "symlink" })
}

// paths returns the paths that the acts are about, each directory before what
// is in it.
func (s *Scenario) paths() (list []string) {
	add := func(n string) {
		if n == "" {
			return
		}
		if dir, _, ok := strings.Cut(n, "/"); ok && !slices.Contains(list, dir) {
			list = append(list, dir)
		}
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	if s.links() {
		add("p")
	}
	for _, a := range s.Acts {
		if a.Name == "l" || a.To == "l" {
			add("p")
		}
		add(a.Name)
		add(a.To)
	}
	switch s.Daemon {
	case LooksUp, Executes, Renames:
		add("x")
	}
	return list
}
