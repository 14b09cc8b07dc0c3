package invariant

import (
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/vfs"
)

// dentryEntry is SF-10 to SF-12 for a positive dentry.
func (m *Monitor) dentryEntry(d *vfs.Dentry, s vfs.DentryPeek) {
	e := m.fs.PeekEntryOf(s.Inode)
	if e.Freed {
		m.tell(&Violation{Statement: "SF-10", What: "an entry is freed while an inode of it is bound", Effect: Crash,
			Object: d.Path(), Who: m.actor(m.cur)})
		return
	}
	if !s.Hashed {
		return
	}
	if !e.Hooked && !e.Leaving {
		m.tell(&Violation{Statement: "SF-11", What: "a name that was removed can still be found", Effect: Wrong,
			Object: d.Path(), Who: m.bound(d), Other: Actor{}})
	}
	if e.Hooked && e.Dentry != d && !m.busy(d, vfs.Remove) {
		m.tell(&Violation{Statement: "SF-12", What: "an entry does not know the dentry that is bound to it", Effect: Latent,
			Object: d.Path(), Who: m.bound(d), Other: m.actor(m.cur)})
	}
}

// bound returns who has bound d.
func (m *Monitor) bound(d *vfs.Dentry) Actor {
	if o := d.InodeObject(); o != nil && m.cells[o.ID].wrote {
		c := &m.cells[o.ID]
		return actor(c.by.Task, c.at, c.by.kind)
	}
	return Actor{}
}

// oneDentry is the end of SF-12: an entry has at most one dentry.
func (m *Monitor) oneDentry(a, b *vfs.Dentry) {
	if m.fs.PeekEntryOf(a.PeekInode()).ID != m.fs.PeekEntryOf(b.PeekInode()).ID {
		return
	}
	m.tell(&Violation{Statement: "SF-12", What: "two dentries are bound to one entry", Effect: Latent,
		Object: b.Path(), Who: m.bound(b), Other: m.bound(a)})
}

// negative is SF-14: a name that can be found as missing, and that nobody is
// looking up, is missing.
func (m *Monitor) negative(d *vfs.Dentry) {
	name := d.Path()
	e, ok := m.fs.PeekName(name)
	if !ok || !e.Hooked || m.busy(d, vfs.Lookup, vfs.Create, vfs.Remove) || m.answers.making(name) {
		return
	}
	m.tell(&Violation{Statement: "SF-14", What: "a name is registered and stays known as missing", Effect: Latent,
		Object: name, Who: m.answers.maker(name), Other: m.answers.left(name)})
}

// hooked is the part of SF-10 that holds at any time: what is in the tree has a
// reference for that.
func (m *Monitor) hooked(e devfs.EntryPeek) {
	if e.Freed {
		m.tell(&Violation{Statement: "SF-10", What: "an entry is freed while it is in the tree", Effect: Crash,
			Object: e.Name, Who: m.actor(m.cur)})
	}
}
