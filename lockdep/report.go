package lockdep

import (
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

// Format prints the whole picture for %+v, and what Error returns otherwise.
func (h *Hang) Format(f fmt.State, verb rune) { format(f, verb, h) }

// format formats an error that also has a long form.
func format(f fmt.State, verb rune, err interface {
	error
	fmt.Stringer
}) {
	if verb == 'v' && f.Flag('+') {
		_, _ = io.WriteString(f, err.String()) // there is nobody to tell
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), err.Error())
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
	w.printf("\n")
	w.holds(s.Holds)
	w.printf("      waits for  ")
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

func (w *printer) holds(list []Held) {
	if len(list) == 0 {
		w.printf("      holds      nothing\n")
	}
	for i, d := range list {
		word := "holds"
		if i > 0 {
			word = ""
		}
		w.printf("      %-9s  %v, by %v", word, d.Object, d.Op)
		if d.Permits > 1 {
			w.printf(" of %d", d.Permits)
		}
		w.printf(" at step %d", d.Step)
		if d.Label != "" {
			w.printf(", at %s", d.Label)
		}
		w.printf("\n")
		w.site(d.Site)
	}
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
