package vfs

import "time"

// Attr are the attributes of an inode that its owner can change, and its size
// and link count. They are read and written as a whole.
type Attr struct {
	Mode                Mode // the type bits never change
	UID, GID            uint32
	Nlink               uint32
	Size                int64
	Blksize             uint32
	Blocks              uint64
	Atime, Mtime, Ctime time.Time
}

// Stat is what stat(2) tells of an inode.
type Stat struct {
	Ino  uint64
	Rdev Dev // of a device
	Attr
}

// SetAttr is a request to change attributes (struct iattr). Fields that are nil
// stay as they are.
type SetAttr struct {
	Mode         *Mode // permission bits only
	UID, GID     *uint32
	Size         *int64
	Atime, Mtime *time.Time
}

// apply returns a with the request carried out at time now.
func (r *SetAttr) apply(a Attr, now time.Time) Attr {
	if r.Mode != nil {
		a.Mode = a.Mode.Type() | r.Mode.Perm()
	}
	if r.UID != nil {
		a.UID = *r.UID
	}
	if r.GID != nil {
		a.GID = *r.GID
	}
	if r.Size != nil {
		a.Size = *r.Size
	}
	if r.Atime != nil {
		a.Atime = *r.Atime
	}
	if r.Mtime != nil {
		a.Mtime = *r.Mtime
	}
	a.Ctime = now
	return a
}
