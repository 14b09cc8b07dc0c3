package invariant

import "time"

// Now returns the time of the scheduler below.
func (m *Monitor) Now() time.Time { return m.inner.Now() }

// AfterFunc is that of the scheduler below.
func (m *Monitor) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return m.inner.AfterFunc(d, f)
}
