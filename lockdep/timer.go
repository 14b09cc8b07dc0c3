package lockdep

import (
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A timer is a call that AfterFunc promised. While it is pending it counts as
// somebody who runs, because it may end any sleep.
type timer struct {
	w          *Watch
	f          func()
	stop       func() bool
	next, prev *timer
	over       bool // fired or stopped
}

// AfterFunc calls f on a goroutine when d has passed on the clock. As long as
// it is pending or runs, the run has not hung. [Watch.Kill] stops it,
// [Watch.Join] waits for it if it has begun. A panic of f is kept as a fault.
func (w *Watch) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	tm := &timer{w: w, f: f}
	w.mu.Lock()
	if w.killed { // whoever would be called is being torn down
		w.mu.Unlock()
		return func() bool { return false }
	}
	w.running++
	tm.next = w.timers
	if tm.next != nil {
		tm.next.prev = tm
	}
	w.timers = tm
	// Under the lock, so that the callback finds stop in its place.
	tm.stop = sched.AfterFunc(w.cfg.Inner, d, tm.fire)
	w.mu.Unlock()
	return tm.cancel
}

func (tm *timer) fire() {
	w := tm.w
	w.mu.Lock()
	if tm.over {
		w.mu.Unlock()
		return
	}
	tm.end()
	w.all++
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.all--
		w.running--
		if w.all == 0 {
			w.notify()
		}
		w.check()
		w.mu.Unlock()
	}()
	defer w.catch(nil)
	tm.f()
}

// cancel stops the timer and reports whether it had neither fired nor been
// stopped before.
func (tm *timer) cancel() bool {
	w := tm.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if tm.over {
		return false
	}
	tm.end()
	tm.stop()
	w.running--
	w.check()
	return true
}

// end takes the timer from the list of pending ones.
func (tm *timer) end() {
	tm.over = true
	if tm.prev != nil {
		tm.prev.next = tm.next
	} else if tm.w.timers == tm {
		tm.w.timers = tm.next
	}
	if tm.next != nil {
		tm.next.prev = tm.prev
	}
}

// Hold says that somebody who is not a task of the watch is at work and may
// end a sleep: a goroutine of the program's own, a signal, a network peer.
// Nothing is called a hang until release is called. Further calls of release
// do nothing.
func (w *Watch) Hold() (release func()) {
	w.mu.Lock()
	w.running++
	w.mu.Unlock()
	done := false
	return func() {
		w.mu.Lock()
		if !done {
			done = true
			w.running--
			w.check()
		}
		w.mu.Unlock()
	}
}
