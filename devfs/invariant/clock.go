package invariant

import "time"

// Now returns the time of the scheduler below. Reading it is a step that the
// monitor is not told of: others may go on in it.
func (m *Monitor) Now() time.Time {
	if m.c.Real {
		return m.inner.Now()
	}
	t := m.cur
	now := m.inner.Now()
	m.cur = t
	return now
}

// AfterFunc is that of the scheduler below.
func (m *Monitor) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	if m.c.Real {
		return m.inner.AfterFunc(d, f)
	}
	t := m.cur
	stop = m.inner.AfterFunc(d, f)
	m.cur = t
	return stop
}
