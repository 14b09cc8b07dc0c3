package devfs

import (
	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/vfs"
)

// env is the file system as its lookup protocol sees it.
type env struct{ fs *FS }

var _ lookup.Env = env{}

// Provider supplies the locks.
func (v env) Provider() floodgate.Provider { return v.fs.provider }

// dir is a directory entry as the protocol sees it.
type dir struct {
	*list
	e *entry
}

// Search finds a name and takes a reference.
func (d dir) Search(name string) lookup.Entry {
	if e := d.e.find(name); e != nil {
		return e
	}
	return nil
}

// Dir returns the entry of a directory.
func (v env) Dir(i *vfs.Inode) lookup.Dir {
	n, ok := i.Node().(dirNode)
	if !ok {
		return nil
	}
	return dir{n.e.dir, n.e}
}

// MakeInode makes the inode of an entry.
func (v env) MakeInode(c *vfs.Call, e lookup.Entry, d *vfs.Dentry) *vfs.Inode {
	i, _ := e.(*entry).makeInode(c, d)
	return i
}

// Iput is the d_iput hook.
func (v env) Iput(d *vfs.Dentry, i *vfs.Inode) { v.fs.iput(d, i) }

// Placeholder makes what stands for a name that is looked up.
func (v env) Placeholder(c *vfs.Call, at lookup.Dir, name string) lookup.Placeholder {
	parent := at.(dir).e
	v.fs.live.Frames.Add(1)
	e := &entry{fs: v.fs, name: name, parent: parent}
	return &placeholder{
		frame: refcount.NewFrame(v.fs.sched, "placeholder "+name, e, c.Task()),
		fs:    v.fs, dir: parent, leaf: name, by: c,
	}
}

// TryModload tells the daemon of a lookup.
func (v env) TryModload(c *vfs.Call, p lookup.Placeholder) bool {
	return v.fs.tryModload(c, p.(*placeholder)) == nil
}

// WaitForDevfsd waits for the daemon.
func (v env) WaitForDevfsd(c *vfs.Call) bool { return v.fs.waitForDevfsd(c) }

// DevfsdClass reports whether the task is of the daemon's class.
func (v env) DevfsdClass(c *vfs.Call) bool {
	if k := v.fs.devfsd.desk; k != nil {
		return k.class(c.Task())
	}
	return v.fs.gen.Class(&v.fs.devfsd, c.Task())
}

// Alloc reports whether memory can be had.
func (v env) Alloc(c *vfs.Call, what string) bool { return v.fs.alloc(c.Task(), what) }

// Live counts records.
func (v env) Live() *lookup.Live { return &v.fs.live }
