package vfs

// A file system plugs in with the node that it makes each inode with
// ([Tree.NewInode]). What the node can do is what it implements of the
// interfaces below; for the rest the generic code answers as Linux does for a
// method that is missing. Each method says what its caller holds.
//
// D is the dentry that is worked on; the directory is d.Parent(). Errors are
// errnos, bare or wrapped.

// A Looker is a directory in which names can be looked up (i_op->lookup).
type Looker interface {
	// Lookup binds a fresh dentry: it hashes it, positive or negative, and
	// returns nil, or returns an error and leaves it unhashed. The caller
	// holds the directory's i_sem. Lookup may release it and take it again,
	// but must return with it held.
	Lookup(c *Call, d *Dentry) error
}

// A Creater can make regular files (i_op->create).
type Creater interface {
	// Create binds the negative d. The directory's i_sem is held.
	Create(c *Call, d *Dentry, mode Mode) error
}

// An Unlinker can remove names (i_op->unlink).
type Unlinker interface {
	// Unlink removes d, which is positive and no directory. The i_sems of
	// the directory and of the victim are held.
	Unlink(c *Call, d *Dentry) error
}

// A Mkdirer can make directories (i_op->mkdir).
type Mkdirer interface {
	// Mkdir binds the negative d. The directory's i_sem is held.
	Mkdir(c *Call, d *Dentry, mode Mode) error
}

// A Rmdirer can remove directories (i_op->rmdir).
type Rmdirer interface {
	// Rmdir removes the directory d. The i_sems of the parent and of the
	// victim are held, and d is unhashed if nobody else has it.
	Rmdir(c *Call, d *Dentry) error
}

// A Mknoder can make special files (i_op->mknod).
type Mknoder interface {
	// Mknod binds the negative d. The directory's i_sem is held.
	Mknod(c *Call, d *Dentry, mode Mode, dev Dev) error
}

// A Symlinker can make symbolic links (i_op->symlink).
type Symlinker interface {
	// Symlink binds the negative d. The directory's i_sem is held.
	Symlink(c *Call, d *Dentry, target string) error
}

// A Renamer can rename (i_op->rename).
type Renamer interface {
	// Rename moves from to the place of to. The i_sems of both directories
	// are held, and the rename semaphore if they differ.
	Rename(c *Call, from, to *Dentry) error
}

// A Readlinker is a symbolic link (i_op->readlink, i_op->follow_link).
type Readlinker interface {
	// Readlink returns the target. Nothing is held.
	Readlink(c *Call) (string, error)
}

// A Setattrer wants to hear of changed attributes (i_op->setattr).
type Setattrer interface {
	// Setattr is called with the request, which the generic checks have
	// passed, and the attributes as they will be. If it returns nil they
	// take effect. The i_sem of i is held.
	Setattr(c *Call, i *Inode, req *SetAttr, a Attr) error
}

// An Opener wants to hear of opens (f_op->open).
type Opener interface {
	// Open is called before the open succeeds. Nothing is held.
	Open(c *Call, f *File) error
}

// A Closer wants to hear of the last close of a file (f_op->release).
type Closer interface {
	// Close is called once for each successful Open. Nothing is held.
	Close(f *File)
}

// A DirReader is a directory that can be listed (f_op->readdir).
type DirReader interface {
	// ReadDir calls emit for each name from position *pos on, sets *pos
	// behind each name that emit took, and stops when emit reports false.
	// Position 0 is the start, others are the file system's. Emit neither
	// blocks nor calls back. The directory's i_sem is held.
	ReadDir(c *Call, d *Dentry, pos *int64, emit func(DirEntry) bool) error
}

// A Statfser describes its file system; it is looked for at the root
// (s_op->statfs).
type Statfser interface {
	Statfs() Statfs
}

// DirEntry is one name in a directory (struct dirent).
type DirEntry struct {
	Name string
	Ino  uint64
	Type Mode
}

// Statfs is what statfs(2) tells of a file system.
type Statfs struct {
	Type    int64 // the magic number
	Bsize   int64
	Namelen int64
}

// DentryOps are the hooks of a dentry (struct dentry_operations). Each may be
// nil. They are shared by many dentries and must not change after first use.
type DentryOps struct {
	Name string // for reports

	// InFlight says that a dentry has this set only while its lookup is
	// going on. It is for checks.
	InFlight bool

	// Revalidate says whether a dentry that was found in the hash may be
	// used (d_revalidate). Nil stands for yes. A walk calls it with no
	// i_sem held, a look-up on behalf of a change with the directory's; nd
	// tells more where it is not nil.
	Revalidate func(c *Call, d *Dentry, nd *Intent) bool

	// Delete is called when the last reference to a hashed dentry is
	// dropped and says whether to forget it at once (d_delete). Nil stands
	// for no. It must not block and must not take a step; it may use
	// [Dentry.PeekInode].
	Delete func(d *Dentry) bool

	// Iput is called instead of i.Put when a dentry loses its inode
	// (d_iput). The dentry does not have it any more.
	Iput func(d *Dentry, i *Inode)
}

// An Intent says what a walk is for (struct nameidata, the lookup intent of
// 2.5.75). Look-ups on behalf of a change pass none, except that of an open
// that may create.
type Intent struct{ Flags IntentFlags }

// IntentFlags are the flags of an Intent, with the values of Linux.
type IntentFlags uint

// The flags.
const (
	Follow    IntentFlags = 0x1   // LOOKUP_FOLLOW: follow a link at the end
	Directory IntentFlags = 0x2   // LOOKUP_DIRECTORY: must be a directory
	Continue  IntentFlags = 0x4   // LOOKUP_CONTINUE: not the last component
	Parent    IntentFlags = 0x10  // LOOKUP_PARENT: walking to the parent
	OpenFor   IntentFlags = 0x100 // LOOKUP_OPEN: to open it
	CreateFor IntentFlags = 0x200 // LOOKUP_CREATE: to open it, creating it
)
