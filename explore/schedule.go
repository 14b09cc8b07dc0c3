package explore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// A Schedule is a way through a program: what differs from the default rule,
// which is that whoever runs goes on, else the first task that can, and that
// each input is 0. Each deviation is keyed by the number of steps that a task
// has taken itself, so that one can be dropped without shifting the others.
type Schedule struct {
	moves []move
	names []string // of the tasks, where known
}

// A move is a deviation: when task is about to take its n-th step, run another
// one; or its n-th step is a choice, and takes another input than 0.
type move struct {
	task  int // noTask: the set-up
	n     int
	run   int // noTask: an input
	input int
}

// Len returns the number of deviations from the default rule.
func (s Schedule) Len() int { return len(s.moves) }

// String returns the schedule in the form used in tokens: "a5>b" for "when task
// a is at its step 5, run b", "a5=2" for "the choice that is step 5 of a is 2";
// numbers have base 36, tasks are letters in the order of their start, and "-"
// is the set-up.
func (s Schedule) String() string {
	parts := make([]string, len(s.moves))
	for i, m := range s.moves {
		who := "-"
		if m.task != noTask {
			who = letter(m.task)
		}
		parts[i] = who + strconv.FormatInt(int64(m.n), 36)
		if m.run != noTask {
			parts[i] += ">" + letter(m.run)
		} else {
			parts[i] += "=" + strconv.FormatInt(int64(m.input), 36)
		}
	}
	return strings.Join(parts, ".")
}

// Explain returns the schedule in words.
func (s Schedule) Explain() string {
	if len(s.moves) == 0 {
		return "run each task as far as it gets, in the order of their start"
	}
	parts := make([]string, len(s.moves))
	for i, m := range s.moves {
		if m.run != noTask {
			parts[i] = fmt.Sprintf("when %s is at its step %d, run %s", s.name(m.task), m.n, s.name(m.run))
		} else {
			parts[i] = fmt.Sprintf("choice at step %d of %s is %d", m.n, s.name(m.task), m.input)
		}
	}
	return strings.Join(parts, "; ")
}

func (s Schedule) name(i int) string {
	switch {
	case i == noTask:
		return "the set-up"
	case i < len(s.names):
		for j, n := range s.names {
			if j != i && n == s.names[i] {
				return s.names[i] + "(" + letter(i) + ")"
			}
		}
		return s.names[i]
	}
	return letter(i)
}

// ErrToken is matched by the error for a token that is none.
var ErrToken = errors.New("explore: not a token")

// token packs what a program did under a schedule, and the schedule.
func token(print uint64, s Schedule) string {
	t := strconv.FormatUint(print%(36*36*36*36*36*36), 36)
	t = strings.Repeat("0", 6-len(t)) + t
	if s.Len() > 0 {
		t += "." + s.String()
	}
	return t
}

func parseToken(t string) (print string, s Schedule, err error) {
	bad := func(why string) error { return fmt.Errorf("%w: %q: %s", ErrToken, t, why) }
	print, rest, more := strings.Cut(t, ".")
	if len(print) != 6 || strings.Trim(print, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		return "", s, bad("it should start with six letters or digits and a dot")
	}
	if !more {
		return print, s, nil
	}
	for _, p := range strings.Split(rest, ".") {
		i := strings.IndexAny(p, ">=")
		if i < 2 {
			return "", s, bad(fmt.Sprintf("%q is no deviation such as a5>b or a5=1", p))
		}
		m := move{run: noTask}
		var ok bool
		if m.task, ok = unletter(p[0]); !ok && p[0] != '-' {
			return "", s, bad(fmt.Sprintf("%q names no task", p))
		}
		n, err := strconv.ParseInt(p[1:i], 36, 31)
		if err != nil || n < 1 {
			return "", s, bad(fmt.Sprintf("%q has no step number", p))
		}
		m.n = int(n)
		if p[i] == '>' {
			if m.run, ok = unletter(p[len(p)-1]); !ok || i != len(p)-2 {
				return "", s, bad(fmt.Sprintf("%q does not say whom to run", p))
			}
		} else {
			v, err := strconv.ParseInt(p[i+1:], 36, 31)
			if err != nil || v < 0 {
				return "", s, bad(fmt.Sprintf("%q has no input", p))
			}
			m.input = int(v)
		}
		s.moves = append(s.moves, m)
	}
	return print, s, nil
}

