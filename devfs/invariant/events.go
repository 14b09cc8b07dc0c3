package invariant

import (
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// events is what is known of the daemon's events.
type events struct {
	list   []queuedEvent // in the queue
	read   []devfs.Event // taken from the queue by the task that is in Read, not delivered yet
	queued int           // number of the last event that was queued
	done   int           // number of the last one that was handled or dropped

	handling *queuedEvent // read, and the daemon has not come back for more
	handler  *task
	owner    *sched.Task // of the queue, at the last step
}

type queuedEvent struct {
	devfs.EventPeek
	n int // its number
}

// queueChanged follows the queue. T has just changed it.
func (m *Monitor) queueChanged(t *task) {
	ev := &m.events
	var now []queuedEvent
	old := ev.list
	m.fs.PeekEvents(func(e devfs.EventPeek) {
		for len(old) > 0 && old[0].ID != e.ID {
			m.taken(t, old[0])
			old = old[1:]
		}
		if len(old) > 0 {
			now = append(now, old[0])
			old = old[1:]
			return
		}
		ev.queued++
		now = append(now, queuedEvent{e, ev.queued})
	})
	for _, e := range old {
		m.taken(t, e)
	}
	ev.list = now
}

// taken notes that t has taken an event off the queue: the daemon to handle it,
// or somebody to drop it.
func (m *Monitor) taken(t *task, e queuedEvent) {
	if l := t.Label(); l != nil && l.ID[0] == 'D' {
		m.events.handling, m.events.handler = &e, t
		m.events.read = append(m.events.read, devfs.Event{Type: e.Type, Name: e.Name})
		return
	}
	m.finished(e)
}

// readAgain notes that the daemon has come back for more: what it had is
// handled.
func (m *Monitor) readAgain(t *task) {
	if m.events.handling == nil || t != m.events.handler {
		return
	}
	switch t.Label() {
	case &devfs.D0, &devfs.D1, &devfs.D2:
		m.handled()
	}
}

func (m *Monitor) handled() {
	if e := m.events.handling; e != nil {
		m.events.handling = nil
		m.finished(*e)
	}
}

// dropped notes that t has ended, and with it what it was doing.
func (m *Monitor) dropped(t *task) {
	if t == m.events.handler {
		m.handled()
	}
}

// finished is the end of an event. It is where LV-6 is looked at: nobody waits
// longer than for its own event and those before it.
func (m *Monitor) finished(e queuedEvent) {
	ev := &m.events
	ev.done = max(ev.done, e.n)
	if e.Type == devfs.Lookup {
		m.answers.completed(e.Name, m.seq)
	}
	for _, u := range m.tasks {
		if u.asleep && u.woken == (Actor{}) && u.bound < e.n && u.Label() == &devfs.W6 {
			m.tell(&Violation{Statement: "LV-6", What: "a looker still waits when the daemon has handled an event that came later",
				Effect: Slow, Object: e.Name, Who: m.actor(u)})
		}
	}
}

// Delivered is SF-16: task t, which reads for the daemon, was given an event. Each
// is delivered once, whole, in the order of the queue.
func (m *Monitor) Delivered(t *sched.Task, e devfs.Event) {
	u := m.find(t)
	if m.over || u == nil {
		return
	}
	if len(m.events.read) == 1 && m.events.read[0].Type == e.Type && m.events.read[0].Name == e.Name {
		m.events.read = nil
		return
	}
	m.events.read = nil
	m.tell(&Violation{Statement: "SF-16", What: "the daemon is given another event than the one that was taken from the queue",
		Effect: Wrong, Object: e.Name, Who: m.actor(u)})
}

// targets is SF-6: each queued event points to what is alive.
func (m *Monitor) targets() {
	m.fs.PeekEvents(func(e devfs.EventPeek) {
		switch {
		case e.Alive:
		case e.By != nil:
			m.tell(m.outlived(m.find(e.By), e.Name))
		default:
			m.tell(&Violation{Statement: "SF-6", What: "an event points to an entry that is freed", Effect: Crash,
				Object: e.Name, Who: m.actor(m.cur)})
		}
	})
}

// outlived is the violation of SF-6 by an event of a looker that has returned.
func (m *Monitor) outlived(u *task, name string) *Violation {
	v := &Violation{Statement: "SF-6", What: "a LOOKUP event outlives the placeholder of its looker", Effect: Latent,
		Object: name, Who: Actor{Role: "looker"}}
	if u != nil {
		v.Who.Task, v.Other = u.Name(), u.woken
	}
	return v
}

// waitLeft is LV-5 for those who wait for the daemon: whoever has asked it does
// not go on before it has answered, as long as it is there.
func (m *Monitor) waitLeft(t *task, d *vfs.Dentry) {
	e := m.events.handling
	// A lookup that has not hashed its dentry has not answered: it waits outside.
	if !d.PeekState().Hashed || e == nil || e.By == nil || !e.By.Is(t.Task) || e.Name != d.Path() {
		return
	}
	if owner, _ := m.fs.PeekOwner(); owner == nil || !m.events.handler.Is(owner) || m.events.handler == t {
		return
	}
	if _, appeared := m.fs.PeekName(e.Name); appeared {
		return // and it need not wait any longer
	}
	m.tell(&Violation{Statement: "LV-5", What: "a looker returns while the daemon is handling its event", Effect: Latent,
		Object: d.Path(), Who: Actor{Role: "looker", Task: t.Name()}, Other: t.woken})
}

// ownership is LV-4: what an owner did not read does not reach the next.
func (m *Monitor) ownership() {
	owner, _ := m.fs.PeekOwner()
	ev := &m.events
	if owner == ev.owner || owner != nil && owner.Is(ev.owner) {
		return
	}
	if owner != nil && len(ev.list) > 0 {
		m.tell(&Violation{Statement: "LV-4", What: "an event from before reaches the next owner of the queue", Effect: Latent,
			Object: ev.list[0].Name, Who: Actor{Role: "looker", Task: taskName(ev.list[0].By)}, Other: Actor{Role: daemon}})
	}
	ev.owner = owner
}

func taskName(t *sched.Task) string {
	if t == nil {
		return ""
	}
	return t.Name()
}
