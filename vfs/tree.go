package vfs

import (
	"sync"
	"sync/atomic"
	"time"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/sched"
)

// Rules are what a version of the generic code does around a revalidate. The
// zero Rules are those of 2.5.74.
type Rules struct {
	// LockRevalidate makes a walk take the directory's i_sem around the
	// revalidate of a dentry that it found in the hash, and keep it over
	// the one that follows a lost race in real_lookup (FS_ODD_REVALIDATE
	// of the -mm trees of January 2004).
	LockRevalidate bool
}

// Config is what [New] makes a tree of.
type Config struct {
	// Provider supplies the locks. Nil stands for ours on plain goroutines.
	Provider floodgate.Provider
	// Rules are the generic code's.
	Rules Rules
	// Root makes the inode of the root directory. It is required.
	Root func(tr *Tree) *Inode
	// RootOps are the hooks of the root dentry; nil for none.
	RootOps *DentryOps
}

// A Tree is a mounted file system: its super block, its dentries, and the
// system calls on it. Make one with [New]. All methods may be called
// concurrently.
type Tree struct {
	provider  floodgate.Provider
	sched     sched.Scheduler
	rules     Rules
	root      *Dentry
	renameSem floodgate.Semaphore // s_vfs_rename_sem

	dentries atomic.Int64
	inodes   atomic.Int64
	serial   atomic.Int64 // of dentries, for names

	observer Observer

	mu    sync.Mutex
	calls map[*Call]bool // only under a scheduler
	known []*Dentry      // the dentries alive, likewise
}

// New makes a tree. It panics if c.Root is nil or makes no directory.
func New(c Config) *Tree {
	if c.Provider == nil {
		c.Provider = floodgate.Ours(nil)
	}
	tr := &Tree{provider: c.Provider, sched: c.Provider.Scheduler(), rules: c.Rules}
	if tr.sched != nil {
		tr.calls = make(map[*Call]bool)
	}
	tr.renameSem = c.Provider.NewSemaphore("s_vfs_rename_sem", 1)
	if c.Root == nil {
		panic("vfs: Config.Root is nil")
	}
	i := c.Root(tr)
	if i == nil || !i.IsDir() {
		panic("vfs: Config.Root made no directory")
	}
	tr.root = &Dentry{tree: tr, name: "/", count: 1, hashed: true}
	tr.root.ops.Store(c.RootOps)
	tr.root.mkKids()
	tr.root.inode.Store(i)
	tr.dentries.Store(1)
	return tr
}

// Root returns the dentry of the root. It is pinned: it needs no reference.
func (tr *Tree) Root() *Dentry { return tr.root }

// Provider returns the provider of the tree's locks.
func (tr *Tree) Provider() floodgate.Provider { return tr.provider }

// Rules returns the generic code's rules.
func (tr *Tree) Rules() Rules { return tr.rules }

// Live returns the number of dentries and inodes, the root's included, for leak
// checks.
func (tr *Tree) Live() (dentries, inodes int) {
	return int(tr.dentries.Load()), int(tr.inodes.Load())
}

func (tr *Tree) now() time.Time { return sched.Now(tr.sched) }

// enter notes that c is going on, where somebody may want to look.
func (tr *Tree) enter(c *Call) {
	if tr.observer != nil {
		tr.observer.Begin(c)
	}
	if tr.sched == nil {
		return
	}
	tr.mu.Lock()
	tr.calls[c] = true
	tr.mu.Unlock()
}

func (tr *Tree) leave(c *Call) {
	if tr.observer != nil {
		tr.observer.End(c)
	}
	if tr.sched == nil {
		return
	}
	tr.mu.Lock()
	delete(tr.calls, c)
	tr.mu.Unlock()
}
