package vfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// Unlink removes a name that is no directory (unlink). EISDIR: it is one;
// ENOENT: it is not there; EACCES: the parent may not be written; EPERM: the
// sticky bit or the file system forbids it. See [Tree.Stat] for the errors of
// the walk.
func (tr *Tree) Unlink(t *sched.Task, path string) error {
	return tr.remove(t, "unlink", path, func(c *Call, l leaf) error {
		if l.kind != kindName {
			return syscall.EISDIR
		}
		return c.removeAt(l, func(d *Dentry) error {
			if l.slash {
				switch i := d.Inode(); {
				case i == nil:
					return syscall.ENOENT
				case i.IsDir():
					return syscall.EISDIR
				default:
					return syscall.ENOTDIR
				}
			}
			return c.unlink(d)
		})
	})
}

// Rmdir removes an empty directory (rmdir). ENOTDIR: it is none; ENOTEMPTY: it
// has entries, or path ends in ".."; EINVAL: path ends in "."; EBUSY: it is the
// root. Otherwise as [Tree.Unlink].
func (tr *Tree) Rmdir(t *sched.Task, path string) error {
	return tr.remove(t, "rmdir", path, func(c *Call, l leaf) error {
		switch l.kind {
		case kindDot:
			return syscall.EINVAL
		case kindDotDot:
			return syscall.ENOTEMPTY
		case kindRoot:
			return syscall.EBUSY
		}
		return c.removeAt(l, c.rmdir)
	})
}

func (tr *Tree) remove(t *sched.Task, op, path string, f func(*Call, leaf) error) error {
	c, err := tr.begin(t, op, path)
	if err != nil {
		return err
	}
	defer c.End()
	l, err := c.lookupParent(path, 0)
	if err != nil {
		return pathError(op, path, err)
	}
	err = f(c, l)
	for c.await(&err) {
		err = f(c, l)
	}
	l.dir.Put()
	return pathError(op, path, err)
}

// removeAt looks the name up with i_sem held and calls method.
func (c *Call) removeAt(l leaf, method func(*Dentry) error) error {
	i := l.dir.PeekInode()
	c.At(&H1)
	c.Down(i)
	d, err := c.lookupHash(l.dir, l.name, nil)
	if err == nil {
		c.At(&H4)
		err = method(d)
		c.At(&H5)
		d.Put()
	}
	c.Up(i)
	return err
}

// unlink is vfs_unlink.
func (c *Call) unlink(d *Dentry) error {
	if err := c.mayDelete(d, false); err != nil {
		return err
	}
	u, ok := d.parent.PeekInode().node.(Unlinker)
	if !ok {
		return syscall.EPERM
	}
	victim := d.PeekInode()
	c.At(&Hv)
	c.Down(victim)
	c.enter(Remove, d)
	err := u.Unlink(c, d)
	c.leave(Remove, d)
	c.Up(victim)
	if err == nil {
		d.remove()
	}
	return err
}

// rmdir is vfs_rmdir.
func (c *Call) rmdir(d *Dentry) error {
	if err := c.mayDelete(d, true); err != nil {
		return err
	}
	r, ok := d.parent.PeekInode().node.(Rmdirer)
	if !ok {
		return syscall.EPERM
	}
	victim := d.PeekInode()
	c.At(&Hv)
	c.Down(victim)
	// Unhashed now, and not hashed again if the method fails.
	d.unhashIdle()
	c.enter(Remove, d)
	err := r.Rmdir(c, d)
	c.leave(Remove, d)
	if err == nil {
		victim.dead.Store(true)
	}
	c.Up(victim)
	if err == nil {
		d.remove()
	}
	return err
}
