package explore

import (
	"fmt"
	"sort"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// A StuckTask is a task that can not go on.
type StuckTask struct {
	Name   string
	Daemon bool
	Op     sched.OpKind // what it is about to do
	Object string       // to what
	On     string       // the queue it sleeps on, where known
	Label  string       // the place in the program it has reached, where known
	Holds  []string     // what it has taken and not given back
	Waits  []string     // the tasks that could let it go on, where known
	index  int
}

// String returns a line such as "rm: down of i_sem at L7, waits for ls".
func (s *StuckTask) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", s.Name, s.Where())
	if len(s.Holds) > 0 {
		fmt.Fprintf(&b, ", holds %s", strings.Join(s.Holds, ", "))
	}
	switch {
	case len(s.Waits) > 0:
		fmt.Fprintf(&b, ", waits for %s", strings.Join(s.Waits, ", "))
	case s.Op == sched.Park:
		b.WriteString(", nobody is left to wake it")
	case s.Op != sched.Yield:
		b.WriteString(", nobody holds it")
	}
	return b.String()
}

// Where says what the task sleeps in, and where.
func (s *StuckTask) Where() string {
	what := fmt.Sprintf("%v of %s", s.Op, s.Object)
	switch {
	case s.Op == sched.Park && s.On != "":
		what = "sleeps on " + s.On
	case s.Op == sched.Park:
		what = "sleeps in " + s.Object
	case s.Op == sched.Yield:
		what = "yields"
	case s.Op == sched.Sleep:
		what = "sleeps until a time that does not come"
	}
	if s.Label != "" {
		what += " at " + s.Label
	}
	return what
}

// stuck makes a finding of a dead end: who waits for whom.
func (e *engine) stuck() {
	var all, yielding, parked set
	for i := range e.n {
		t := e.tasks[i]
		if t.state != pending {
			continue
		}
		all |= t.bit()
		switch t.op.Kind {
		case sched.Yield:
			yielding |= t.bit()
		case sched.Park:
			parked |= t.bit()
		}
	}
	// Who could let i go on: those who hold what it wants; who is noted as
	// the waker of what it sleeps on.
	var waits [maxTasks]set
	for s := all &^ yielding; s != 0; s = s.rest() {
		i := s.lowest()
		waits[i] = e.couldHelp(e.tasks[i])
	}
	// A sleeper whose waker is not known waits for those who, in turn, wait
	// for it: one of them would have come to wake it.
	for s := parked; s != 0; s = s.rest() {
		i := s.lowest()
		if waits[i] == 0 {
			waits[i] = reaching(i, all, &waits) &^ one(i)
		}
	}
	circle := inCircle(all, &waits)

	f := &found{task: noTask}
	involved := all
	must := all &^ e.daemons
	switch {
	case circle != 0:
		f.kind = Deadlock
		involved = circle
		for s := all &^ circle; s != 0; s = s.rest() {
			if i := s.lowest(); waits[i]&circle != 0 && must.has(i) {
				involved |= one(i)
			}
		}
		f.msg = e.names(circle, " ⇄ ") + ": each waits for the next"
	case must&yielding != 0:
		f.kind = Livelock
		involved = must
		f.msg = fmt.Sprintf("%s only yield%s, and nobody is left to change anything",
			e.names(must&yielding, ", "), plural(must&yielding))
	case must&parked != 0:
		f.kind = LostWakeup
		involved = must
		f.msg = fmt.Sprintf("%s sleep%s and nobody is left to wake it", e.names(must&parked, ", "), plural(must&parked))
	default:
		f.kind = Deadlock
		involved = must
		f.msg = fmt.Sprintf("%s wait%s for what nobody is left to give", e.names(must, ", "), plural(must))
	}
	var sig []string
	for s := involved; s != 0; s = s.rest() {
		i := s.lowest()
		st := e.stuckTask(e.tasks[i], waits[i])
		f.stuck = append(f.stuck, st)
		sig = append(sig, st.Name+" "+st.Where()+" holding "+strings.Join(st.Holds, ","))
	}
	sort.Strings(sig)
	f.sig = strings.Join(sig, "; ")
	e.fail(f)
}

