package vfs

import "syscall"

// doLookup looks a name up for a walk: in the hash first, with no i_sem held
// (do_lookup). It returns a dentry with a reference, positive or negative.
func (c *Call) doLookup(dir *Dentry, name string, nd *Intent) (*Dentry, error) {
	c.At(&V1)
	d := dir.search(name)
	if d == nil {
		return c.reallyLookup(dir, name, nd)
	}
	if c.tree.rules.LockRevalidate {
		c.At(&Vd)
		c.Down(dir.PeekInode())
	}
	ok := c.revalidate(d, nd)
	if c.tree.rules.LockRevalidate {
		c.At(&Vu)
		c.Up(dir.PeekInode())
	}
	if ok || !d.invalidate() {
		return d, nil
	}
	d.Put()
	return c.reallyLookup(dir, name, nd)
}

// reallyLookup is realLookup until nothing has to be waited for.
func (c *Call) reallyLookup(dir *Dentry, name string, nd *Intent) (*Dentry, error) {
	d, err := c.realLookup(dir, name, nd)
	for c.await(&err) {
		d, err = c.realLookup(dir, name, nd)
	}
	return d, err
}

// realLookup asks the file system for a name that the hash does not have
// (real_lookup).
func (c *Call) realLookup(dir *Dentry, name string, nd *Intent) (*Dentry, error) {
	i := dir.PeekInode()
	c.At(&V4)
	c.Down(i)
	c.At(&V5)
	d := dir.search(name)
	if d == nil {
		c.At(&V6)
		d, err := c.ask(dir, name)
		c.At(&V8)
		c.Up(i)
		return d, err
	}
	// Somebody was faster: their dentry may still be in flight.
	c.At(&V7)
	if !c.tree.rules.LockRevalidate {
		c.Up(i)
	}
	ok := c.revalidate(d, nd)
	if c.tree.rules.LockRevalidate {
		c.At(&Vu)
		c.Up(i)
	}
	if !ok && d.invalidate() {
		d.Put()
		return nil, syscall.ENOENT
	}
	return d, nil
}

// lookupHash looks a name up on behalf of a change, with the directory's i_sem
// held (lookup_hash, cached_lookup). It returns a dentry with a reference,
// positive or negative.
func (c *Call) lookupHash(dir *Dentry, name string, nd *Intent) (*Dentry, error) {
	if err := c.permission(dir.PeekInode(), mayExec); err != nil {
		return nil, err
	}
	c.At(&H2)
	if d := dir.search(name); d != nil {
		if c.revalidate(d, nd) || !d.invalidate() {
			return d, nil
		}
		d.Put()
	}
	c.At(&H3)
	return c.ask(dir, name)
}

// ask makes a fresh dentry and has the file system bind it (->lookup). The
// directory's i_sem is held.
func (c *Call) ask(dir *Dentry, name string) (*Dentry, error) {
	looker, ok := dir.PeekInode().node.(Looker)
	if !ok {
		return nil, syscall.ENOTDIR
	}
	d := dir.newDentry(name)
	c.enter(Lookup, d)
	err := looker.Lookup(c, d)
	c.leave(Lookup, d)
	if err != nil {
		d.Put()
		return nil, err
	}
	return d, nil
}

// revalidate asks the dentry's hook whether it may be used. As in the kernel
// the hooks are loaded once to see whether there is one, and once more to call
// it: a file system that takes the hook away in between makes the kernel jump
// through a nil pointer.
func (c *Call) revalidate(d *Dentry, nd *Intent) bool {
	c.At(&V2)
	if ops := d.Ops(); ops == nil || ops.Revalidate == nil {
		return true
	}
	c.enter(Revalidate, d)
	c.At(&V3)
	ops := d.Ops()
	if ops == nil || ops.Revalidate == nil {
		Bug(c.tree.sched, &BugError{Op: "d_revalidate", Name: d.Path(), Task: c.task,
			What: "call through a nil pointer: d_op changed between the test and the call"})
		c.leave(Revalidate, d)
		return true
	}
	valid := ops.Revalidate(c, d, nd)
	c.leave(Revalidate, d)
	return valid
}
