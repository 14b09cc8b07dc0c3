package devfs

import (
	"io/fs"
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// MaxDevName is the length up to which [FS.MkCdev], [FS.MkBdev], [FS.MkDir] and
// [FS.Remove] take names, in bytes: those functions formatted into a buffer of
// 64 bytes with its NUL. [FS.MkSymlink] has no such limit.
const MaxDevName = 63

// MkCdev registers a character device (devfs_mk_cdev): it makes the entry name,
// with the missing directories on the way, and tells the daemon. Mode is the
// permission bits; the type [vfs.TypeChar] may be given, no other.
//
// EINVAL: a bad name (empty, longer than [MaxDevName], a slash too many, "." or
// ".."), another type, a number out of range; ENAMETOOLONG: a component is
// longer than [vfs.NameMax]; EEXIST: the name is there; ENOTDIR: a component on
// the way is no directory; ENOENT: the directory is being removed; ENOMEM,
// ENOSPC: no memory, [Config].MaxEntries. With an error the name is not made;
// directories on the way may have been. The kernel said ENOMEM for whatever
// went wrong on the way to the directory.
//
// Like all kernel-side functions it takes no i_sem and never sleeps, so it may
// happen at any instant of a lookup.
func (fs *FS) MkCdev(name string, mode vfs.Mode, dev vfs.Dev) error {
	return pathErr("mk_cdev", name, fs.mkDev(name, vfs.TypeChar, mode, dev))
}

// MkBdev registers a block device (devfs_mk_bdev). See [FS.MkCdev].
func (fs *FS) MkBdev(name string, mode vfs.Mode, dev vfs.Dev) error {
	return pathErr("mk_bdev", name, fs.mkDev(name, vfs.TypeBlock, mode, dev))
}

func (fs *FS) mkDev(name string, typ, mode vfs.Mode, dev vfs.Dev) error {
	switch t := mode.Type(); {
	case t != 0 && t != typ:
		return vfs.Badf(syscall.EINVAL, "mode of type %#o: it must be %#o or none", uint32(t), uint32(typ))
	case mode&^(vfs.TypeMask|vfs.PermMask) != 0:
		return vfs.Badf(syscall.EINVAL, "mode %#o: it has 16 bits", uint32(mode))
	case !dev.Valid():
		return vfs.Badf(syscall.EINVAL, "device %v: major is at most %d, minor at most %d", dev, vfs.MaxMajor, vfs.MaxMinor)
	}
	if err := checkDevName(name); err != nil {
		return err
	}
	return fs.make(name, vfs.Attr{Mode: typ | mode.Perm()}, func(e *entry) { e.dev = dev })
}

// MkDir makes a directory, with the missing ones on the way, and tells the
// daemon (devfs_mk_dir). A directory that is there is no error, and no event:
// the kernel told the daemon of an entry it had freed. Anything else that is
// there is EEXIST. Otherwise see [FS.MkCdev].
func (fs *FS) MkDir(name string) error {
	err := checkDevName(name)
	if err == nil {
		err = fs.make(name, vfs.Attr{Mode: dirMode}, nil)
	}
	return pathErr("mk_dir", name, err)
}

// MkSymlink makes a symbolic link to target and tells the daemon
// (devfs_mk_symlink). User space may remove it. EINVAL: name or target is
// empty. Otherwise see [FS.MkCdev].
//
// The kernel let the link be removed only after it was visible, so that a quick
// unlink failed; here it is so from the start.
func (fs *FS) MkSymlink(name, target string) error {
	err := error(nil)
	switch {
	case target == "":
		err = vfs.Badf(syscall.EINVAL, "empty target")
	case len(target) > vfs.PathMax:
		err = vfs.Badf(syscall.ENAMETOOLONG, "target of %d bytes: at most %d are allowed", len(target), vfs.PathMax)
	default:
		err = fs.make(name, linkAttr(target), func(e *entry) { e.target, e.vfs = target, true })
	}
	return pathErr("mk_symlink", name, err)
}

func linkAttr(target string) vfs.Attr {
	return vfs.Attr{Mode: vfs.TypeSymlink | 0o555, Size: int64(len(target))}
}

// Remove removes an entry and everything below it, and tells the daemon of each
// (devfs_remove): the entry first, then what was in it, in order. Who has it
// open keeps it. EINVAL: a bad name; ENOENT: it is not there; the kernel only
// logged that. Symbolic links are not followed.
//
// An entry that somebody else removes at the same time is ENOENT for one of the
// two; the kernel dropped a reference twice.
func (fs *FS) Remove(name string) error {
	err := checkDevName(name)
	if err == nil {
		err = fs.remove(name)
	}
	return pathErr("remove", name, err)
}

func checkDevName(name string) error {
	if len(name) > MaxDevName {
		// A component that is too long anywhere is told as such.
		if _, err := splitName(name); vfs.Errno(err) == syscall.ENAMETOOLONG {
			return err
		}
		return vfs.Badf(syscall.EINVAL, "name of %d bytes: at most %d are allowed", len(name), MaxDevName)
	}
	_, err := splitName(name)
	return err
}

func pathErr(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}