func plural(s set) string {
	if s.rest() == 0 {
		return "s"
	}
	return ""
}

func (e *engine) names(s set, sep string) string {
	var names []string
	for ; s != 0; s = s.rest() {
		names = append(names, e.tasks[s.lowest()].name)
	}
	return strings.Join(names, sep)
}

// couldHelp returns who could let t go on, as far as it is known.
func (e *engine) couldHelp(t *task) set {
	o := t.op.Obj
	if t.op.On != nil {
		o = t.op.On
	}
	if o == nil {
		return 0
	}
	var help set
	if w := o.Waker(); w != nil {
		for i := range e.n {
			if u := e.tasks[i]; u.st != nil && u.st.Is(w) && u.state != ended {
				help |= u.bit()
			}
		}
	}
	switch t.op.Kind {
	case sched.Lock, sched.RLock, sched.Down:
		help |= e.object(o).holders()
	}
	return help
}

// reaching returns the tasks that wait for i, directly or through others.
func reaching(i int, all set, waits *[maxTasks]set) set {
	r := one(i)
	for again := true; again; {
		again = false
		for s := all &^ r; s != 0; s = s.rest() {
			if j := s.lowest(); waits[j]&r != 0 {
				r |= one(j)
				again = true
			}
		}
	}
	return r
}

// inCircle returns the tasks that wait for themselves through others.
func inCircle(all set, waits *[maxTasks]set) (circle set) {
	for s := all; s != 0; s = s.rest() {
		i := s.lowest()
		if waits[i]&reaching(i, all, waits) != 0 {
			circle |= one(i)
		}
	}
	return circle
}

func (e *engine) stuckTask(t *task, waits set) StuckTask {
	s := StuckTask{Name: t.name, Daemon: t.daemon, Op: t.op.Kind, Object: objectName(t.op.Obj), index: t.i}
	if t.op.On != nil {
		s.On = objectName(t.op.On)
	}
	if l := t.label(); l != nil {
		s.Label = l.String()
	}
	for _, o := range e.objs[:e.nobj] {
		if o.holders().has(t.i) {
			s.Holds = append(s.Holds, objectName(&o.Object))
		}
	}
	for ; waits != 0; waits = waits.rest() {
		s.Waits = append(s.Waits, e.tasks[waits.lowest()].name)
	}
	return s
}

// overrun makes a finding of an execution that did not end.
func (e *engine) overrun() {
	t := e.last
	e.fail(&found{kind: Endless, task: t.i, sig: "step limit", msg: fmt.Sprintf(
		"no end after %d steps; task %s was the last to run. A loop that waits for another task must call Yield, "+
			"or sleep; a program that needs more steps needs MaxSteps", e.nsteps, t.name)})
}

// verify looks at what is left when everybody who must has ended.
func (e *engine) verify() {
	for _, o := range e.objs[:e.nobj] {
		if o.balance == 0 || o.setup {
			continue
		}
		switch {
		case o.Kind == sched.KindMutex && o.holders()&^e.daemons != 0:
			i := (o.holders() &^ e.daemons).lowest()
			e.fail(&found{kind: Leak, task: i, sig: "held " + objectName(&o.Object), msg: fmt.Sprintf(
				"task %s has ended and still holds %s", e.tasks[i].name, objectName(&o.Object))})
		case o.Kind == sched.KindSemaphore && e.mustBalance(o) && (o.holders() == 0 || o.holders()&^e.daemons != 0):
			what := "more ups than downs"
			if o.balance > 0 {
				what = "more downs than ups"
			}
			e.fail(&found{kind: Leak, task: noTask, sig: "balance " + objectName(&o.Object), msg: fmt.Sprintf(
				"semaphore %s is not balanced: %s, by %d", objectName(&o.Object), what, max(o.balance, -o.balance))})
		}
	}
	for _, f := range e.checks {
		if e.found != nil {
			return
		}
		e.inert("Check", f)
	}
}

func (e *engine) mustBalance(o *object) bool {
	if o.Strict {
		return true
	}
	for _, name := range e.balanced {
		if name == o.Name {
			return true
		}
	}
	return false
}
