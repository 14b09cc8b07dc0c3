package vfs

import (
	"strconv"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Dentry is a name in a directory, as the generic code remembers it (struct
// dentry). It is negative while it has no inode: the name is known not to
// exist, or not to exist yet.
//
// Its state is of two sorts. Reference count, place in the hash and death are
// guarded by the parent's section (dcache_lock), and each operation on them is
// one step. The inode, the operations and the file system's data are read
// without a lock by whoever has a reference, as in Linux; each such access is
// a step, once the dentry is in the hash. Until then it belongs to its maker,
// and what its maker does to it is nobody else's step.
//
// All methods may be called concurrently, with a reference held.
type Dentry struct {
	tree   *Tree
	name   string
	parent *Dentry // nil: the root. Holds a reference.

	count  int // references; guarded by parent.kids
	hashed bool
	dead   bool    // count has reached 0 and the dentry was forgotten
	older  *Dentry // the next dentry of this name in the hash
	shown  bool    // it has been in the hash

	inode    atomic.Pointer[Inode]
	inodeObj *sched.Object
	ops      sched.Pointer[DentryOps]
	data     sched.Pointer[any]

	kids atomic.Pointer[children] // of a directory; set before its inode, for good
}

// children are the hashed dentries of a directory.
type children struct {
	sec sched.Section
	m   map[string]*Dentry
}

// mkKids prepares d for being a directory.
func (d *Dentry) mkKids() {
	if d.kids.Load() != nil {
		return
	}
	k := &children{m: make(map[string]*Dentry)}
	k.sec.Init(d.tree.sched, sched.Spec{Name: "d_subdirs " + d.name})
	d.kids.CompareAndSwap(nil, k)
}

// siblings returns what guards d's own count and place in the hash.
func (d *Dentry) siblings() *children { return d.parent.kids.Load() }

// newDentry makes an unhashed, negative dentry with one reference
// (d_alloc). The caller has one on the parent.
func (d *Dentry) newDentry(name string) *Dentry {
	d.hold()
	kid := &Dentry{tree: d.tree, name: name, parent: d, count: 1}
	d.tree.born(kid)
	return kid
}

// publish registers what others can notice from now on.
func (d *Dentry) publish() {
	s := d.tree.sched
	if s == nil {
		return
	}
	n := d.tree.serial.Add(1)
	name := d.name + "#" + strconv.FormatInt(n, 10)
	d.inodeObj = sched.Register(s, sched.Spec{Kind: sched.KindVar, Name: "d_inode " + name})
	d.ops.Init(s, sched.Spec{Name: "d_op " + name})
	d.data.Init(s, sched.Spec{Name: "d_fsdata " + name})
}

// Name returns the name (d_name).
func (d *Dentry) Name() string { return d.name }

// Parent returns the directory (d_parent), nil for the root.
func (d *Dentry) Parent() *Dentry { return d.parent }

// Tree returns the tree that d is part of.
func (d *Dentry) Tree() *Tree { return d.tree }

// Inode returns the inode (d_inode), nil while d is negative.
func (d *Dentry) Inode() *Inode {
	if d.inodeObj == nil {
		return d.inode.Load()
	}
	d.inodeObj.Step(sched.Op{Kind: sched.Load})
	i := d.inode.Load()
	d.inodeObj.Done(sched.Op{Kind: sched.Load}, truth(i != nil))
	return i
}

// PeekInode returns the inode without a step, for reports, checks, and callers
// who know that it can not change.
func (d *Dentry) PeekInode() *Inode { return d.inode.Load() }

// Ops returns the hooks (d_op).
func (d *Dentry) Ops() *DentryOps { return d.ops.Load() }

// SetOps sets the hooks.
func (d *Dentry) SetOps(ops *DentryOps) { d.ops.Store(ops) }

// FSData returns what the file system keeps with the dentry (d_fsdata), nil if
// nothing.
func (d *Dentry) FSData() any {
	if p := d.data.Load(); p != nil {
		return *p
	}
	return nil
}

// PeekFSData is FSData without a step.
func (d *Dentry) PeekFSData() any {
	if p := d.data.Peek(); p != nil {
		return *p
	}
	return nil
}

// SetFSData sets what the file system keeps with the dentry; nil clears it.
func (d *Dentry) SetFSData(v any) {
	if v == nil {
		d.data.Store(nil)
		return
	}
	d.data.Store(&v)
}

// Path returns the path from the root, without its leading slash; "/" for the
// root itself.
func (d *Dentry) Path() string {
	if d.parent == nil {
		return "/"
	}
	path := d.name
	for p := d.parent; p.parent != nil; p = p.parent {
		path = p.name + "/" + path
	}
	return path
}

func truth(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}
