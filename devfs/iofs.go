package devfs

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// FS returns the tree for everything that reads trees. It is a
// [fs.ReadDirFS], [fs.StatFS], [fs.ReadLinkFS] and [fs.SubFS]. What is read is
// read by a task of root's, which waits for a daemon like everybody else.
// Devices open as nodes that have no content. Symbolic links are followed by
// this file system: an absolute one leads to its root. Names with a slash too
// many, "." or ".." are refused, as package io/fs wants it.
func (fs *FS) FS() fs.FS { return fs.FSAs(nil) }

// FSAs is [FS.FS] for the given task; nil stands for one of root's.
func (fs *FS) FSAs(t *sched.Task) fs.FS {
	if t == nil {
		t = sched.NewTask("io/fs", sched.TaskConfig{})
	}
	return view{fs.Tree, t, ""}
}

// A view is a tree as package io/fs sees it, from the directory dir on.
type view struct {
	tree *vfs.Tree
	task *sched.Task
	dir  string
}

var (
	_ fs.ReadDirFS  = view{}
	_ fs.StatFS     = view{}
	_ fs.ReadLinkFS = view{}
	_ fs.SubFS      = view{}
)

// at returns the path in the tree.
func (v view) at(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return "/" + path.Join(v.dir, name), nil
}

// renamed says name where the tree said its own path.
func renamed(name string, err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return &fs.PathError{Op: pe.Op, Path: name, Err: pe.Err}
	}
	return err
}

func (v view) Open(name string) (fs.File, error) {
	p, err := v.at("open", name)
	if err != nil {
		return nil, err
	}
	f, err := v.tree.Open(v.task, p, syscall.O_RDONLY, 0)
	if err != nil {
		return nil, renamed(name, err)
	}
	n := node{f, v, name}
	if f.Inode().IsDir() {
		return dirFile{n}, nil
	}
	return n, nil
}

func (v view) Stat(name string) (fs.FileInfo, error) { return v.stat("stat", name, v.tree.Stat) }

func (v view) Lstat(name string) (fs.FileInfo, error) { return v.stat("lstat", name, v.tree.Lstat) }

func (v view) stat(op, name string, f func(*sched.Task, string) (vfs.Stat, error)) (fs.FileInfo, error) {
	p, err := v.at(op, name)
	if err != nil {
		return nil, err
	}
	st, err := f(v.task, p)
	if err != nil {
		return nil, renamed(name, err)
	}
	return info{path.Base(name), st}, nil
}

func (v view) ReadLink(name string) (string, error) {
	p, err := v.at("readlink", name)
	if err != nil {
		return "", err
	}
	target, err := v.tree.Readlink(v.task, p)
	return target, renamed(name, err)
}

func (v view) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := v.at("readdir", name)
	if err != nil {
		return nil, err
	}
	es, err := v.tree.ReadDir(v.task, p)
	if err != nil {
		return nil, renamed(name, err)
	}
	list := v.entries(name, es)
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

func (v view) Sub(dir string) (fs.FS, error) {
	p, err := v.at("sub", dir)
	if err != nil {
		return nil, err
	}
	st, err := v.tree.Stat(v.task, p)
	if err == nil && !st.Mode.IsDir() {
		err = &fs.PathError{Op: "sub", Path: dir, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, renamed(dir, err)
	}
	return view{v.tree, v.task, path.Join(v.dir, dir)}, nil
}

func (v view) entries(dir string, es []vfs.DirEntry) []fs.DirEntry {
	list := make([]fs.DirEntry, 0, len(es))
	for _, e := range es {
		if e.Name != "." && e.Name != ".." {
			list = append(list, dirEntry{e, v, path.Join(dir, e.Name)})
		}
	}
	return list
}

// node is an open file without content.
type node struct {
	*vfs.File
	v    view
	name string
}

func (n node) Stat() (fs.FileInfo, error) {
	st, err := n.File.Stat()
	if err != nil {
		return nil, renamed(n.name, err)
	}
	return info{path.Base(n.name), st}, nil
}

func (n node) Read([]byte) (int, error) {
	if _, err := n.File.Stat(); err != nil {
		return 0, renamed(n.name, err)
	}
	return 0, io.EOF
}

func (n node) Close() error { return renamed(n.name, n.File.Close()) }

// dirFile is an open directory.
type dirFile struct{ node }

func (d dirFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: syscall.EISDIR}
}

func (d dirFile) ReadDir(n int) ([]fs.DirEntry, error) {
	var list []fs.DirEntry
	for {
		want := 0
		if n > 0 {
			want = n - len(list)
		}
		es, err := d.File.ReadDir(d.v.task, want)
		list = append(list, d.v.entries(d.name, es)...)
		switch {
		case err == io.EOF && n > 0 && len(list) == 0:
			return nil, io.EOF
		case err == io.EOF:
			return list, nil
		case err != nil:
			return list, renamed(d.name, err)
		case n > 0 && len(list) == n:
			return list, nil
		}
	}
}

// info is a [fs.FileInfo]; its Sys is the [vfs.Stat].
type info struct {
	name string
	st   vfs.Stat
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.st.Size }
func (i info) Mode() fs.FileMode  { return i.st.Mode.FileMode() }
func (i info) ModTime() time.Time { return i.st.Mtime }
func (i info) IsDir() bool        { return i.st.Mode.IsDir() }
func (i info) Sys() any           { return i.st }
func (i info) String() string     { return fs.FormatFileInfo(i) }

type dirEntry struct {
	e    vfs.DirEntry
	v    view
	path string
}

func (e dirEntry) Name() string               { return e.e.Name }
func (e dirEntry) IsDir() bool                { return e.e.Type.IsDir() }
func (e dirEntry) Type() fs.FileMode          { return e.e.Type.FileMode().Type() }
func (e dirEntry) Info() (fs.FileInfo, error) { return e.v.Lstat(e.path) }
func (e dirEntry) String() string             { return fs.FormatDirEntry(e) }
