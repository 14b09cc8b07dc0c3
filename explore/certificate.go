package explore

import (
	"fmt"
	"strings"
	"time"
)

// A Result is what an exploration has come to.
type Result struct {
	Findings    []*Finding // in the order in which they were found
	Certificate Certificate
}

// A Certificate says what was explored.
type Certificate struct {
	Phases     []PhaseResult
	Executions uint64
	Steps      int  // of an execution under the default rule
	Fine       bool // each atomic and lock in a primitive was a step
	Elapsed    time.Duration
}

// A PhaseResult says what one phase of a plan has explored.
type PhaseResult struct {
	Name       string
	Executions uint64
	// Traces is the number of executions that a tree search took to their
	// end; no two of them are the same up to the order of independent
	// steps. The others were given up as soon as they were known to be.
	Traces  uint64
	Cut     uint64 // executions that reached the step limit
	Steps   uint64
	Longest int // steps of the longest execution
	Elapsed time.Duration

	// Exhausted says that the search has left nothing out: all that Covers
	// names was seen.
	Exhausted bool
	Covers    string // "every order of dependent steps"; empty for samples
}

// Exhausted reports whether some phase has searched everything.
func (c *Certificate) Exhausted() bool {
	for i := range c.Phases {
		if c.Phases[i].Exhausted {
			return true
		}
	}
	return false
}

// String returns the certificate on a line for each phase.
func (c *Certificate) String() string {
	var b strings.Builder
	for i := range c.Phases {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(c.Phases[i].String())
	}
	return b.String()
}

// String returns a line such as "DPOR: exhausted every order of dependent steps:
// 5,175 executions, 4,887 traces, 412,011 steps in 61ms".
func (r *PhaseResult) String() string {
	var b strings.Builder
	b.WriteString(r.Name + ": ")
	switch {
	case r.Exhausted:
		b.WriteString("exhausted " + r.Covers + ": ")
	case r.Covers != "":
		b.WriteString("not exhausted: ")
	}
	fmt.Fprintf(&b, "%s executions", thousands(r.Executions))
	if r.Covers != "" {
		fmt.Fprintf(&b, ", %s traces", thousands(r.Traces))
	}
	if r.Cut > 0 {
		fmt.Fprintf(&b, ", %s of them cut at the step limit", thousands(r.Cut))
	}
	fmt.Fprintf(&b, ", %s steps in %v", thousands(r.Steps), r.Elapsed.Round(10*time.Microsecond))
	return b.String()
}

func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count adds the last execution of e.
func (r *PhaseResult) count(e *engine) {
	r.Executions++
	if e.outcome != redundant {
		r.Traces++
	}
	if e.outcome == overlong {
		r.Cut++
	}
	r.Steps += uint64(e.nsteps)
	r.Longest = max(r.Longest, e.nsteps)
}

func (r *PhaseResult) add(s *PhaseResult) {
	r.Executions += s.Executions
	r.Traces += s.Traces
	r.Cut += s.Cut
	r.Steps += s.Steps
	r.Longest = max(r.Longest, s.Longest)
}

// Progress is what [OnProgress] is told.
type Progress struct {
	Phase      string
	Executions uint64 // of this phase, by one worker
	Steps      uint64
	Findings   int
	Elapsed    time.Duration // in this phase
}
