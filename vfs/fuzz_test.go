package vfs_test

import (
	"io/fs"
	"testing"

	"github.com/floodgate-go/floodgate/vfs"
)

// Any path at all: each call succeeds or returns a path error with an errno, and
// nothing is left behind.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "", ".", "..", "//a//b/", "/dlink/../f", "/loop", "/misc/null/x", "a\x00", "/\xff"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tree := newTree(t)
		for _, op := range []string{"stat", "lstat", "readlink", "open", "creat", "mkdir", "rename", "unlink", "rmdir"} {
			err := calls[op](tree, root, path)
			if _, ok := err.(*fs.PathError); err != nil && (!ok || vfs.Errno(err) == 0) {
				t.Errorf("%s %q: %v, which has no errno", op, path, err)
			}
		}
		if err := tree.MkSymlink(path, "x"); err == nil {
			if err := tree.Unlink(root, "/"+path); err != nil {
				t.Errorf("%q was made and can not be removed: %v", path, err)
			}
		}
		if err := tree.Census().Check(); err != nil {
			t.Error(err)
		}
	})
}
