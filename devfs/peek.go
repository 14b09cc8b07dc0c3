package devfs

import (
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// The functions of this file look at a file system without a step, for checks.
// Nobody may be in the middle of a step.

// An EntryPeek is what a check sees of an entry.
type EntryPeek struct {
	ID      any // tells entries apart
	Name    string
	Type    vfs.Mode
	Hooked  bool // it is in the tree
	Leaving bool // it was taken out, and its dentry was not detached yet
	Freed   bool // no reference is left
	Refs    int
	Dentry  *vfs.Dentry // inode.dentry
}

func (e *entry) peek() EntryPeek {
	n := e.refs.Peek()
	return EntryPeek{ID: e, Name: e.path(), Type: e.typ, Hooked: e.hooked || e.root, Leaving: e.leaving.Load(),
		Freed: n <= 0, Refs: int(n), Dentry: e.dentry.Peek()}
}

// PeekEntries calls f for each entry that is in the tree, the root not.
func (fs *FS) PeekEntries(f func(EntryPeek)) {
	fs.visit(fs.root, func(e *entry) {
		if !e.root {
			f(e.peek())
		}
	})
}

// PeekEntryOf returns the entry of an inode.
func (fs *FS) PeekEntryOf(i *vfs.Inode) EntryPeek { return entryOf(i).peek() }

// PeekAbove reports whether the entry of i lies above that of j.
func (fs *FS) PeekAbove(i, j *vfs.Inode) bool {
	top := entryOf(i)
	for e := entryOf(j).parent; e != nil; e = e.parent {
		if e == top {
			return true
		}
	}
	return false
}

// PeekName returns what is in the tree under a name.
func (fs *FS) PeekName(name string) (e EntryPeek, ok bool) {
	parts, err := splitName(name)
	if err != nil {
		return e, false
	}
	at := fs.root
	for _, p := range parts {
		if at.dir == nil {
			return e, false
		}
		at.dir.peek.RLock()
		kid := at.dir.byName[p]
		at.dir.peek.RUnlock()
		if kid == nil {
			return e, false
		}
		at = kid
	}
	return at.peek(), true
}

// An EventPeek is what a check sees of a queued event.
type EventPeek struct {
	ID    any // tells events apart
	Type  EventType
	Name  string
	By    *sched.Task // who looks the name up, of a Lookup
	Alive bool        // what it points to is alive
}

// PeekEvents calls f for each queued event, the oldest first.
func (fs *FS) PeekEvents(f func(EventPeek)) {
	fs.devfsd.queue.sec.Peek(func() {
		for _, ev := range fs.devfsd.queue.list {
			p := EventPeek{ID: ev, Type: ev.Type, Alive: true}
			if ev.flight != nil {
				p.Name, p.By = join(ev.dir, ev.flight.Name()), ev.by
				p.Alive = ev.flight.Peek().Alive
			} else if ev.place != nil {
				p.Name, p.By = ev.place.name(), ev.place.by.Task()
				p.Alive = ev.place.frame.Alive()
			} else {
				p.Name, p.Alive = ev.entry.path(), ev.entry.refs.Peek() > 0
			}
			for _, e := range ev.above {
				p.Alive = p.Alive && (e.root || e.refs.Peek() > 0)
			}
			f(p)
		}
	})
}

// name is for checks: it follows no pointer that may dangle.
func (p *placeholder) name() string {
	if path := p.dir.path(); path != "" {
		return path + "/" + p.leaf
	}
	return p.leaf
}

// PeekOwner returns who owns the event queue, nil if nobody, and which events
// it wants.
func (fs *FS) PeekOwner() (*sched.Task, Mask) {
	return fs.devfsd.task.Peek(), Mask(fs.devfsd.mask.Peek())
}

// PeekIdle reports whether the owner sleeps with nothing to do.
func (fs *FS) PeekIdle() bool { return fs.devfsd.sleeping.Peek() != 0 }

// PeekLive returns what counts the records of lookups.
func (fs *FS) PeekLive() *lookup.Live { return &fs.live }

// StrayWake wakes whoever waits for the daemon, for no reason. It is for tests:
// such a thing may happen to any sleep.
func (fs *FS) StrayWake() {
	fs.devfsd.idle.WakeAll()
	if k := fs.devfsd.desk; k != nil {
		k.board.Stray()
	}
}

// PeekFlights calls f for each flight that is alive; see [lookup.Ours].
func (fs *FS) PeekFlights(f func(lookup.FlightPeek)) {
	if k := fs.devfsd.desk; k != nil {
		k.board.Peek(f)
	}
}
