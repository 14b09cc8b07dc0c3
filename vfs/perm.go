package vfs

import (
	"slices"
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// The permissions that a check can ask for (MAY_*).
const (
	mayExec  = 1
	mayWrite = 2
	mayRead  = 4
)

// privileged reports whether cred passes every check (CAP_DAC_OVERRIDE,
// CAP_FOWNER, CAP_MKNOD and CAP_CHOWN in one, as root has them).
func privileged(cred sched.Cred) bool { return cred.UID == 0 }

func inGroup(cred sched.Cred, gid uint32) bool {
	return cred.GID == gid || slices.Contains(cred.Groups, gid)
}

// permission checks that the task may use i in all the ways of mask
// (vfs_permission).
func (c *Call) permission(i *Inode, mask Mode) error {
	cred := c.task.Cred()
	if privileged(cred) {
		return nil
	}
	a := i.Attr()
	bits := a.Mode
	switch {
	case cred.UID == a.UID:
		bits >>= 6
	case inGroup(cred, a.GID):
		bits >>= 3
	}
	if bits&mask != mask {
		return syscall.EACCES
	}
	return nil
}

// sticky reports whether the sticky bit of dir keeps the task from removing
// victim (check_sticky).
func (c *Call) sticky(dir, victim *Inode) bool {
	cred := c.task.Cred()
	if privileged(cred) {
		return false
	}
	a := dir.Attr()
	return a.Mode&Sticky != 0 && victim.Attr().UID != cred.UID && a.UID != cred.UID
}

// mayCreate makes the checks before d is made (may_create).
func (c *Call) mayCreate(d *Dentry) error {
	dir := d.parent.PeekInode()
	switch {
	case d.Inode() != nil:
		return syscall.EEXIST
	case dir.Dead():
		return syscall.ENOENT
	}
	return c.permission(dir, mayWrite|mayExec)
}

// mayDelete makes the checks before d is removed (may_delete).
func (c *Call) mayDelete(d *Dentry, isdir bool) error {
	dir, victim := d.parent.PeekInode(), d.Inode()
	if victim == nil {
		return syscall.ENOENT
	}
	if err := c.permission(dir, mayWrite|mayExec); err != nil {
		return err
	}
	switch {
	case c.sticky(dir, victim):
		return syscall.EPERM
	case isdir && !victim.IsDir():
		return syscall.ENOTDIR
	case !isdir && victim.IsDir():
		return syscall.EISDIR
	case dir.Dead():
		return syscall.ENOENT
	}
	return nil
}
