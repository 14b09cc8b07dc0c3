package explore

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/floodgate-go/floodgate/sched"
)

// Text returns the timeline as text: a column for each task, a line for each
// step. A bar in front of a step is a lock that the task holds; "·" is a task
// that waits; "zz" is where it goes to sleep, and "→" whom a step lets go on.
// With lines > 0 it is the last so many lines, long runs of one task folded.
func (l *Timeline) Text(lines int) string {
	rows := l.Rows
	width := 8
	cells := make([]string, len(rows))
	for i, r := range rows {
		cells[i] = l.cell(&r)
		if r.Task != noTask && r.Op != sched.Start {
			width = max(width, utf8.RuneCountInString(cells[i])+3)
		}
	}
	for _, t := range l.Tasks {
		width = max(width, utf8.RuneCountInString(t)+2)
	}
	width = min(width, max(20, 120/max(len(l.Tasks), 1)))

	var out []string
	waiting := map[int]bool{}
	run := 0
	for i := range rows {
		r := &rows[i]
		if lines > 0 && l.foldable(rows, i) {
			run++
			continue
		}
		if run > 0 {
			out = append(out, fmt.Sprintf("%5s %s(%d steps)", "", strings.Repeat(" ", max(r.Task, 0)*width+3), run))
			run = 0
		}
		var b strings.Builder
		num := ""
		if r.Step > 0 {
			num = fmt.Sprint(r.Step)
		}
		fmt.Fprintf(&b, "%5s ", num)
		for t := range l.Tasks {
			if r.Task == noTask {
				b.WriteString("   " + cells[i])
				break
			}
			bars := min(l.held(t, i), 3)
			col := strings.Repeat("│", bars) + strings.Repeat(" ", 3-bars)
			switch {
			case t == r.Task:
				col += cells[i]
			case waiting[t]:
				col += "·"
			}
			if t < len(l.Tasks)-1 {
				col += strings.Repeat(" ", max(width-utf8.RuneCountInString(col), 1))
			}
			b.WriteString(col)
		}
		out = append(out, strings.TrimRight(b.String(), " "))
		switch {
		case r.Waits:
			waiting[r.Task] = true
		case r.Step > 0:
			delete(waiting, r.Task)
		}
	}
	var b strings.Builder
	if lines > 0 && len(out) > lines {
		fmt.Fprintf(&b, "%5s (%d lines before)\n", "", len(out)-lines)
		out = out[len(out)-lines:]
	}
	head := "      "
	for i, t := range l.Tasks {
		t = letter(i) + " " + t
		head += "   " + t + strings.Repeat(" ", max(width-3-utf8.RuneCountInString(t), 1))
	}
	b.WriteString(strings.TrimRight(head, " ") + "\n")
	for _, s := range out {
		b.WriteString(s + "\n")
	}
	return b.String()
}

// foldable tells whether row i is in the middle of a long run of its task in
// which nothing happens to others.
func (l *Timeline) foldable(rows []Row, i int) bool {
	const keep = 3
	if i < keep || i+keep >= len(rows) {
		return false
	}
	for j := i - keep; j <= i+keep; j++ {
		r := &rows[j]
		if r.Task != rows[i].Task || r.Step == 0 || len(r.Wakes) > 0 {
			return false
		}
	}
	return true
}

// held returns the number of locks that task t holds while row i happens.
func (l *Timeline) held(t, i int) (n int) {
	for _, s := range l.Spans {
		if s.Task == t && s.From < i && i <= s.To {
			n++
		}
	}
	return n
}

// cell says what a row is, in its column.
func (l *Timeline) cell(r *Row) string {
	var b strings.Builder
	if r.Label != "" {
		b.WriteString(r.Label + " ")
	}
	switch {
	case r.Op == sched.Start:
		return r.Note
	case r.Op == sched.Choose:
		return fmt.Sprintf("choose %d %s", r.Value, r.Note)
	case r.Waits && r.On != "":
		return b.String() + "zz on " + r.On
	case r.Waits:
		return b.String() + fmt.Sprintf("zz %v %s", r.Op, r.Object)
	}
	fmt.Fprintf(&b, "%v %s", r.Op, r.Object)
	switch r.Op {
	case sched.Load, sched.Store, sched.Update, sched.Inspect, sched.Wake, sched.Get, sched.Put:
		fmt.Fprintf(&b, " = %d", r.Value)
	}
	if r.Failed {
		b.WriteString(" failed")
	}
	if len(r.Wakes) > 0 {
		b.WriteString(" →")
		for i, w := range r.Wakes {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(" " + l.Tasks[w])
		}
	}
	return b.String()
}
