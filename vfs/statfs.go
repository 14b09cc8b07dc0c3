package vfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// Statfs describes the file system that path is on (statfs). ENOSYS: it does not
// describe itself. See [Tree.Stat] for the errors of the walk.
func (tr *Tree) Statfs(t *sched.Task, path string) (s Statfs, err error) {
	err = tr.at(t, "statfs", path, Follow, func(*Call, *Dentry) error {
		d, ok := tr.root.PeekInode().node.(Statfser)
		if !ok {
			return syscall.ENOSYS
		}
		s = d.Statfs()
		return nil
	})
	return s, err
}
