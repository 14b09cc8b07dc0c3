package vfs_test

import (
	"fmt"
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// hello is the root of a file system with one name in it.
type hello struct{}

// Lookup binds "motto" to a symbolic link, and every other name to nothing.
func (hello) Lookup(c *vfs.Call, d *vfs.Dentry) error {
	if d.Name() == "motto" {
		d.Add(c.Tree().NewInode(2, motto{}, vfs.Attr{Mode: vfs.TypeSymlink | 0o777}, vfs.Dev{}))
	} else {
		d.Add(nil)
	}
	return nil
}

type motto struct{}

func (motto) Readlink(*vfs.Call) (string, error) { return "hold the crowd, then let it go", nil }

func Example() {
	tree := vfs.New(vfs.Config{Root: func(tr *vfs.Tree) *vfs.Inode {
		return tr.NewInode(1, hello{}, vfs.Attr{Mode: vfs.TypeDir | 0o755}, vfs.Dev{})
	}})
	task := sched.NewTask("cat", sched.TaskConfig{})
	fmt.Println(tree.Readlink(task, "/motto"))
	_, err := tree.Stat(task, "/other")
	fmt.Println(err, vfs.Errno(err) == syscall.ENOENT)
	fmt.Println(tree.Mkdir(task, "/new", 0o755))
	// Output:
	// hold the crowd, then let it go <nil>
	// stat /other: no such file or directory true
	// mkdir /new: operation not permitted
}
