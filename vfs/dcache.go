package vfs

import "github.com/floodgate-go/floodgate/sched"

// The operations of the dentry cache. Each is one step on the section of the
// directory; what calls back into the file system runs after it.

// search finds a name among the hashed dentries of the directory d and takes a
// reference (d_lookup). It returns nil if the name is not there.
func (d *Dentry) search(name string) *Dentry {
	k := d.kids.Load()
	k.sec.Enter(sched.Load)
	found := k.m[name]
	if found != nil {
		found.count++
	}
	k.sec.Leave(truth(found != nil))
	return found
}

// hold takes one more reference (dget). The caller has one. The root is pinned
// by the tree and not counted.
func (d *Dentry) hold() {
	if d.parent == nil {
		return
	}
	k := d.siblings()
	k.sec.Enter(sched.Load)
	d.count++
	k.sec.Leave(int64(d.count))
}

// TryGet takes a reference unless the dentry has been forgotten, and reports
// whether it did. It is for pointers to dentries that are no references
// themselves.
func (d *Dentry) TryGet() bool {
	if d.parent == nil {
		return true
	}
	k := d.siblings()
	k.sec.Enter(sched.Load)
	ok := !d.dead
	if ok {
		d.count++
	}
	k.sec.Leave(truth(ok))
	return ok
}

// Put drops a reference (dput). With the last one the dentry is forgotten,
// unless it is hashed and its Delete hook wants to keep it.
func (d *Dentry) Put() {
	for d != nil && d.parent != nil {
		parent := d.parent
		if !d.put() {
			return
		}
		d = parent // it had a reference on it
	}
}

// put is Put for one dentry, and reports whether it was forgotten.
func (d *Dentry) put() (forgotten bool) {
	if !d.shown && d.count == 1 && d.PeekInode() == nil {
		// Only its maker knows it: this is no step.
		d.count, d.dead = 0, true
		d.tree.gone(d)
		return true
	}
	k := d.siblings()
	k.sec.Enter(sched.Update)
	d.count--
	if d.count < 0 {
		k.sec.Leave(-1)
		Bug(d.tree.sched, &BugError{Op: "dput", Name: d.name, What: "dropped more references than were taken"})
		return false
	}
	if d.count > 0 || d.hashed && !d.unwanted() {
		k.sec.Leave(int64(d.count))
		return false
	}
	d.unhash()
	d.dead = true
	i := d.inode.Swap(nil)
	k.sec.Leave(0)
	d.tree.gone(d)
	d.iput(i)
	return true
}

func (d *Dentry) unwanted() bool {
	ops := d.ops.Peek()
	return ops != nil && ops.Delete != nil && ops.Delete(d)
}

// iput drops the inode that d has lost. It is no step.
func (d *Dentry) iput(i *Inode) {
	if i == nil {
		return
	}
	if ops := d.ops.Peek(); ops != nil && ops.Iput != nil {
		ops.Iput(d, i)
		return
	}
	i.Put()
}

// Add makes d visible: it is bound to i, or stays negative if i is nil, and is
// put in the hash (d_add).
func (d *Dentry) Add(i *Inode) {
	if i != nil {
		d.Instantiate(nil, i)
	}
	d.shown = true
	d.publish()
	k := d.siblings()
	k.sec.Enter(sched.Update)
	d.older = k.m[d.name]
	k.m[d.name] = d
	d.hashed = true
	k.sec.Leave(1)
}

// Instantiate binds d to i (d_instantiate); nil changes nothing. A dentry that
// is bound already is a bug, reported as a *[BugError]: the new inode is
// dropped, by the dentry's Iput hook as it were that dentry's.
func (d *Dentry) Instantiate(c *Call, i *Inode) {
	if i == nil {
		return
	}
	if i.IsDir() {
		d.mkKids()
	}
	op := sched.Op{Kind: sched.Update, Arg: 1}
	if d.inodeObj != nil {
		d.inodeObj.Step(op)
	}
	ok := d.inode.CompareAndSwap(nil, i)
	if d.inodeObj != nil {
		op.Failed = !ok
		d.inodeObj.Done(op, truth(ok))
	}
	if ok {
		return
	}
	e := &BugError{Op: "d_instantiate", Name: d.Path(), What: "the dentry is positive already"}
	if c != nil {
		e.Task = c.task
	}
	Bug(d.tree.sched, e)
	i.Put()
}

// Drop takes d out of the hash (d_drop). Who has it keeps it.
func (d *Dentry) Drop() {
	k := d.siblings()
	k.sec.Enter(sched.Update)
	d.unhash()
	k.sec.Leave(int64(d.count))
}

// unhash is Drop with the section entered.
func (d *Dentry) unhash() {
	if !d.hashed {
		return
	}
	d.hashed = false
	m := d.siblings().m
	head := m[d.name]
	switch {
	case head != d:
		for head.older != d {
			head = head.older
		}
		head.older = d.older
	case d.older != nil:
		m[d.name] = d.older
	default:
		delete(m, d.name)
	}
	d.older = nil
}

// remove makes a dentry whose object is gone negative if nobody else has it,
// and unhashes it otherwise (d_delete).
func (d *Dentry) remove() {
	k := d.siblings()
	k.sec.Enter(sched.Update)
	var i *Inode
	if d.count == 1 {
		i = d.inode.Swap(nil)
	} else {
		d.unhash()
	}
	k.sec.Leave(int64(d.count))
	d.iput(i)
}

// invalidate unhashes d unless it is a directory that others use, and reports
// whether it did (d_invalidate).
func (d *Dentry) invalidate() bool {
	i := d.PeekInode()
	k := d.siblings()
	k.sec.Enter(sched.Update)
	ok := !d.hashed || d.count <= 1 || i == nil || !i.IsDir()
	if ok {
		d.unhash()
	}
	k.sec.Leave(truth(ok))
	return ok
}

// unhashIdle prepares a directory for rmdir: what nobody uses below it is
// forgotten, and if only the caller has it, it is unhashed (dentry_unhash).
func (d *Dentry) unhashIdle() {
	d.shrink()
	k := d.siblings()
	k.sec.Enter(sched.Update)
	if d.count == 1 {
		d.unhash()
	}
	k.sec.Leave(int64(d.count))
}

// shrink forgets the children of d that nobody has (shrink_dcache_parent).
func (d *Dentry) shrink() {
	type lost struct {
		d *Dentry
		i *Inode
	}
	var gone []lost
	k := d.kids.Load()
	k.sec.Enter(sched.Update)
	for _, head := range k.m {
		for kid := head; kid != nil; {
			next := kid.older
			if kid.count == 0 {
				kid.unhash()
				kid.dead = true
				gone = append(gone, lost{kid, kid.inode.Swap(nil)})
			}
			kid = next
		}
	}
	k.sec.Leave(int64(len(gone)))
	for _, l := range gone {
		d.tree.gone(l.d)
		l.d.iput(l.i)
		d.Put()
	}
}
