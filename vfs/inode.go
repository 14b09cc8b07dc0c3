package vfs

import (
	"fmt"
	"sync/atomic"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/sched"
)

// An Inode is one object of a file system (struct inode). A file system makes
// it with [Tree.NewInode] and binds it to a dentry; it lives until the dentry
// drops it. Inodes are not hashed: there is no second way to one.
//
// All methods may be called concurrently.
type Inode struct {
	tree *Tree
	ino  uint64
	typ  Mode
	rdev Dev
	node any
	attr sched.Pointer[Attr]
	refs atomic.Int64

	// sem is i_sem. Only Call takes it, so that each call knows what it holds.
	sem     floodgate.Semaphore
	permits atomic.Int64               // what sem has left, for checks
	holder  atomic.Pointer[sched.Task] // who took it last, for checks

	// dead says that a directory was removed (S_DEAD). Its i_sem guards it.
	dead atomic.Bool
}

// NewInode makes an inode with one reference, which goes to the dentry that it
// is bound to. Node is the file system's own, and what it can do: see [Looker]
// and its relatives. Its Rdev is for devices.
func (tr *Tree) NewInode(ino uint64, node any, a Attr, rdev Dev) *Inode {
	i := &Inode{tree: tr, ino: ino, typ: a.Mode.Type(), rdev: rdev, node: node}
	i.attr.Store(&a)
	i.refs.Store(1)
	i.permits.Store(1)
	name := ""
	if tr.sched != nil {
		name = fmt.Sprintf("#%d", ino)
		i.attr.Init(tr.sched, sched.Spec{Name: "attr " + name})
	}
	i.sem = tr.provider.NewSemaphore("i_sem "+name, 1)
	tr.inodes.Add(1)
	return i
}

// Ino returns the inode number.
func (i *Inode) Ino() uint64 { return i.ino }

// Node returns what the file system made the inode with.
func (i *Inode) Node() any { return i.node }

// Type returns the type bits of the mode.
func (i *Inode) Type() Mode { return i.typ }

// IsDir reports whether i is a directory.
func (i *Inode) IsDir() bool { return i.typ == TypeDir }

// Attr returns the attributes.
func (i *Inode) Attr() Attr { return *i.attr.Load() }

// Update changes the attributes to what f makes of them, at once. F may be
// called again if somebody else was faster.
func (i *Inode) Update(f func(a *Attr)) {
	for {
		old := i.attr.Peek()
		a := *old
		f(&a)
		if i.attr.CompareAndSwap(old, &a) {
			return
		}
	}
}

// Dead reports whether i is a directory that was removed.
func (i *Inode) Dead() bool { return i.dead.Load() }

// Stat returns what stat(2) tells.
func (i *Inode) Stat() Stat { return Stat{Ino: i.ino, Rdev: i.rdev, Attr: i.Attr()} }

// Put drops a reference (iput).
func (i *Inode) Put() {
	if i.refs.Add(-1) == 0 {
		i.tree.inodes.Add(-1)
	}
}

// Permits returns what is left of i_sem: 1 when it is free, 0 when it is held,
// more after an up without a down. It is for checks and takes no step.
func (i *Inode) Permits() int { return int(i.permits.Load()) }

// Unlinked sets the link count to 0: the object has no name any more.
func (i *Inode) Unlinked() { i.Update(func(a *Attr) { a.Nlink = 0 }) }
