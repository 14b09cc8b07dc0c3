package lockdep

import (
	"fmt"

	"github.com/floodgate-go/floodgate/sched"
)

// A Panic is a fault: a task's panic that was not its being killed. The task
// has ended.
type Panic struct {
	Task  *sched.Task // nil for the function of a timer
	Value any         // what it panicked with
	Stack []byte      // where, as [runtime/debug.Stack] has it
}

// Error names the task and the value.
func (p *Panic) Error() string {
	if p.Task == nil {
		return fmt.Sprintf("lockdep: timer panicked: %v", p.Value)
	}
	return fmt.Sprintf("lockdep: %v panicked: %v", p.Task, p.Value)
}

// Unwrap returns the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Report keeps a fault for [Watch.Faults]. It returns at once and changes
// nothing for the caller ([sched.Reporter]).
func (w *Watch) Report(fault error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) < w.cfg.MaxFaults {
		w.faults = append(w.faults, fault)
	} else {
		w.dropped++
	}
}

// Faults returns what was reported, in order: uses after the end of a life,
// counts that saturated, panics. Past [Config.MaxFaults] they are only counted;
// more is how many were not kept.
func (w *Watch) Faults() (faults []error, more int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]error(nil), w.faults...), w.dropped
}

// Steps returns the number of steps that the watch has seen: operations that
// can block or that can end a sleep.
func (w *Watch) Steps() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.steps
}
