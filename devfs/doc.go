// Package devfs is an in-memory device file system: the devfs of Linux 2.4 and
// 2.5, whose names are made by drivers, by user space, and on demand by a
// daemon.
//
//	fs := devfs.New(devfs.Config{})              // our locks, plain goroutines
//	fs.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)) // a driver registers a device
//	st, err := fs.Stat(task, "/misc/null")       // a task looks at it
//
// It has three sides.
//
// Drivers register and remove entries: [FS.MkCdev], [FS.MkBdev], [FS.MkDir],
// [FS.MkSymlink], [FS.Remove]. They never sleep.
//
// Tasks make system calls, those of [vfs.Tree]: Stat, Open, ReadDir, Mkdir,
// Mknod, Symlink, Readlink, Unlink, Rmdir, Rename, Chmod, Chown. Each takes the
// task first.
//
// A daemon reads events and reacts:
//
//	d, err := fs.Claim(task, devfs.Events(devfs.Lookup))
//	defer d.Release()
//	for {
//		ev, err := d.Read(task)
//		if err != nil {
//			return err
//		}
//		if ev.Name == "foo" {
//			fs.Symlink(task, "misc/null", "/foo")
//		}
//	}
//
// While somebody owns the queue and wants lookups, a lookup of a name that is
// missing waits until the daemon has handled its event, which it says by reading
// again, or with [Event.Done]; or until the name is there, or the daemon gone.
// How lookers wait is the business of a protocol: see package devfs/lookup, and
// [Config].Lookup. In the historical ones every lookup of a name that is not
// cached waits until the daemon is idle.
//
// # Locks
//
// A task that has a lock may take those further to the right or below it:
//
//	rename semaphore of the tree
//	  i_sem of a directory, an ancestor before its descendant
//	    i_sem of the victim of an unlink or rmdir
//	      rw lock of a list of entries
//	        lock of a wait queue, section of the dentry cache, section of the event queue
//
// No lock of a list is held during a sleep, and with the default protocol no
// other lock is held while a task waits for a lookup or for the daemon. In the
// historical ones a lookup releases the i_sem that it was called with, to wait
// for the daemon, and takes it again; when, and what its task may hold
// meanwhile, differs between the generations.
//
// # References
//
// Who has a reference on an entry, and when it drops it:
//
//	the tree        from the hook on; dropped by whoever unhooks it
//	an inode        as long as it lives: dropped by the d_iput hook
//	a queued event  on its entry and on each directory above, the root
//	                included; dropped when it is read, or with the queue
//	a search        the one who found it; dropped when done
//	a record        a lookup in flight that has found its entry: the search's
//
// The link from an entry to its parent is no reference: who needs the parents
// has them by a dentry, or by the chain of searches that led there. When nobody
// is at work each entry in the tree has one reference and one for its inode if
// it has one. [FS.Census] counts.
package devfs
