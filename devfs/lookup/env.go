package lookup

import (
	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// An Env is the file system that a protocol works in.
type Env interface {
	// Provider supplies the locks and the scheduler.
	Provider() floodgate.Provider

	// Dir returns the entry of a directory, or nil if it has none.
	Dir(i *vfs.Inode) Dir

	// MakeInode makes the inode of e, to be bound to d, and notes in the
	// entry that d is its dentry (_devfs_get_vfs_inode). The inode has a
	// reference on the entry. It returns nil if there is no memory, and if
	// the entry was unhooked meanwhile.
	MakeInode(c *vfs.Call, e Entry, d *vfs.Dentry) *vfs.Inode

	// Iput is the d_iput hook of every dentry: it takes note of the loss in
	// the entry and drops what MakeInode took.
	Iput(d *vfs.Dentry, i *vfs.Inode)

	// Placeholder makes what stands for a name in dir that is looked up
	// until there is an entry. It lives in its maker's frame.
	Placeholder(c *vfs.Call, dir Dir, name string) Placeholder

	// TryModload tells the daemon that a name is looked up (try_modload),
	// and reports whether it could be told.
	TryModload(c *vfs.Call, p Placeholder) bool

	// WaitForDevfsd sleeps until the daemon is idle
	// (wait_for_devfsd_finished). It reports false if the task must not
	// wait, because it is of the daemon's class.
	WaitForDevfsd(c *vfs.Call) bool

	// DevfsdClass reports whether the task is of the daemon's class, by the
	// generation's [ClassTest] (is_devfsd_or_child).
	DevfsdClass(c *vfs.Call) bool

	// Alloc reports whether memory for the named thing can be had. It is
	// where faults are injected.
	Alloc(c *vfs.Call, what string) bool

	// Live counts records, for leak checks.
	Live() *Live
}

// A Dir is a directory entry: its list of entries and the lock of that list.
type Dir interface {
	// Search finds a name under the read lock, and takes a reference. It
	// returns nil if the name is not there.
	Search(name string) Entry

	// The lock of the list.
	floodgate.RWLock
}

// An Entry is a device entry, with a reference that the holder must put.
type Entry interface {
	// Put drops the reference.
	Put()
}

// A Placeholder is an entry that lives as long as a call.
type Placeholder interface {
	// End ends its life.
	End()
}

// put drops a reference on e, which may be nil.
func put(e Entry) {
	if e != nil {
		e.Put()
	}
}

// An Owner is who owns the event queue. Each method is a step.
type Owner interface {
	Task() *sched.Task // nil: nobody
	Group() int        // 0: nobody, or an owner that leads no group
}
