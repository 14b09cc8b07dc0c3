package devfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// A chain is the way from below the root to an entry's directory, with a
// reference on each directory, so that none is freed while an event for the
// entry takes references of its own. The kernel relied on luck.
type chain []*entry

func (c chain) put() {
	for i := len(c) - 1; i >= 0; i-- {
		c[i].Put()
	}
}

// make makes an entry for a kernel-side name, visible, and queues REGISTERED.
// Fill completes the entry before it can be seen.
func (fs *FS) make(name string, a vfs.Attr, fill func(*entry)) error {
	parts, err := splitName(name)
	if err != nil {
		return err
	}
	dir, way, err := fs.prepare(parts[:len(parts)-1])
	defer func() { way.put() }()
	if err != nil {
		return err
	}
	e, err := fs.newEntry(nil, parts[len(parts)-1], a)
	if err != nil {
		return err
	}
	if fill != nil {
		fill(e)
	}
	e.get() // ours, while the event is made
	defer e.Put()
	old, err := dir.hook(e)
	if err != nil {
		e.Put() // the tree's
		if old != nil {
			same := e.typ == vfs.TypeDir && old.typ == vfs.TypeDir
			old.Put()
			if same {
				return nil
			}
		}
		return err
	}
	fs.notify(nil, e, Registered, a.Mode, 0, 0)
	return nil
}

// prepare walks from the root, makes the directories that are missing, without
// telling anybody, and returns the last one (_devfs_prepare_leaf). The chain
// must be put, also after an error.
func (fs *FS) prepare(parts []string) (dir *entry, way chain, err error) {
	dir = fs.root
	for _, name := range parts {
		next := dir.find(name)
		if next == nil {
			if next, err = fs.makeDir(dir, name); err != nil {
				return nil, way, err
			}
		}
		way = append(way, next)
		if next.typ != vfs.TypeDir {
			return nil, way, syscall.ENOTDIR
		}
		dir = next
	}
	return dir, way, nil
}

// makeDir makes a directory in dir, or finds the one that somebody else makes
// at the same time. It returns it with a reference.
func (fs *FS) makeDir(dir *entry, name string) (*entry, error) {
	e, err := fs.newEntry(nil, name, vfs.Attr{Mode: dirMode})
	if err != nil {
		return nil, err
	}
	e.get()
	old, err := dir.hook(e)
	if err == nil {
		return e, nil
	}
	e.Put()
	e.Put()
	if old != nil {
		return old, nil
	}
	return nil, err
}

// remove removes what name stands for, and all below it.
func (fs *FS) remove(name string) error {
	parts, err := splitName(name)
	if err != nil {
		return err
	}
	dir := fs.root
	var way chain
	defer func() { way.put() }()
	for _, p := range parts[:len(parts)-1] {
		next := dir.find(p)
		if next == nil {
			return syscall.ENOENT
		}
		way = append(way, next)
		if next.typ != vfs.TypeDir {
			return syscall.ENOTDIR
		}
		dir = next
	}
	e := dir.find(parts[len(parts)-1])
	if e == nil {
		return syscall.ENOENT
	}
	defer e.Put()
	dir.dir.Lock()
	if !fs.unregister(dir, e) {
		return syscall.ENOENT
	}
	e.Put() // the tree's
	return nil
}

// unregister takes e out of dir, whose list is write-locked and gets unlocked,
// tells the daemon, and does the same to everything below e
// (_devfs_unregister). It reports false if e was not there any more. The
// reference of the tree is the caller's.
func (fs *FS) unregister(dir, e *entry) bool {
	ok := dir.unhookLocked(e)
	dir.dir.Unlock()
	if !ok {
		return false
	}
	fs.notify(nil, e, Unregistered, e.attr.Load().Mode, 0, 0)
	e.detach()
	if e.dir == nil {
		return true
	}
	for {
		e.dir.Lock()
		e.dir.closed = true
		kid := e.dir.first
		if kid == nil {
			e.dir.Unlock()
			return true
		}
		kid.get()
		if fs.unregister(e, kid) {
			kid.Put() // the tree's
		}
		kid.Put()
	}
}
