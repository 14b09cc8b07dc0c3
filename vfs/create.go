package vfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// Mkdir makes a directory (mkdir). Of mode the permission bits count. EEXIST:
// the name is there; ENOENT: the parent is not there or was removed; EACCES:
// the parent may not be written; EPERM: the file system has no such method. See
// [Tree.Stat] for the errors of the walk.
func (tr *Tree) Mkdir(t *sched.Task, path string, mode Mode) error {
	return tr.create(t, "mkdir", path, true, func(c *Call, d *Dentry) error {
		m, ok := d.parent.PeekInode().node.(Mkdirer)
		if !ok {
			return syscall.EPERM
		}
		return m.Mkdir(c, d, TypeDir|mode&(0o777|Sticky))
	})
}

// Mknod makes a device, FIFO or socket node, as the type bits of mode say
// (mknod). Dev is for devices. EINVAL: another type, or a number out of range;
// EPERM: only root makes devices. Otherwise as [Tree.Mkdir].
func (tr *Tree) Mknod(t *sched.Task, path string, mode Mode, dev Dev) error {
	var bad error
	switch mode.Type() {
	case TypeChar, TypeBlock:
		if !dev.Valid() {
			bad = Badf(syscall.EINVAL, "device %v: major is at most %d, minor at most %d", dev, MaxMajor, MaxMinor)
		}
	case TypeFIFO, TypeSocket:
		dev = Dev{}
	default:
		bad = Badf(syscall.EINVAL, "type %#o: mknod makes character and block devices, FIFOs and sockets", uint32(mode.Type()))
	}
	if bad != nil {
		return pathError("mknod", path, bad)
	}
	return tr.create(t, "mknod", path, false, func(c *Call, d *Dentry) error {
		if mode.IsDevice() && !privileged(c.task.Cred()) {
			return syscall.EPERM
		}
		m, ok := d.parent.PeekInode().node.(Mknoder)
		if !ok {
			return syscall.EPERM
		}
		return m.Mknod(c, d, mode, dev)
	})
}

// Symlink makes a symbolic link to target (symlink). ENOENT: the target is
// empty; ENAMETOOLONG: it is longer than [PathMax]. Otherwise as [Tree.Mkdir].
func (tr *Tree) Symlink(t *sched.Task, target, path string) error {
	if err := checkPath(target); err != nil {
		return pathError("symlink", path, err)
	}
	return tr.create(t, "symlink", path, false, func(c *Call, d *Dentry) error {
		s, ok := d.parent.PeekInode().node.(Symlinker)
		if !ok {
			return syscall.EPERM
		}
		return s.Symlink(c, d, target)
	})
}

// create walks to the parent, looks the name up with i_sem held, and calls
// method on the negative dentry (lookup_create).
func (tr *Tree) create(t *sched.Task, op, path string, dir bool, method func(*Call, *Dentry) error) error {
	c, err := tr.begin(t, op, path)
	if err != nil {
		return err
	}
	defer c.End()
	l, err := c.lookupParent(path, 0)
	if err != nil {
		return pathError(op, path, err)
	}
	err = c.createAt(l, dir, method)
	for c.await(&err) {
		err = c.createAt(l, dir, method)
	}
	l.dir.Put()
	return pathError(op, path, err)
}

func (c *Call) createAt(l leaf, dir bool, method func(*Call, *Dentry) error) error {
	if l.kind != kindName {
		return syscall.EEXIST
	}
	i := l.dir.PeekInode()
	c.At(&H1)
	c.Down(i)
	d, err := c.lookupHash(l.dir, l.name, nil)
	if err == nil {
		c.At(&H4)
		if l.slash && !dir && d.Inode() == nil {
			err = syscall.ENOENT
		} else if err = c.mayCreate(d); err == nil {
			c.enter(Create, d)
			err = method(c, d)
			c.leave(Create, d)
		}
		c.At(&H5)
		d.Put()
	}
	c.Up(i)
	return err
}
