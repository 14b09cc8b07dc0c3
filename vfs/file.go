package vfs

import (
	"io/fs"
	"sync"
	"syscall"
)

// A File is an open file (struct file). It keeps its dentry and inode, also
// when the name is gone. Make one with [Tree.Open], and Close it. All methods
// may be called concurrently.
type File struct {
	tree   *Tree
	dentry *Dentry
	inode  *Inode
	path   string
	flags  int

	// Private is the file system's (private_data), set in its Open.
	Private any

	mu     sync.Mutex
	pos    int64
	closed bool
}

// Inode returns the inode.
func (f *File) Inode() *Inode { return f.inode }

// Name returns the path that the file was opened with.
func (f *File) Name() string { return f.path }

// Flags returns the flags that the file was opened with.
func (f *File) Flags() int { return f.flags }

// Stat returns the attributes (fstat).
func (f *File) Stat() (Stat, error) {
	if f.isClosed() {
		return Stat{}, f.errClosed("stat")
	}
	return f.inode.Stat(), nil
}

// Close closes the file. A second Close returns an error that matches
// [fs.ErrClosed].
func (f *File) Close() error {
	f.mu.Lock()
	closed := f.closed
	f.closed = true
	f.mu.Unlock()
	if closed {
		return f.errClosed("close")
	}
	if c, ok := f.inode.node.(Closer); ok {
		c.Close(f)
	}
	f.dentry.Put()
	return nil
}

func (f *File) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

func (f *File) errClosed(op string) error {
	return &fs.PathError{Op: op, Path: f.path, Err: fs.ErrClosed}
}

// accessOf returns what an open with flags must be allowed to do.
func accessOf(flags int) Mode {
	switch flags & syscall.O_ACCMODE {
	case syscall.O_WRONLY:
		return mayWrite
	case syscall.O_RDWR:
		return mayRead | mayWrite
	}
	return mayRead
}
