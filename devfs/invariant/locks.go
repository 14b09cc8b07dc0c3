package invariant

import (
	"fmt"
	"slices"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// sleeps is SF-7 and LV-3: t is about to sleep until somebody wakes it.
func (m *Monitor) sleeps(t *task, op *sched.Op) {
	t.asleep = op.Gate != nil && !op.Gate.Ready()
	t.bound = m.events.queued
	in := t.in()
	if in != nil {
		in.slept = true
		in.data = in.d.PeekFSData()
	}
	if !t.asleep || m.over {
		return
	}
	m.sleepsFree(t, in)
	m.daemonSleeps(t, in)
}

// sleepsFree is SF-7: nobody who sleeps for a lookup or for the daemon holds an
// i_sem or the rename semaphore.
func (m *Monitor) sleepsFree(t *task, in *inside) {
	for n, k := range t.calls {
		c := k.c
		held := c.Held()
		if len(held) == 0 && !c.HoldsRename() {
			continue
		}
		what := "sleeps with the directory's i_sem held"
		object := ""
		for _, i := range held {
			if in == nil || n < len(t.calls)-1 || in.d.Parent().PeekInode() != i {
				what = "sleeps with the i_sem of another directory held"
			}
			object = m.nameOf(i)
		}
		if len(held) == 0 {
			what = "sleeps with the rename semaphore held"
		}
		m.tell(&Violation{Statement: "SF-7", What: what, Effect: Latent, Object: object, Who: m.actor(t)})
	}
}

// nameOf returns the path of a directory; in a real run its number, as others may
// be moving it.
func (m *Monitor) nameOf(i *vfs.Inode) string {
	if m.c.Real {
		return fmt.Sprintf("inode %d", i.Ino())
	}
	return "/" + m.fs.PeekEntryOf(i).Name
}

// sameLocks is the first half of SF-8: a method returns with the i_sems that it
// was entered with.
func (m *Monitor) sameLocks(t *task, c *vfs.Call, in inside) {
	now := holds(c)
	if in.method != vfs.Lookup && in.method != vfs.Revalidate || len(now) == len(in.held) && subset(now, in.held) {
		return
	}
	m.tell(&Violation{Statement: "SF-8", What: "returns with other i_sems than it was entered with", Effect: Latent,
		Object: in.d.Path(), Who: m.actor(t)})
}

func subset(a, b []held) bool {
	return !slices.ContainsFunc(a, func(h held) bool { return !slices.Contains(b, h) })
}

// upByHolder is the rest of SF-8: nobody releases an i_sem that it does not hold,
// and so no more than one permit is ever there.
func (m *Monitor) upByHolder(t *task, c *vfs.Call, i *vfs.Inode) {
	if c.Holds(i) > 0 {
		return
	}
	m.tell(&Violation{Statement: "SF-8", What: "ups an i_sem that it does not hold", Effect: Latent,
		Object: m.nameOf(i), Who: m.actor(t)})
}

// lockOrder is SF-9: the rename semaphore, then an ancestor, then a descendant;
// also when one is taken again.
func (m *Monitor) lockOrder(t *task, c *vfs.Call, i *vfs.Inode) {
	for _, h := range c.Held() {
		v := &Violation{Statement: "SF-9", Effect: Latent, Object: m.nameOf(i), Who: m.actor(t)}
		switch {
		case h == i:
			v.What = "downs an i_sem that it holds"
			m.tell(v)
		case m.fs.PeekAbove(i, h):
			v.What = "downs the i_sem of an ancestor while it holds a descendant's"
			m.tell(v)
		case !m.fs.PeekAbove(h, i) && !c.HoldsRename():
			v.What = "downs the i_sems of two unrelated objects without the rename semaphore"
			m.tell(v)
		}
	}
}
