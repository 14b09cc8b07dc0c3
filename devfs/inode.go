package devfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// makeInode makes the inode of e for the dentry d, and notes d in e
// (_devfs_get_vfs_inode). ENOMEM: no memory; ENOENT: e was unhooked meanwhile.
// The caller has a reference on e.
func (e *entry) makeInode(c *vfs.Call, d *vfs.Dentry) (*vfs.Inode, error) {
	if !e.fs.alloc(c.Task(), "inode") {
		return nil, syscall.ENOMEM
	}
	// The kernel looks without the lock first; once unhooked an entry
	// stays so, and the answer under the lock is the same.
	l := e.parent.dir
	l.RLock()
	hooked := e.hooked
	if hooked {
		e.dentry.Store(d)
	}
	l.RUnlock()
	if !hooked {
		return nil, syscall.ENOENT
	}
	e.get()
	return e.inode(d.Tree()), nil
}

// inode makes an inode of e, which takes over a reference.
func (e *entry) inode(tr *vfs.Tree) *vfs.Inode {
	a := *e.attr.Load()
	a.Nlink = 1
	a.Blksize = 1024
	return tr.NewInode(e.ino, e.node, a, e.dev)
}

// iput is the d_iput hook of every dentry (devfs_d_iput): d loses i.
func (fs *FS) iput(d *vfs.Dentry, i *vfs.Inode) {
	e := entryOf(i)
	if bound := e.dentry.Load(); bound != nil && bound != d {
		vfs.Bug(fs.sched, &vfs.BugError{Op: "d_iput", Name: d.Path(), What: "the entry is bound to another dentry"})
	}
	e.dentry.Store(nil)
	i.Put()
	e.Put()
}

// entryOf returns the entry of an inode of this package.
func entryOf(i *vfs.Inode) *entry { return i.Node().(interface{ entry() *entry }).entry() }
