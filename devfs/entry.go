package devfs

import (
	"sync"
	"sync/atomic"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// An entry is a node of the tree (struct devfs_entry): what stays when no
// dentry and no inode is there for it.
type entry struct {
	fs     *FS
	name   string
	typ    vfs.Mode
	ino    uint64
	dev    vfs.Dev // of a device
	target string  // of a symbolic link
	node   any     // what its inodes can do; see node.go
	vfs    bool    // user space may remove it (vfs_deletable)

	// refs has one reference for being in the tree, and one for each
	// inode, queued event, and search that has found it.
	refs refcount.Count
	root bool // pinned: refs are counted, but nobody can notice

	dir *list // of a directory

	// Guarded by the lock of the parent's list. parent is set when the
	// entry is hooked and stays when it is unhooked.
	parent     *entry
	prev, next *entry
	hooked     bool
	leaving    atomic.Bool // for checks: unhooked, not detached yet
	serial     int64       // its place in the order of registration

	// dentry is what the entry is bound to (inode.dentry). It is read and
	// written without a lock.
	dentry sched.Pointer[vfs.Dentry]

	// attr is what an inode of the entry starts with and leaves behind.
	attr atomic.Pointer[vfs.Attr]
}

// newEntry makes an entry that is not in the tree yet, with one reference. It
// returns an error if there is no room for it.
func (fs *FS) newEntry(t *sched.Task, name string, a vfs.Attr) (*entry, error) {
	if err := fs.reserve(t); err != nil {
		return nil, err
	}
	e := &entry{fs: fs, name: name, typ: a.Mode.Type(), ino: fs.lastIno.Add(1)}
	e.attr.Store(&a)
	e.setup()
	return e, nil
}

// setup gives e its node, its list, and its name in reports.
func (e *entry) setup() {
	s := e.fs.sched
	label := ""
	if s != nil {
		label = "de " + e.name
		if e.root {
			label = "de /"
		}
		e.dentry.Init(s, sched.Spec{Name: "dentry of " + label})
	}
	if e.root {
		s = nil
	}
	e.refs.Init(s, label, 1)
	switch e.typ {
	case vfs.TypeDir:
		e.dir = newList(e.fs.provider, label)
		e.node = dirNode{e}
	case vfs.TypeSymlink:
		e.node = linkNode{entryNode{e}}
	default:
		e.node = devNode{entryNode{e}}
	}
}

// get takes a reference (devfs_get). The caller has one.
func (e *entry) get() { e.refs.Inc() }

// Put drops a reference (devfs_put), and frees e with the last one.
func (e *entry) Put() {
	if e.refs.DecAndTest() {
		e.fs.entries.Add(-1)
	}
}

// path returns the path from the root, without its leading slash.
func (e *entry) path() string {
	if e.root {
		return ""
	}
	path := e.name
	for p := e.parent; p != nil && !p.root; p = p.parent {
		path = p.name + "/" + path
	}
	return path
}

// A list is the entries of a directory, in the order of their registration.
type list struct {
	floodgate.RWLock // guards what follows, and the links of the entries
	// peek is held for the changes, too, so that a census may look without
	// a step. It is the last lock.
	peek sync.RWMutex

	first, last *entry
	byName      map[string]*entry
	closed      bool // no_more_additions
	serial      int64
}

func newList(p floodgate.Provider, label string) *list {
	return &list{RWLock: p.NewRWLock(label + ".lock"), byName: make(map[string]*entry)}
}
