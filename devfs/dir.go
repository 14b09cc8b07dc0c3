package devfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// dirNode is a directory.
type dirNode struct{ e *entry }

func (n dirNode) entry() *entry { return n.e }

// Setattr is that of every node.
func (n dirNode) Setattr(c *vfs.Call, i *vfs.Inode, req *vfs.SetAttr, a vfs.Attr) error {
	return entryNode(n).Setattr(c, i, req, a)
}

// Lookup is the protocol's.
func (n dirNode) Lookup(c *vfs.Call, d *vfs.Dentry) error { return n.e.fs.protocol.Lookup(c, d) }

// Unlink removes a name that is no directory (devfs_unlink).
func (n dirNode) Unlink(c *vfs.Call, d *vfs.Dentry) error {
	i := d.PeekInode()
	e := entryOf(i)
	if !e.vfs {
		return syscall.EPERM
	}
	if !n.e.unhook(e) {
		return syscall.ENOENT
	}
	n.e.fs.notifyBy(c, i, e, Delete)
	e.detach()
	e.Put() // the tree's
	return nil
}

// Rmdir removes a directory (devfs_rmdir).
func (n dirNode) Rmdir(c *vfs.Call, d *vfs.Dentry) error {
	i := d.PeekInode()
	e := entryOf(i)
	switch {
	case e.dir == nil:
		return syscall.ENOTDIR
	case !e.vfs:
		return syscall.EPERM
	}
	e.dir.Lock()
	empty := e.dir.first == nil
	if empty {
		e.dir.closed = true
	}
	e.dir.Unlock()
	if !empty {
		return syscall.ENOTEMPTY
	}
	if !n.e.unhook(e) {
		return syscall.ENOENT
	}
	n.e.fs.notifyBy(c, i, e, Delete)
	e.detach()
	e.Put() // the tree's
	return nil
}

// Mkdir makes a directory (devfs_mkdir).
func (n dirNode) Mkdir(c *vfs.Call, d *vfs.Dentry, mode vfs.Mode) error {
	return n.create(c, d, vfs.Attr{Mode: mode}, nil)
}

// Mknod makes a special file (devfs_mknod).
func (n dirNode) Mknod(c *vfs.Call, d *vfs.Dentry, mode vfs.Mode, dev vfs.Dev) error {
	return n.create(c, d, vfs.Attr{Mode: mode}, func(e *entry) { e.dev = dev })
}

// Symlink makes a symbolic link (devfs_symlink).
func (n dirNode) Symlink(c *vfs.Call, d *vfs.Dentry, target string) error {
	return n.create(c, d, linkAttr(target), func(e *entry) { e.target = target })
}

// create makes an entry for the negative dentry d and binds it. Owner and times
// are set before anybody can see it; the kernel set them after. The daemon is
// told when it is complete.
func (n dirNode) create(c *vfs.Call, d *vfs.Dentry, a vfs.Attr, fill func(*entry)) error {
	fs := n.e.fs
	cred := c.Task().Cred()
	a.UID, a.GID = cred.UID, cred.GID
	now := sched.Now(fs.sched)
	a.Atime, a.Mtime, a.Ctime = now, now, now
	e, err := fs.newEntry(c.Task(), d.Name(), a)
	if err != nil {
		return err
	}
	e.vfs = true
	if fill != nil {
		fill(e)
	}
	e.get() // ours
	defer e.Put()
	old, err := n.e.hook(e)
	if err != nil {
		if old != nil {
			old.Put()
		}
		e.Put() // the tree's
		return err
	}
	err = e.bind(c, d)
	switch {
	case err == syscall.ENOMEM:
		// Take it back. The kernel left the entry and said ENOMEM.
		if n.e.unhook(e) {
			e.Put() // the tree's
		}
		return err
	case err != nil:
		return nil // made, and removed by a driver at once
	}
	fs.notifyBy(c, d.PeekInode(), e, Create)
	return nil
}

// The first two positions of a listing.
const (
	posDotDot = iota
	posDot
	posEntries
)

// ReadDir lists the directory (devfs_readdir): "..", ".", and the entries in
// the order of their registration. A position is an entry's number in that
// order, so a listing in several calls skips nothing and repeats nothing,
// whatever is removed in between; the kernel counted entries from the head each
// time.
func (n dirNode) ReadDir(c *vfs.Call, d *vfs.Dentry, pos *int64, emit func(vfs.DirEntry) bool) error {
	if *pos < 0 {
		return syscall.EINVAL
	}
	if *pos == posDotDot {
		up := n.e
		if n.e.parent != nil {
			up = n.e.parent
		}
		if !emit(vfs.DirEntry{Name: "..", Ino: up.ino, Type: vfs.TypeDir}) {
			return nil
		}
		*pos++
	}
	if *pos == posDot {
		if !emit(vfs.DirEntry{Name: ".", Ino: n.e.ino, Type: vfs.TypeDir}) {
			return nil
		}
		*pos++
	}
	l := n.e.dir
	l.RLock()
	defer l.RUnlock()
	for e := l.first; e != nil; e = e.next {
		if e.serial < *pos-posEntries {
			continue
		}
		if !emit(vfs.DirEntry{Name: e.name, Ino: e.ino, Type: e.typ}) {
			return nil
		}
		*pos = e.serial + posEntries + 1
	}
	return nil
}

// Statfs describes the file system.
func (n dirNode) Statfs() vfs.Statfs {
	return vfs.Statfs{Type: Magic, Bsize: 4096, Namelen: vfs.NameMax}
}

var (
	_ vfs.Looker    = dirNode{}
	_ vfs.Unlinker  = dirNode{}
	_ vfs.Mkdirer   = dirNode{}
	_ vfs.Rmdirer   = dirNode{}
	_ vfs.Mknoder   = dirNode{}
	_ vfs.Symlinker = dirNode{}
	_ vfs.DirReader = dirNode{}
	_ vfs.Statfser  = dirNode{}
)
