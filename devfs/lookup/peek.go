package lookup

import (
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// Under a scheduler each record is known to checks from its making until it is
// dead and nobody is linked in it.

// A RecordPeek is what a check sees of a record, also of one that no dentry
// points to any more.
type RecordPeek struct {
	Record
	Name  string
	Owner *sched.Task // the looker
	Links []LinkPeek  // the elements in its queue, in the order in which they came
}

// A LinkPeek is one of them.
type LinkPeek struct {
	Task *sched.Task
	Left bool // the task has returned: its frame, and the element in it, are gone
}

// PeekRecords calls f for each record that is alive or has somebody linked,
// the oldest first, without a step.
func (l *Live) PeekRecords(f func(RecordPeek)) {
	for _, r := range l.known {
		s := r.snapshot()
		s.Linked = len(r.links)
		f(RecordPeek{Record: s, Name: r.name, Owner: r.owner, Links: r.links})
	}
}

// know notes a new record.
func (l *Live) know(c *vfs.Call, d *vfs.Dentry, r *record, s sched.Scheduler) *record {
	if s != nil {
		r.name, r.owner = d.Name(), c.Task()
		l.mu.Lock()
		r.list = l
		l.known = append(l.known, r)
		l.mu.Unlock()
	}
	return r
}

// forget drops a record that is dead and has nobody linked.
func (r *record) forget() {
	l := r.list
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(r.links) > 0 || r.alive() {
		return
	}
	for n, k := range l.known {
		if k == r {
			l.known = append(l.known[:n], l.known[n+1:]...)
			return
		}
	}
}

func (r *record) noteLinked(c *vfs.Call) {
	if l := r.list; l != nil {
		l.mu.Lock()
		r.links = append(r.links, LinkPeek{Task: c.Task()})
		l.mu.Unlock()
	}
}

// noteGone notes that the element of c's task was unlinked, or that it is
// linked and its frame has ended.
func (r *record) noteGone(c *vfs.Call, linked bool) {
	l := r.list
	if l == nil {
		return
	}
	l.mu.Lock()
	for n := range r.links {
		if r.links[n].Task.Is(c.Task()) && !r.links[n].Left {
			if linked {
				r.links[n].Left = true
			} else {
				r.links = append(r.links[:n:n], r.links[n+1:]...)
			}
			break
		}
	}
	l.mu.Unlock()
	r.forget()
}
