package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// base is what all generations stand on: the file system, and the two sets of
// dentry operations.
type base struct {
	env  Env
	ops  vfs.DentryOps // plain (devfs_dops)
	wait vfs.DentryOps // in flight (devfs_wait_dops)
}

func newBase(env Env, revalidate func(*vfs.Call, *vfs.Dentry, *vfs.Intent) bool) base {
	// The kernel's d_delete also resets wait to plain. A dentry with the
	// wait set has its looker's reference, so it never comes to that.
	forget := func(d *vfs.Dentry) bool { return d.PeekInode() == nil }
	return base{
		env:  env,
		ops:  vfs.DentryOps{Name: "plain", Delete: forget, Iput: env.Iput},
		wait: vfs.DentryOps{Name: "wait", InFlight: true, Delete: forget, Iput: env.Iput, Revalidate: revalidate},
	}
}

// request makes step L4: it tells the daemon of a name that is missing, with a
// placeholder that lives in the looker's frame, and reports whether the daemon
// could be told. The looker calls end when it returns.
func (b *base) request(c *vfs.Call, dir Dir, d *vfs.Dentry) (told bool, end func()) {
	c.At(&L4)
	p := b.env.Placeholder(c, dir, d.Name())
	return b.env.TryModload(c, p), p.End
}

// bind makes the steps L10 to L14: it binds the dentry to the entry in the
// record, or to the one that the directory has by now. It returns the entry,
// with the reference that step L20 drops.
func (b *base) bind(c *vfs.Call, dir Dir, d *vfs.Dentry, rec *record) (de Entry, err error) {
	c.At(&L10)
	de = rec.in.de.load()
	c.At(&L11)
	if d.Inode() != nil {
		return de, nil
	}
	if de == nil {
		c.At(&L12)
		if de = dir.Search(d.Name()); de == nil {
			return nil, nil
		}
	}
	c.At(&L13)
	i := b.env.MakeInode(c, de, d)
	if i == nil {
		return de, syscall.ENOMEM
	}
	c.At(&L14)
	d.Instantiate(c, i)
	return de, nil
}

// bindNow makes the steps R3 to R7: a task of the daemon's class does not wait,
// it binds the dentry itself.
func (b *base) bindNow(c *vfs.Call, dir Dir, d *vfs.Dentry, rec *record) {
	c.At(&R3)
	if rec == nil {
		vfs.Bug(b.env.Provider().Scheduler(), &vfs.BugError{Op: "d_revalidate", Name: d.Path(), Task: c.Task(),
			What: "nil pointer dereference: the record is gone"})
		return
	}
	in := rec.value(c)
	de := in.de.load()
	c.At(&R4)
	if d.Inode() != nil {
		return
	}
	if de == nil {
		c.At(&R5a)
		if de = dir.Search(d.Name()); de == nil {
			return
		}
		c.At(&R5b)
		in.de.store(de)
	}
	c.At(&R6)
	i := b.env.MakeInode(c, de, d)
	if i == nil {
		return
	}
	c.At(&R7)
	d.Instantiate(c, i)
}

// enqueue makes step R11. The queue element is the sleeper's own, and a wake
// leaves it linked.
func enqueue(c *vfs.Call, rec *record) *waitq.Waiter {
	c.At(&R11)
	w := &waitq.Waiter{Sticky: true}
	rec.value(c).wait.Prepare(w, false)
	rec.linked.Add(1)
	rec.noteLinked(c)
	return w
}

// link makes step R11 for a sleeper that will leave its element linked, and
// calls its leave when it returns.
func link(c *vfs.Call, rec *record) *element {
	c.At(&R11)
	el := rec.value(c).head.enqueue(c)
	el.rec = rec
	rec.linked.Add(1)
	rec.noteLinked(c)
	return el
}

// dequeue makes step R14.
func dequeue(c *vfs.Call, rec *record, w *waitq.Waiter) {
	c.At(&R14)
	rec.value(c).wait.Remove(w)
	rec.linked.Add(-1)
	rec.noteGone(c, false)
}

// dirOf returns the entry of d's directory.
func (b *base) dirOf(d *vfs.Dentry) Dir { return b.env.Dir(d.Parent().PeekInode()) }
