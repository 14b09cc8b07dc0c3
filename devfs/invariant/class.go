package invariant

import (
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
)

// Generation returns g with a class test that m watches.
func (m *Monitor) Generation(g *lookup.Generation) *lookup.Generation {
	watched := *g
	watched.Class = func(o lookup.Owner, t *sched.Task) bool {
		before, _ := m.fs.PeekOwner()
		yes := g.Class(o, t)
		m.lock()
		defer m.unlock()
		m.classOf(t, before, yes)
		return yes
	}
	return &watched
}

// classOf is SF-15: without an owner of the queue nobody is of its class.
func (m *Monitor) classOf(t *sched.Task, before *sched.Task, yes bool) {
	after, _ := m.fs.PeekOwner()
	if !yes || before != nil || after != nil || m.over {
		return
	}
	m.tell(&Violation{Statement: "SF-15", What: "a task is taken for one of the daemon's class when there is no daemon", Effect: Latent,
		Who: Actor{Role: "a task of group 0", Task: t.Name()}})
}

// worksFor reports whether t is the owner of the queue, or descends from it,
// whatever group it is in.
func worksFor(t, owner *sched.Task) bool {
	if owner == nil {
		return false
	}
	for p := t; p != nil; p = p.Parent() {
		if p.Is(owner) {
			return true
		}
	}
	return false
}

// class reports whether t is of the class of the current owner: what a class
// test should say.
func (m *Monitor) class(t *sched.Task) bool {
	owner, _ := m.fs.PeekOwner()
	return worksFor(t, owner) || owner != nil && owner.Leader() && t.Group() == owner.Group()
}

// daemonSleeps is LV-3: neither the daemon nor who works for it waits for what
// only the daemon can finish.
func (m *Monitor) daemonSleeps(t *task, in *inside) {
	if in == nil {
		return
	}
	owner, _ := m.fs.PeekOwner()
	if !worksFor(t.Task, owner) {
		return
	}
	m.tell(&Violation{Statement: "LV-3", What: "a task that works for the daemon waits for it", Effect: Latent,
		Object: in.d.Path(), Who: m.actor(t)})
}
