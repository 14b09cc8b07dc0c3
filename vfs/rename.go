package vfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// Rename moves a name (rename). Both names are looked up with the i_sems of
// both directories held before the file system is asked. ENOENT: the old name
// is not there; EBUSY: a path ends in "." or ".." or is the root; EINVAL: the
// new name lies below the old one; ENOTEMPTY: the old name lies below the new
// one; EISDIR, ENOTDIR: one is a directory and the other is not; EPERM: the
// file system can not rename. Otherwise as [Tree.Unlink] and [Tree.Mkdir].
func (tr *Tree) Rename(t *sched.Task, from, to string) error {
	c, err := tr.begin(t, "rename", from)
	if err != nil {
		return err
	}
	defer c.End()
	if err := checkPath(to); err != nil {
		return pathError("rename", to, err)
	}
	old, err := c.lookupParent(from, 0)
	if err != nil {
		return pathError("rename", from, err)
	}
	defer old.dir.Put()
	new, err := c.lookupParent(to, 0)
	if err != nil {
		return pathError("rename", to, err)
	}
	defer new.dir.Put()
	if old.kind != kindName || new.kind != kindName {
		return pathError("rename", from, syscall.EBUSY)
	}
	err = c.renameLocked(old, new)
	for c.await(&err) {
		err = c.renameLocked(old, new)
	}
	return pathError("rename", from, err)
}

// renameLocked is do_rename.
func (c *Call) renameLocked(old, new leaf) error {
	trap := c.lockDirs(new.dir, old.dir)
	err := c.renameAt(old, new, trap)
	c.unlockDirs(new.dir, old.dir)
	return err
}

// renameAt is do_rename with the directories locked. Trap is the directory on
// the way from one parent down to the other, or nil.
func (c *Call) renameAt(old, new leaf, trap *Dentry) error {
	from, err := c.lookupHash(old.dir, old.name, nil)
	if err != nil {
		return err
	}
	defer from.Put()
	i := from.Inode()
	switch {
	case i == nil:
		return syscall.ENOENT
	case !i.IsDir() && (old.slash || new.slash):
		return syscall.ENOTDIR
	case from == trap:
		return syscall.EINVAL
	}
	to, err := c.lookupHash(new.dir, new.name, nil)
	if err != nil {
		return err
	}
	defer to.Put()
	if to == trap {
		return syscall.ENOTEMPTY
	}
	c.At(&H4)
	return c.renameDentry(from, to)
}

// renameDentry is vfs_rename.
func (c *Call) renameDentry(from, to *Dentry) error {
	i, victim := from.PeekInode(), to.Inode()
	if i == victim {
		return nil
	}
	isdir := i.IsDir()
	if err := c.mayDelete(from, isdir); err != nil {
		return err
	}
	var err error
	if victim == nil {
		err = c.mayCreate(to)
	} else {
		err = c.mayDelete(to, isdir)
	}
	if err != nil {
		return err
	}
	r, ok := from.parent.PeekInode().node.(Renamer)
	if !ok {
		return syscall.EPERM
	}
	return r.Rename(c, from, to)
}

// lockDirs takes the i_sems of two directories: once if they are the same,
// otherwise under the rename semaphore, an ancestor before its descendant, p
// first if neither is (lock_rename). It returns the child of the ancestor that
// leads to the descendant, or nil.
func (c *Call) lockDirs(p, q *Dentry) (trap *Dentry) {
	if p == q {
		c.At(&H1)
		c.Down(p.PeekInode())
		return nil
	}
	c.At(&H0)
	c.lockRename()
	first, second := p, q
	if t := childToward(q, p); t != nil {
		first, second, trap = q, p, t
	} else {
		trap = childToward(p, q)
	}
	c.At(&H1)
	c.Down(first.PeekInode())
	c.At(&H1)
	c.Down(second.PeekInode())
	return trap
}

func (c *Call) unlockDirs(p, q *Dentry) {
	c.At(&H5)
	c.Up(p.PeekInode())
	if p != q {
		c.Up(q.PeekInode())
		c.unlockRename()
	}
}

// childToward returns the child of top that leads to d, or nil if d does not
// lie below top.
func childToward(top, d *Dentry) *Dentry {
	for ; d.parent != nil; d = d.parent {
		if d.parent == top {
			return d
		}
	}
	return nil
}
