package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// Ours is the fix that the mail of 2003-07-07 wished for and did not dare: the
// question whether revalidate is called under i_sem or without it is gone,
// because there is no revalidate. An unfinished name is not in the hash.
//
//   - A dentry that is in the hash is bound to an entry that is in the tree.
//     Binding and hashing are one section under the lock of the directory's
//     list, and so are removing and unhashing.
//   - Who looks a missing name up does not sleep in the lookup. It joins the
//     [Flight] of that name, or makes one and queues its event, and returns it;
//     the generic code releases all it holds, waits for the flight, and starts
//     again.
//   - A flight ends when the daemon has handled its event, when the name is
//     registered, or when the daemon is gone; then all who wait for it look
//     again. Nobody waits for an idle daemon, and nobody who finds an entry
//     waits at all.
var Ours = Generation{
	ID:       "floodgate",
	Versions: "this library",
	Date:     "2026-11-22",
	Aim:      "no unfinished name in the hash, nobody sleeps in a lookup, each waits for its own event",
	Class:    Descent,
	Coupled:  true,
	New:      newOurs,
}

type ours struct {
	env  Env
	desk Desk
	ops  vfs.DentryOps // the only set
}

func newOurs(env Env) Protocol {
	desk, ok := env.(Desk)
	if !ok {
		panic("lookup: the file system has no Desk")
	}
	return &ours{env: env, desk: desk, ops: vfs.DentryOps{Name: "plain", Iput: env.Iput}}
}

// Lookup is the directory's lookup method. It is entered and left with the
// directory's i_sem held, and does not release it in between.
func (g *ours) Lookup(c *vfs.Call, d *vfs.Dentry) error {
	c.At(&F1)
	d.SetOps(&g.ops)
	dir := g.env.Dir(d.Parent().PeekInode())
	if dir == nil {
		return syscall.ENOENT
	}
	c.At(&F2)
	dir.RLock()
	c.At(&F3)
	found, err := g.desk.Bind(c, dir, d)
	var f *Flight
	first := false
	if !found && err == nil && !answered(c, dir, d.Name()) {
		c.At(&F4)
		f, first, err = g.desk.Ask(c, dir, d.Name())
	}
	c.At(&F5)
	dir.RUnlock()
	switch {
	case f == nil:
		return err // d is bound, or it stays negative and nobody sees it
	case first:
		c.At(&F6)
		g.desk.Ring()
	}
	return f
}

// answered reports whether the daemon has answered for the name during this
// call. What the entries say now is the answer then.
func answered(c *vfs.Call, dir Dir, name string) bool {
	for _, p := range c.Waited() {
		if f, ok := p.(*Flight); ok && f.dir == dir && f.name == name && f.end.Load() == int64(Handled) {
			return true
		}
	}
	return false
}

// A Desk is what Ours needs of a file system on top of an [Env].
type Desk interface {
	// Bind binds d to the entry of its name and puts it in the hash. It
	// reports false if there is no such entry, and an error if there is no
	// memory. The caller holds the lock of dir and the directory's i_sem.
	Bind(c *vfs.Call, dir Dir, d *vfs.Dentry) (found bool, err error)

	// Ask returns the flight of a name, with a reference, or nil if there is
	// nobody to ask, the task is of the daemon's class, or the directory is
	// being removed. First says that its event was queued just now. The
	// caller holds the lock of dir and the directory's i_sem, and has not
	// found the name.
	Ask(c *vfs.Call, dir Dir, name string) (f *Flight, first bool, err error)

	// Ring wakes the daemon.
	Ring()
}