func unletter(c byte) (int, bool) {
	for i := range maxTasks {
		if letter(i)[0] == c {
			return i, true
		}
	}
	return noTask, false
}

// guided follows the decisions of an execution, or a schedule. On the way it
// finds out what the schedule is, and takes a print of the program.
type guided struct {
	exact []decision // the execution to repeat, or nil
	moves []move     // the schedule to follow
	met   int        // of them, those that came up
	lost  string     // why one that came up could not be followed

	derived []move
	print   uint64
}

func (g *guided) begin(*engine) {
	g.met, g.lost = 0, ""
	g.derived = g.derived[:0]
	g.print = 14695981039346656037
}

func (g *guided) hash(v uint64) {
	for range 4 {
		g.print = (g.print ^ v&0xff) * 1099511628211
		v >>= 8
	}
}

func (g *guided) born(*engine, *task) {}

func (g *guided) announced(*engine, *task) {}

func (g *guided) executed(_ *engine, t *task) {
	id := 0
	if t.op.Obj != nil {
		id = t.op.Obj.ID<<8 | int(t.op.Obj.Kind)
	}
	g.hash(uint64(t.i)<<8 | uint64(t.op.Kind))
	g.hash(uint64(id))
}

func (g *guided) pick(e *engine) int {
	en := e.enabled()
	if e.line != nil {
		e.line.waiting(e, en)
	}
	if g.exact != nil && len(e.rec) < len(g.exact) {
		d := &g.exact[len(e.rec)]
		if en == 0 || d.kind == sched.Choose || !en.has(int(d.task)) {
			e.strayed(len(e.rec), int(d.task), d.kind, d.obj, "it can not")
			return noTask
		}
		if t := e.tasks[d.task]; t.op.Kind != d.kind || t.op.Obj != nil && int32(t.op.Obj.ID) != d.obj {
			e.strayed(len(e.rec), int(d.task), d.kind, d.obj,
				fmt.Sprintf("its step is %v of %s", t.op.Kind, objectName(t.op.Obj)))
			return noTask
		}
	}
	if en == 0 {
		return e.nobody()
	}
	def := e.preferred(en)
	run := def
	at := move{task: 0, n: e.tasks[0].steps + 1, run: noTask}
	if e.last != nil {
		at = move{task: e.last.i, n: e.last.steps + 1}
	}
	if g.exact != nil {
		if len(e.rec) < len(g.exact) {
			run = int(g.exact[len(e.rec)].task)
		}
	} else if m := g.find(at.task, at.n, true); m != nil {
		if m.run < e.n && en.has(m.run) {
			run = m.run
		} else {
			g.lost = fmt.Sprintf("task %s can not run when %s is at its step %d", letter(m.run), letter(at.task), at.n)
		}
	}
	if run != def {
		at.run = run
		g.derived = append(g.derived, at)
	}
	return run
}

func (g *guided) find(task, n int, runs bool) *move {
	for i := range g.moves {
		if m := &g.moves[i]; m.task == task && m.n == n && (m.run != noTask) == runs {
			g.met++
			return m
		}
	}
	return nil
}

func (g *guided) choose(e *engine, n int) int {
	at := move{task: noTask, n: int(e.setupN) + 1, run: noTask}
	if t := e.caller(); t != nil {
		at.task, at.n = t.i, t.steps+1
	}
	g.hash(uint64(n))
	if g.exact != nil {
		if len(e.rec) < len(g.exact) {
			if d := g.exact[len(e.rec)]; d.kind == sched.Choose && int(d.obj) == n {
				at.input = int(d.value)
			} else {
				e.strayed(len(e.rec), int(d.task), d.kind, d.obj, fmt.Sprintf("a choice of %d inputs is made", n))
			}
		}
	} else if m := g.find(at.task, at.n, false); m != nil {
		if m.input < n {
			at.input = m.input
		} else {
			g.lost = fmt.Sprintf("the choice has %d inputs, so it can not be %d", n, m.input)
		}
	}
	if at.input != 0 {
		g.derived = append(g.derived, at)
	}
	return at.input
}

func (g *guided) end(e *engine) bool {
	for _, t := range e.tasks[:e.n] {
		for _, c := range []byte(t.name) {
			g.hash(uint64(c))
		}
	}
	return false
}
