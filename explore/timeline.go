package explore

import (
	"fmt"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// A Timeline is what one execution did, step by step.
type Timeline struct {
	Tasks []string // names, in the order of their start
	Rows  []Row
	Spans []Span // locks held, by column

	inner  []string
	asleep map[int]int // task -> row in which it began to wait
	opened map[int]int // task -> row that let it go on
	spans  map[[2]int]int
}

// A Row is one line of a timeline: a step, the begin of a wait, or a remark.
type Row struct {
	Task   int // column; -1: the set-up or the environment
	Step   int // number of the step in the whole execution, from 1; 0: no step
	Own    int // number of the step of its task, as in a schedule
	Op     sched.OpKind
	Object string
	On     string // queue slept on
	Label  string // place in the program
	Value  int64
	Failed bool
	Waits  bool   // the task begins to wait here, as its step is not possible
	Woken  int    // row that ended the wait that this step was in; -1: none
	Slept  int    // row in which that wait began
	Wakes  []int  // columns of the tasks that this step lets go on
	Note   string // a remark, or what else the step did
	Switch bool   // somebody else took the step before
}

// A Span is a lock or permit held by a task, from row to row.
type Span struct {
	Task     int
	Object   string
	From, To int // To is len(Rows) when it was not given back
}

func newTimeline() *Timeline {
	return &Timeline{asleep: map[int]int{}, opened: map[int]int{}, spans: map[[2]int]int{}}
}

func (l *Timeline) column(e *engine, t *task) int {
	for len(l.Tasks) < e.n {
		l.Tasks = append(l.Tasks, e.tasks[len(l.Tasks)].name)
	}
	if t == nil {
		return noTask
	}
	return t.i
}

// effect notes one operation of a step; only the outermost makes a row.
func (l *Timeline) effect(_ *engine, _ *task, op *sched.Op, result int64, outer bool) {
	if !outer {
		s := op.Kind.String() + " " + objectName(op.Obj)
		if op.Failed {
			s += " failed"
		}
		l.inner = append(l.inner, s)
	}
}

// step notes a step that is over.
func (l *Timeline) step(e *engine, t *task, op *sched.Op, result int64) {
	r := l.row(e, t, op, t.steps)
	r.Step, r.Value, r.Failed = e.nsteps, result, op.Failed
	for i, s := range l.inner {
		if i > 0 {
			r.Note += ", "
		}
		r.Note += s
	}
	l.inner = l.inner[:0]
	if row, ok := l.asleep[t.i]; ok {
		r.Slept = row
		if by, ok := l.opened[t.i]; ok {
			r.Woken = by
		}
		delete(l.asleep, t.i)
		delete(l.opened, t.i)
	}
	at := len(l.Rows)
	for i := range e.n {
		if _, ok := l.asleep[i]; !ok {
			continue
		}
		if _, ok := l.opened[i]; !ok && e.ready(e.tasks[i]) {
			l.opened[i] = at
			r.Wakes = append(r.Wakes, i)
		}
	}
	for j := at - 1; j >= 0; j-- {
		if l.Rows[j].Step > 0 {
			r.Switch = l.Rows[j].Task != r.Task
			break
		}
	}
	l.Rows = append(l.Rows, r)
	l.hold(e, op, at)
}

// waiting notes those whose announced step is not possible, before a decision.
func (l *Timeline) waiting(e *engine, enabled set) {
	for g := e.gated &^ enabled; g != 0; g = g.rest() {
		t := e.tasks[g.lowest()]
		if _, ok := l.asleep[t.i]; ok || t.idle {
			continue
		}
		l.asleep[t.i] = len(l.Rows)
		l.Rows = append(l.Rows, l.row(e, t, &t.op, t.steps+1))
		l.Rows[len(l.Rows)-1].Waits = true
	}
}

func (l *Timeline) row(e *engine, t *task, op *sched.Op, own int) Row {
	r := Row{Task: l.column(e, t), Own: own, Op: op.Kind, Woken: -1, Slept: -1}
	if op.Obj != nil {
		r.Object = objectName(op.Obj)
	}
	if op.On != nil {
		r.On = objectName(op.On)
	}
	if lb := t.label(); lb != nil {
		r.Label = lb.ID
	}
	return r
}

// hold keeps the spans.
func (l *Timeline) hold(e *engine, op *sched.Op, at int) {
	if op.Obj == nil || op.Failed {
		return
	}
	id := op.Obj.ID
	o := e.object(op.Obj)
	for i := range e.n {
		key := [2]int{i, id}
		s, open := l.spans[key]
		switch {
		case o.holders().has(i) && !open:
			l.spans[key] = len(l.Spans)
			l.Spans = append(l.Spans, Span{Task: i, Object: objectName(op.Obj), From: at, To: -1})
		case open && !o.holders().has(i):
			l.Spans[s].To = at
			delete(l.spans, key)
		}
	}
}

// choice notes an input that was chosen.
func (l *Timeline) choice(e *engine, t *task, v, n int) {
	r := Row{Task: l.column(e, t), Op: sched.Choose, Value: int64(v), Woken: -1, Slept: -1, Note: fmt.Sprintf("of %d", n)}
	if t != nil {
		r.Own = t.steps
	}
	l.Rows = append(l.Rows, r)
}

// log notes a remark of the program.
func (l *Timeline) log(e *engine, t *task, text string) {
	l.Rows = append(l.Rows, Row{Task: l.column(e, t), Op: sched.Start, Woken: -1, Slept: -1, Note: "# " + text})
}

// close ends the record.
func (l *Timeline) close(e *engine) {
	l.column(e, nil)
	if f := e.found; f != nil && len(f.stuck) == 0 && f.kind != Endless {
		l.end(f, e.foundStep)
	}
	for i := range l.Spans {
		if l.Spans[i].To < 0 {
			l.Spans[i].To = len(l.Rows)
		}
	}
}

// end drops what came after the finding, and says what it was.
func (l *Timeline) end(f *found, step int) {
	n := 0
	for i := range l.Rows {
		if r := &l.Rows[i]; r.Step > step {
			break
		} else if r.Step > 0 || n == i && !r.Waits {
			n = i + 1
		}
	}
	l.Rows = l.Rows[:n]
	for i := range l.Spans {
		if s := &l.Spans[i]; s.To > n {
			s.To = n
		}
	}
	note := "✗ " + f.kind.String()
	if f.kind == Failure || f.kind == Broken {
		note = "✗ " + f.msg
		if i := strings.Index(note, ": "); i > 0 && f.task != noTask {
			note = "✗ " + note[i+2:]
		}
	}
	l.Rows = append(l.Rows, Row{Task: f.task, Op: sched.Start, Woken: -1, Slept: -1, Note: note})
}
