package invariant

import (
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/vfs"
)

// sawOps notes which operations t sees, in a revalidate.
func (m *Monitor) sawOps(t *task) {
	if in := t.in(); in != nil && in.method == vfs.Revalidate {
		t.saw = in.d.PeekState().Ops
	}
}

// sawData is SF-4: what t reads of a dentry for one decision was so at one
// instant. Operations of a lookup in flight and no record never were.
func (m *Monitor) sawData(t *task, there bool) {
	in := t.in()
	if in == nil || in.method != vfs.Revalidate || t.saw == nil || !t.saw.InFlight {
		return
	}
	first := !in.looked // the second look is under the lock, and for that
	in.looked = true
	if there || !first {
		return
	}
	m.tell(&Violation{Statement: "SF-4", What: "sees the operations of a lookup in flight, and then no record", Effect: Latent,
		Object: in.d.Path(), Who: m.actor(t), Other: m.writer(t)})
}

// lookupLeft is the first half of SF-3: when the lookup of a dentry is over, the
// dentry has no record and not the operations of one in flight.
func (m *Monitor) lookupLeft(t *task, d *vfs.Dentry) {
	s := d.PeekState()
	switch {
	case s.Data != nil:
		m.tell(&Violation{Statement: "SF-3", What: "the lookup is over and the dentry still points to its record", Effect: Latent,
			Object: d.Path(), Who: m.actor(t)})
	case s.Ops != nil && s.Ops.InFlight:
		m.tell(&Violation{Statement: "SF-3", What: "the lookup is over and the dentry has the operations of one in flight", Effect: Latent,
			Object: d.Path(), Who: m.actor(t)})
	}
}

// dentryRecord is the rest of SF-3, and SF-2 as far as it is a state: operations
// in flight go with a record, and one that somebody can reach is alive.
func (m *Monitor) dentryRecord(d *vfs.Dentry, s vfs.DentryPeek) {
	if !s.Hashed || s.Ops == nil || s.Ops.Revalidate == nil {
		return
	}
	if s.Data == nil {
		if s.Ops.InFlight {
			m.tell(&Violation{Statement: "SF-3", What: "a dentry has the operations of a lookup in flight and no record", Effect: Latent,
				Object: d.Path(), Who: m.actor(m.cur)})
		}
		return
	}
	if r, ok := lookup.Inspect(d); ok && !r.Alive {
		m.tell(&Violation{Statement: "SF-2", What: "a dentry that is revalidated points to a record that is gone", Effect: Latent,
			Object: d.Path(), Who: m.actor(m.cur)})
	}
}

// elements is SF-5: each element in the queue of a record belongs to a task that
// is inside its wait, and a record that is gone has none.
func (m *Monitor) elements() {
	m.fs.PeekLive().PeekRecords(func(r lookup.RecordPeek) {
		for _, l := range r.Links {
			switch {
			case r.Alive && l.Left:
				m.tell(&Violation{Statement: "SF-5", What: "the element of a sleeper that has returned is linked in a live record",
					Effect: Latent, Object: "/" + r.Name, Who: Actor{Role: "revalidator", Task: l.Task.Name()}})
			case !r.Alive && !l.Left && !l.Task.Killed():
				m.tell(&Violation{Statement: "SF-5", What: "a record ends while a sleeper's element is linked in it",
					Effect: Latent, Object: "/" + r.Name, Who: Actor{Role: "looker", Task: r.Owner.Name()}})
			}
		}
	})
}

// revalidateLeft is LV-5 for those who wait for a lookup: whoever has waited for
// it does not go on before it is over.
func (m *Monitor) revalidateLeft(t *task, d *vfs.Dentry, in inside) {
	if !in.slept || in.data == nil || d.PeekFSData() != in.data || !m.busy(d, vfs.Lookup) {
		return
	}
	if r, ok := lookup.Inspect(d); ok && !r.Alive {
		return
	}
	m.tell(&Violation{Statement: "LV-5", What: "a wake ends the wait for a lookup that is still in flight", Effect: Latent,
		Object: d.Path(), Who: m.actor(t), Other: t.woken})
}
