package invariant

import "time"

// Now returns the time of the scheduler below, for which reading it may be a
// step.
func (m *Monitor) Now() time.Time {
	t := m.cur
	now := m.inner.Now()
	if !m.c.Real {
		m.cur = t
	}
	return now
}

// AfterFunc is that of the scheduler below.
func (m *Monitor) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	t := m.cur
	stop = m.inner.AfterFunc(d, f)
	if !m.c.Real {
		m.cur = t
	}
	return stop
}
