package devfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/vfs"
)

var _ lookup.Desk = env{}

// Bind binds d to the entry of its name, and hashes it.
func (v env) Bind(c *vfs.Call, at lookup.Dir, d *vfs.Dentry) (found bool, err error) {
	e := at.(dir).byName[d.Name()]
	if e == nil {
		return false, nil
	}
	if !v.fs.alloc(c.Task(), "inode") {
		return true, syscall.ENOMEM
	}
	e.couple(d)
	return true, nil
}

// Ask returns the flight of a name.
func (v env) Ask(c *vfs.Call, at lookup.Dir, name string) (f *lookup.Flight, first bool, err error) {
	return v.fs.devfsd.desk.ask(c, at.(dir), name)
}

// Ring wakes the daemon.
func (v env) Ring() { v.fs.devfsd.wait.WakeAll() }

// couple binds d, which nobody else has seen, to e, which is in the tree, and
// hashes it. The lock of the list is held: whoever removes e comes before, and
// e is not in the tree, or after, and finds d.
func (e *entry) couple(d *vfs.Dentry) {
	e.dentry.Store(d)
	e.get()
	d.Add(e.inode(d.Tree()))
}

// bind binds the negative d to e, which was made for it. ENOMEM: no memory;
// ENOENT: e was unhooked meanwhile.
func (e *entry) bind(c *vfs.Call, d *vfs.Dentry) error {
	if !e.fs.gen.Coupled {
		i, err := e.makeInode(c, d)
		if err == nil {
			d.Instantiate(c, i)
		}
		return err
	}
	if !e.fs.alloc(c.Task(), "inode") {
		return syscall.ENOMEM
	}
	l := e.parent.dir
	l.RLock()
	defer l.RUnlock()
	if !e.hooked {
		return syscall.ENOENT
	}
	e.couple(d)
	return nil
}
