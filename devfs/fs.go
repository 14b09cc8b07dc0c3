package devfs

import (
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// Config is what [New] makes a file system of. The zero Config is a sensible
// one.
type Config struct {
	// Provider supplies the locks. Nil stands for ours on plain goroutines.
	Provider floodgate.Provider

	// Lookup is the protocol by which names are looked up; nil stands for
	// [lookup.Best].
	Lookup *lookup.Generation

	// LookupTimeout limits how long one lookup waits for the daemon's
	// answer; then it fails with ETIMEDOUT, and the daemon may still answer.
	// 0 is for ever. Only [lookup.Ours] knows it.
	LookupTimeout time.Duration

	// MaxEntries limits the number of entries; 0 stands for
	// [DefaultMaxEntries]. Beyond it making one fails with ENOSPC. The root
	// and the control node count.
	MaxEntries int

	// MaxEvents limits the number of queued events; 0 stands for
	// [DefaultMaxEvents]. Beyond it events are lost, and counted in the
	// Overrun of the one that is read next.
	MaxEvents int

	// Alloc, when not nil, is asked before memory is taken for what: an
	// "entry", an "inode", an "event", a lookup's "record". False makes
	// that fail as if there were none (ENOMEM, or for an event a lost
	// event). It is for tests of what happens then. Task may be nil.
	Alloc func(t *sched.Task, what string) bool
}

// The limits of a Config that sets none.
const (
	DefaultMaxEntries = 1 << 22
	DefaultMaxEvents  = 1 << 16
)

// Magic is the file system's number in [vfs.Statfs] (DEVFS_SUPER_MAGIC).
const Magic = 0x1373

// DaemonNode is the name of the control node.
const DaemonNode = ".devfsd"

// An FS is a device file system. The system calls on it are those of its
// [vfs.Tree]; the kernel's side is [FS.MkCdev] and its relatives; the daemon's
// side begins with [FS.Claim]. Make one with [New]. All methods may be called
// concurrently.
type FS struct {
	*vfs.Tree

	provider floodgate.Provider
	sched    sched.Scheduler
	gen      *lookup.Generation
	protocol lookup.Protocol
	config   Config
	root     *entry
	devfsd   devfsd

	lastIno atomic.Uint64
	entries atomic.Int64
	live    lookup.Live
}

// New makes a file system with a root and the control node.
func New(c Config) *FS {
	if c.Provider == nil {
		c.Provider = floodgate.Default()
	}
	if c.Lookup == nil {
		c.Lookup = lookup.Best()
	}
	if c.MaxEntries <= 0 {
		c.MaxEntries = DefaultMaxEntries
	}
	if c.MaxEvents <= 0 {
		c.MaxEvents = DefaultMaxEvents
	}
	fs := &FS{provider: c.Provider, sched: c.Provider.Scheduler(), gen: c.Lookup, config: c}
	fs.devfsd.init(fs)
	fs.protocol = c.Lookup.New(env{fs})

	fs.root = &entry{fs: fs, typ: vfs.TypeDir, ino: fs.lastIno.Add(1), root: true}
	fs.root.attr.Store(&vfs.Attr{Mode: dirMode})
	fs.root.setup()
	fs.entries.Add(1)
	fs.Tree = vfs.New(vfs.Config{
		Provider: c.Provider,
		Rules:    c.Lookup.Rules,
		Root: func(tr *vfs.Tree) *vfs.Inode {
			fs.root.get()
			return fs.root.inode(tr)
		},
	})

	alloc := fs.config.Alloc
	fs.config.Alloc = nil // the control node is there, whatever happens later
	control, err := fs.newEntry(nil, DaemonNode, vfs.Attr{Mode: vfs.TypeChar | 0o600})
	if err == nil {
		control.dev = Dev(8, 0)
		_, err = fs.root.hook(control)
	}
	if err != nil {
		panic("devfs: no room for the control node: " + err.Error())
	}
	fs.config.Alloc = alloc
	return fs
}

// Dev makes a device number (MKDEV).
func Dev(major, minor uint32) vfs.Dev { return vfs.Dev{Major: major, Minor: minor} }

// Generation returns the lookup protocol in use.
func (fs *FS) Generation() *lookup.Generation { return fs.gen }

// dirMode is that of a directory that nobody gave a mode.
const dirMode = vfs.TypeDir | 0o755

// alloc asks whether memory for what can be had.
func (fs *FS) alloc(t *sched.Task, what string) bool {
	return fs.config.Alloc == nil || fs.config.Alloc(t, what)
}

// reserve takes room for one more entry.
func (fs *FS) reserve(t *sched.Task) error {
	if !fs.alloc(t, "entry") {
		return syscall.ENOMEM
	}
	if fs.entries.Add(1) > int64(fs.config.MaxEntries) {
		fs.entries.Add(-1)
		return vfs.Badf(syscall.ENOSPC, "limit of %d entries reached", fs.config.MaxEntries)
	}
	return nil
}

// at notes a step of a task, which may be nil: a driver is none.
func at(t *sched.Task, l *sched.Label) {
	if t != nil {
		t.At(l)
	}
}

// splitName checks a kernel-side name and splits it into its components.
func splitName(name string) ([]string, error) {
	switch {
	case name == "":
		return nil, vfs.Badf(syscall.EINVAL, "empty name: names look like \"misc/null\"")
	case strings.HasPrefix(name, "/"):
		return nil, vfs.Badf(syscall.EINVAL, "leading slash: names are relative to the root of the file system")
	case strings.HasSuffix(name, "/"):
		return nil, vfs.Badf(syscall.EINVAL, "trailing slash: the last component must be a name")
	case len(name) > vfs.PathMax:
		return nil, vfs.Badf(syscall.ENAMETOOLONG, "name of %d bytes: at most %d are allowed", len(name), vfs.PathMax)
	}
	parts := strings.Split(name, "/")
	for _, p := range parts {
		switch p {
		case "":
			return nil, vfs.Badf(syscall.EINVAL, "two slashes in a row: one separates components")
		case ".":
			return nil, vfs.Badf(syscall.EINVAL, "component \".\": it is implied, leave it out")
		case "..":
			return nil, vfs.Badf(syscall.EINVAL, "component \"..\": a name can not leave the file system or go back up")
		}
		if err := vfs.CheckName(p); err != nil {
			return nil, err
		}
	}
	return parts, nil
}
