package vfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// Open opens what path names (open). Flags are those of package syscall:
// O_RDONLY, O_WRONLY or O_RDWR, with O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW.
// Mode is for a file that O_CREAT makes.
//
// EEXIST: O_CREAT and O_EXCL, and the name is there; EACCES: access is denied,
// or O_CREAT and the file system makes no regular files; EISDIR: a directory is
// opened for writing or with O_CREAT; ENOTDIR: O_DIRECTORY and it is none;
// ELOOP: O_NOFOLLOW and it is a symbolic link. See [Tree.Stat] for the errors of
// the walk; the file system has its own.
func (tr *Tree) Open(t *sched.Task, path string, flags int, mode Mode) (*File, error) {
	c, err := tr.begin(t, "open", path)
	if err != nil {
		return nil, err
	}
	defer c.End()
	f, err := c.open(path, flags, mode)
	return f, pathError("open", path, err)
}

func (c *Call) open(path string, flags int, mode Mode) (*File, error) {
	var d *Dentry
	var err error
	if flags&syscall.O_CREAT != 0 {
		d, err = c.openCreate(path, flags, mode)
	} else {
		nd := OpenFor
		if flags&syscall.O_NOFOLLOW == 0 {
			nd |= Follow
		}
		d, err = c.lookup(path, nd)
	}
	if err != nil {
		return nil, err
	}
	f, err := c.openDentry(d, path, flags)
	if err != nil {
		d.Put()
		return nil, err
	}
	return f, nil
}

// openDentry makes the checks of may_open and opens d, whose reference the file
// takes over.
func (c *Call) openDentry(d *Dentry, path string, flags int) (*File, error) {
	i := d.PeekInode()
	access := accessOf(flags)
	switch {
	case i.typ == TypeSymlink:
		return nil, syscall.ELOOP
	case i.IsDir() && access&mayWrite != 0:
		return nil, syscall.EISDIR
	case flags&syscall.O_DIRECTORY != 0 && !i.IsDir():
		return nil, syscall.ENOTDIR
	}
	if err := c.permission(i, access); err != nil {
		return nil, err
	}
	f := &File{tree: c.tree, dentry: d, inode: i, path: path, flags: flags}
	if o, ok := i.node.(Opener); ok {
		if err := o.Open(c, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// openCreate looks the last component up for an open that may create it, with
// the directory's i_sem held, and creates it (the second half of open_namei).
func (c *Call) openCreate(path string, flags int, mode Mode) (*Dentry, error) {
	nd := &Intent{Flags: OpenFor | CreateFor | Parent}
	l, err := c.parent(c.tree.root, path, nd)
	if err != nil {
		return nil, err
	}
	for {
		if l.kind != kindName || l.slash {
			l.dir.Put()
			return nil, syscall.EISDIR
		}
		d, err := c.createOpen(l, nd, flags, mode)
		for c.await(&err) {
			d, err = c.createOpen(l, nd, flags, mode)
		}
		if err != nil {
			l.dir.Put()
			return nil, err
		}
		i := d.Inode()
		link, ok := i.node.(Readlinker)
		if !ok || flags&syscall.O_NOFOLLOW != 0 {
			l.dir.Put()
			if i.IsDir() {
				d.Put()
				return nil, syscall.EISDIR
			}
			return d, nil
		}
		nd.Flags |= Parent // while chasing the link
		if l, err = c.follow(l, d, link, nd); err != nil {
			return nil, err
		}
	}
}

// createOpen looks one name up and makes it if it is not there.
func (c *Call) createOpen(l leaf, nd *Intent, flags int, mode Mode) (*Dentry, error) {
	dir := l.dir.PeekInode()
	nd.Flags &^= Parent | Continue
	c.At(&H1)
	c.Down(dir)
	d, err := c.lookupHash(l.dir, l.name, nd)
	if err != nil {
		c.Up(dir)
		return nil, err
	}
	c.At(&H4)
	if d.Inode() == nil {
		if err = c.mayCreate(d); err == nil {
			if m, ok := dir.node.(Creater); ok {
				c.enter(Create, d)
				err = m.Create(c, d, TypeRegular|mode.Perm())
				c.leave(Create, d)
			} else {
				err = syscall.EACCES
			}
		}
		c.At(&H5)
		c.Up(dir)
	} else {
		// It is there, and i_sem is not needed for the rest.
		c.At(&H5)
		c.Up(dir)
		if flags&syscall.O_EXCL != 0 {
			err = syscall.EEXIST
		}
	}
	if err != nil {
		d.Put()
		return nil, err
	}
	return d, nil
}
