package lockdep

import (
	"context"
	"slices"

	"github.com/floodgate-go/floodgate/sched"
)

// Settle holds t, the calling task, until nobody else can go on: the others
// sleep, have ended, or are held in Settle, too. Of several the one with the
// least patience goes on, the first to come among equals, and then the others
// again only when everything has come to rest. So a test brings a program into
// an exact state without a clock and without knowing the program: "the second
// looker wakes late" is a Settle at its next step.
//
// A held task is not a hang. A task that is killed is released and unwinds.
// Like every step of a task, what the others did happens before Settle returns.
func (w *Watch) Settle(t *sched.Task, patience int) {
	c := make(chan struct{})
	w.mu.Lock()
	if w.killed {
		w.mu.Unlock()
	} else {
		at := len(w.settlers)
		for at > 0 && w.settlers[at-1].patience > patience {
			at--
		}
		w.settlers = slices.Insert(w.settlers, at, settler{c, patience})
		w.running--
		w.check()
		w.mu.Unlock()
		<-c
	}
	t.Must(context.Cause(t.Uninterruptible()))
}

// A settler is a task that is held in Settle.
type settler struct {
	c        chan struct{} // closed when it may go on
	patience int
}

// resume lets the first held task go on, and reports whether there was one.
func (w *Watch) resume() bool {
	if len(w.settlers) == 0 {
		return false
	}
	first := w.settlers[0]
	w.settlers = slices.Delete(w.settlers, 0, 1)
	w.running++
	close(first.c)
	return true
}
