package vfs

import (
	"io"
	"slices"
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// ReadDir returns the entries of the directory that path names, without "." and
// "..", in the file system's order (opendir, getdents). ENOTDIR: it is no
// directory. See [Tree.Stat] for the errors of the walk.
func (tr *Tree) ReadDir(t *sched.Task, path string) ([]DirEntry, error) {
	f, err := tr.Open(t, path, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := f.ReadDir(t, 0)
	if err == io.EOF {
		err = nil
	}
	return slices.DeleteFunc(all, func(e DirEntry) bool { return e.Name == "." || e.Name == ".." }), err
}

// ReadDir returns the next entries of a directory, at most n if n is positive
// (getdents); at the end it returns [io.EOF]. The entries "." and ".." are
// among them. ENOTDIR: f is no directory; ENOENT: it was removed.
func (f *File) ReadDir(t *sched.Task, n int) (es []DirEntry, err error) {
	c, err := f.tree.begin(t, "readdir", f.path)
	if err != nil {
		return nil, err
	}
	defer c.End()
	if f.isClosed() {
		return nil, f.errClosed("readdir")
	}
	r, ok := f.inode.node.(DirReader)
	if !ok {
		return nil, pathError("readdir", f.path, syscall.ENOTDIR)
	}
	c.At(&H1)
	c.Down(f.inode)
	err = syscall.ENOENT
	if !f.inode.Dead() {
		pos := f.position()
		err = r.ReadDir(c, f.dentry, &pos, func(e DirEntry) bool {
			if n > 0 && len(es) == n {
				return false
			}
			es = append(es, e)
			return true
		})
		f.setPosition(pos)
	}
	c.At(&H5)
	c.Up(f.inode)
	if err == nil && len(es) == 0 {
		return nil, io.EOF
	}
	return es, pathError("readdir", f.path, err)
}

func (f *File) setPosition(pos int64) {
	f.mu.Lock()
	f.pos = pos
	f.mu.Unlock()
}

func (f *File) position() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos
}
