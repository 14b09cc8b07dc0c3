package vfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// Stat returns the attributes of what path names, following a symbolic link at
// the end (stat).
//
// The errors are those of every path walk: ENOENT (a name is missing, or the
// path is empty), ENOTDIR (a name on the way is no directory), EACCES (a
// directory on the way may not be searched), ELOOP (more than [MaxLink] links),
// ENAMETOOLONG, and EINVAL (nil task, NUL byte).
func (tr *Tree) Stat(t *sched.Task, path string) (Stat, error) {
	return tr.stat(t, "stat", path, Follow)
}

// Lstat is Stat of a symbolic link itself (lstat).
func (tr *Tree) Lstat(t *sched.Task, path string) (Stat, error) { return tr.stat(t, "lstat", path, 0) }

func (tr *Tree) stat(t *sched.Task, op, path string, flags IntentFlags) (st Stat, err error) {
	err = tr.at(t, op, path, flags, func(c *Call, d *Dentry) error {
		st = d.PeekInode().Stat()
		return nil
	})
	return st, err
}

// Readlink returns the target of the symbolic link that path names (readlink).
// It is an error of EINVAL if path names something else; see [Tree.Stat] for
// those of the walk.
func (tr *Tree) Readlink(t *sched.Task, path string) (target string, err error) {
	err = tr.at(t, "readlink", path, 0, func(c *Call, d *Dentry) (err error) {
		link, ok := d.PeekInode().node.(Readlinker)
		if !ok {
			return syscall.EINVAL
		}
		target, err = link.Readlink(c)
		return err
	})
	return target, err
}

// Setattr changes attributes (chmod, chown, utime, truncate). EPERM: the task
// is neither owner nor root, or gives the object away; ENODEV or others: from
// the file system. See [Tree.Stat] for the errors of the walk.
func (tr *Tree) Setattr(t *sched.Task, path string, req SetAttr) error {
	return tr.at(t, "setattr", path, Follow, func(c *Call, d *Dentry) error {
		i := d.PeekInode()
		c.At(&Hv)
		c.Down(i)
		defer c.Up(i)
		return c.notifyChange(i, &req)
	})
}

// Chmod sets the permission bits. See [Tree.Setattr].
func (tr *Tree) Chmod(t *sched.Task, path string, mode Mode) error {
	return tr.Setattr(t, path, SetAttr{Mode: &mode})
}

// Chown sets owner and group. See [Tree.Setattr].
func (tr *Tree) Chown(t *sched.Task, path string, uid, gid uint32) error {
	return tr.Setattr(t, path, SetAttr{UID: &uid, GID: &gid})
}

// notifyChange checks a request and carries it out (notify_change). The
// inode's i_sem is held.
func (c *Call) notifyChange(i *Inode, req *SetAttr) error {
	a, cred := i.Attr(), c.task.Cred()
	if !privileged(cred) {
		owner := cred.UID == a.UID
		switch {
		case req.UID != nil && (!owner || *req.UID != a.UID),
			req.GID != nil && (!owner || *req.GID != a.GID && !inGroup(cred, *req.GID)),
			req.Mode != nil && !owner,
			(req.Atime != nil || req.Mtime != nil) && !owner:
			return syscall.EPERM
		}
	}
	a = req.apply(a, c.tree.now())
	if s, ok := i.node.(Setattrer); ok {
		if err := s.Setattr(c, i, req, a); err != nil {
			return err
		}
	}
	i.Update(func(now *Attr) {
		a.Nlink = now.Nlink
		*now = a
	})
	return nil
}

// at calls f with the dentry that path names, and a reference on it.
func (tr *Tree) at(t *sched.Task, op, path string, flags IntentFlags, f func(*Call, *Dentry) error) error {
	c, err := tr.begin(t, op, path)
	if err != nil {
		return err
	}
	defer c.End()
	d, err := c.lookup(path, flags)
	if err != nil {
		return pathError(op, path, err)
	}
	err = f(c, d)
	d.Put()
	return pathError(op, path, err)
}
