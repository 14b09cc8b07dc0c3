package invariant

import "github.com/floodgate-go/floodgate/vfs"

// Check looks at the whole state, for Always: after each step, with nobody in
// the middle of one.
func (m *Monitor) Check() {
	if m.over || m.fs == nil {
		return
	}
	m.seq++
	var positive [8]*vfs.Dentry
	n := 0
	m.fs.PeekDentries(func(d *vfs.Dentry) {
		s := d.PeekState()
		m.dentryRecord(d, s)
		switch {
		case s.Inode != nil:
			m.dentryEntry(d, s)
			if n < len(positive) {
				positive[n] = d
				n++
			}
		case s.Hashed:
			m.negative(d)
		}
	})
	for i := range n {
		for j := range i {
			m.oneDentry(positive[j], positive[i])
		}
	}
	m.fs.PeekEntries(m.hooked)
	m.elements()
	if len(m.events.list) > 0 {
		m.targets()
	}
	m.ownership()
	m.answersStep()
}

// Finish looks at what is left when everybody has ended, for Check: SF-8, SF-10,
// LV-8, and the balance of SF-13.
func (m *Monitor) Finish() {
	if m.over {
		return
	}
	for _, u := range m.tasks {
		if len(u.calls) > 0 && u.kind == user {
			return // not at rest
		}
	}
	m.cur = nil
	m.Check()
	c := m.fs.Census()
	if err := c.Check(); err != nil {
		v := &Violation{Effect: Leak, Err: err, Object: err.Error(), Who: m.debtors()}
		v.Statement, v.What = census(&c)
		m.tell(v)
	}
	m.balance()
}
