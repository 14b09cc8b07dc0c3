package devfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// What an inode can do depends on its type: each type has a node of its own,
// and the interfaces that a node implements are its methods.

// entryNode is what all nodes can do.
type entryNode struct{ e *entry }

func (n entryNode) entry() *entry { return n.e }

// Setattr notes the attributes in the entry, and tells the daemon if mode or
// owner were asked for (devfs_notify_change).
func (n entryNode) Setattr(c *vfs.Call, i *vfs.Inode, req *vfs.SetAttr, a vfs.Attr) error {
	keep := a
	keep.Nlink, keep.Blksize = 0, 0
	n.e.attr.Store(&keep)
	if req.Mode == nil && req.UID == nil && req.GID == nil {
		return nil
	}
	fs := n.e.fs
	if (env{fs}).DevfsdClass(c) {
		return nil
	}
	fs.notify(c.Task(), n.e, Change, a.Mode, a.UID, a.GID)
	return nil
}

// linkNode is a symbolic link.
type linkNode struct{ entryNode }

// Readlink returns the target.
func (n linkNode) Readlink(*vfs.Call) (string, error) { return n.e.target, nil }

// devNode is a device, FIFO or socket.
type devNode struct{ entryNode }

// Open opens a device as a bare node: nothing can be read from it or written to
// it. ENODEV: FIFOs and sockets need more than a node (devfs_open).
func (n devNode) Open(c *vfs.Call, f *vfs.File) error {
	switch n.e.typ {
	case vfs.TypeChar, vfs.TypeBlock:
		return nil
	}
	return syscall.ENODEV
}

var (
	_ vfs.Setattrer  = dirNode{}
	_ vfs.Readlinker = linkNode{}
	_ vfs.Opener     = devNode{}
)
