package sched

import "time"

// A Clock tells the time and calls back later. Durations and times are those
// of package time; a scheduler may use a clock of its own that moves only when
// all its tasks sleep.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// AfterFunc calls f once, in a task or goroutine of its own, when d has
	// passed. The returned function stops that; it reports false when f was
	// started or stopped before.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// Now returns the current time of s, the real one when s is nil.
func Now(s Scheduler) time.Time {
	if s == nil {
		return time.Now()
	}
	return s.Now()
}

// AfterFunc calls f once when d has passed on the clock of s. See
// [Clock.AfterFunc].
func AfterFunc(s Scheduler, d time.Duration, f func()) (stop func() bool) {
	if s == nil {
		return time.AfterFunc(d, f).Stop
	}
	return s.AfterFunc(d, f)
}
