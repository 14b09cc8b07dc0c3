package devfs

import "syscall"

// find finds a name in the directory e, and takes a reference. It returns nil
// if the name is not there.
func (e *entry) find(name string) *entry {
	e.dir.RLock()
	found := e.dir.byName[name]
	if found != nil {
		found.get()
	}
	e.dir.RUnlock()
	return found
}

// hook appends kid to the directory e (_devfs_append_entry). From here on
// others see it. EEXIST: the name is there, and the entry that has it is
// returned, with a reference; ENOENT: the directory is being removed. The
// caller keeps its reference to kid in either case; with nil that is the one of
// the tree.
func (e *entry) hook(kid *entry) (old *entry, err error) {
	l := e.dir
	if k := e.fs.devfsd.desk; k != nil {
		defer func() {
			if err == nil {
				k.appeared(e, kid.name)
			}
		}()
	}
	l.Lock()
	defer l.Unlock()
	if l.closed {
		return nil, syscall.ENOENT
	}
	if old = l.byName[kid.name]; old != nil {
		old.get()
		return old, syscall.EEXIST
	}
	l.peek.Lock()
	defer l.peek.Unlock()
	l.serial++
	kid.serial = l.serial
	kid.parent, kid.prev, kid.hooked = e, l.last, true
	if l.last != nil {
		l.last.next = kid
	} else {
		l.first = kid
	}
	l.last = kid
	l.byName[kid.name] = kid
	return nil, nil
}

// unhookLocked takes kid off the list of e, and reports whether it was on it
// (_devfs_unhook). The list is write-locked. The reference of the tree is the
// caller's now.
func (e *entry) unhookLocked(kid *entry) bool {
	if !kid.hooked {
		return false
	}
	l := e.dir
	l.peek.Lock()
	if kid.prev != nil {
		kid.prev.next = kid.next
	} else {
		l.first = kid.next
	}
	if kid.next != nil {
		kid.next.prev = kid.prev
	} else {
		l.last = kid.prev
	}
	kid.prev, kid.next, kid.hooked = nil, nil, false
	kid.leaving.Store(true)
	delete(l.byName, kid.name)
	l.peek.Unlock() // what follows takes steps
	if e.fs.gen.Coupled {
		kid.unhash()
	}
	return true
}

// unhook is unhookLocked under the lock.
func (e *entry) unhook(kid *entry) bool {
	e.dir.Lock()
	defer e.dir.Unlock()
	return e.unhookLocked(kid)
}

// detach takes the dentry of an entry that was unhooked out of the hash
// (free_dentry). Who has it keeps it. As the pointer is no reference, the
// dentry may be forgotten at the same time; then there is nothing to do.
func (e *entry) detach() {
	if e.fs.gen.Coupled {
		return // done by unhook
	}
	e.unhash()
}

func (e *entry) unhash() {
	defer e.leaving.Store(false)
	d := e.dentry.Load()
	if d == nil || !d.TryGet() {
		return
	}
	if i := d.Inode(); i != nil {
		i.Unlinked()
	}
	d.Drop()
	d.Put()
}
