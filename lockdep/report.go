package lockdep

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// String returns the whole picture, as [Hang.Report] prints it.
func (h *Hang) String() string {
	var b strings.Builder
	_ = h.Report(&b) // a Builder does not fail
	return b.String()
}

// Report prints the whole picture: each task that sleeps, where, since when,
// what it holds and whom it waits for; and the cycle.
func (h *Hang) Report(out io.Writer) error {
	w := &printer{out: out}
	switch {
	case h.Cause != nil:
		w.printf("lockdep: gave up waiting: %v", h.Cause)
	case h.Partial:
		w.printf("lockdep: partial hang: %s wait for each other", count(len(h.Tasks), "task"))
	default:
		w.printf("lockdep: hang: %s blocked, and nobody left to wake them", count(len(h.Tasks), "task"))
	}
	w.printf(" (step %d, %v after the start)\n", h.Step, round(h.Age))
	for _, s := range h.Tasks {
		w.sleeper(&s, h.At)
	}
	for _, t := range h.Running {
		w.printf("\n  task %v", t)
		w.tags(t)
		w.printf("\n      runs\n")
	}
	if len(h.Cycle) > 0 {
		w.printf("\n  wait-for cycle:\n")
		for _, e := range h.Cycle {
			w.printf("      %v sleeps on %v, which %v %v\n", e.From, e.Object, e.To, e.Why)
		}
	}
	return w.err
}

type printer struct {
	out io.Writer
	err error
}

func (w *printer) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

func (w *printer) tags(t TaskName) {
	if t.Daemon {
		w.printf(" (daemon)")
	}
	if t.Label != "" {
		w.printf(" at %s", t.Label)
	}
}

func (w *printer) sleeper(s *Sleeper, at time.Time) {
	w.printf("\n  task %v", s.TaskName)
	w.tags(s.TaskName)
	w.printf("\n      sleeps in  %v of %v %v, since step %d", s.Op, s.Object.Kind, s.Object, s.Step)
	if !s.Since.IsZero() {
		w.printf(" (%v)", round(at.Sub(s.Since)))
	}
	w.printf("\n      holds      ")
	if len(s.Holds) == 0 {
		w.printf("nothing")
	}
	for i, d := range s.Holds {
		if i > 0 {
			w.printf("\n                 ")
		}
		w.printf("%v, by %v", d.Object, d.Op)
		if d.Permits > 1 {
			w.printf(" of %d", d.Permits)
		}
		w.printf(" at step %d", d.Step)
	}
	w.printf("\n      waits for  ")
	if len(s.Waits) == 0 {
		w.printf("nobody known")
	}
	for i, x := range s.Waits {
		if i > 0 {
			w.printf("\n                 ")
		}
		switch x.Why {
		case Took:
			w.printf("an up; %v was the last to down it", x.For)
		default:
			w.printf("%v, which %v it", x.For, x.Why)
		}
	}
	w.printf("\n")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// round keeps about three digits.
func round(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}

// MarshalJSON encodes the picture with kinds, operations and reasons as words,
// times as RFC 3339 and durations in nanoseconds.
func (h *Hang) MarshalJSON() ([]byte, error) {
	type object struct {
		Kind string `json:"kind"`
		Name string `json:"name,omitempty"`
		ID   int    `json:"id"`
	}
	type held struct {
		Object  object `json:"object"`
		Op      string `json:"op"`
		Permits int64  `json:"permits"`
		Step    uint64 `json:"step"`
	}
	type waits struct {
		For TaskName `json:"for"`
		Why string   `json:"why"`
	}
	type sleeper struct {
		TaskName
		Op     string     `json:"op"`
		Object object     `json:"object"`
		Step   uint64     `json:"step"`
		Since  *time.Time `json:"since,omitempty"`
		Holds  []held     `json:"holds"`
		Waits  []waits    `json:"waitsFor"`
	}
	type edge struct {
		From   TaskName `json:"from"`
		Object object   `json:"object"`
		Why    string   `json:"why"`
		To     TaskName `json:"to"`
	}
	name := func(n ObjectName) object { return object{n.Kind.String(), n.Name, n.ID} }
	v := struct {
		Partial bool       `json:"partial"`
		Cause   string     `json:"cause,omitempty"`
		Step    uint64     `json:"step"`
		At      time.Time  `json:"at"`
		Age     int64      `json:"age"`
		Tasks   []sleeper  `json:"tasks"`
		Running []TaskName `json:"running,omitempty"`
		Cycle   []edge     `json:"cycle,omitempty"`
	}{Partial: h.Partial, Step: h.Step, At: h.At, Age: int64(h.Age), Tasks: []sleeper{}, Running: h.Running}
	if h.Cause != nil {
		v.Cause = h.Cause.Error()
	}
	for _, s := range h.Tasks {
		z := sleeper{TaskName: s.TaskName, Op: s.Op.String(), Object: name(s.Object), Step: s.Step, Holds: []held{}, Waits: []waits{}}
		if !s.Since.IsZero() {
			z.Since = &s.Since
		}
		for _, d := range s.Holds {
			z.Holds = append(z.Holds, held{name(d.Object), d.Op.String(), d.Permits, d.Step})
		}
		for _, x := range s.Waits {
			z.Waits = append(z.Waits, waits{x.For, x.Why.String()})
		}
		v.Tasks = append(v.Tasks, z)
	}
	for _, e := range h.Cycle {
		v.Cycle = append(v.Cycle, edge{e.From, name(e.Object), e.Why.String(), e.To})
	}
	return json.Marshal(v)
}
