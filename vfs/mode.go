package vfs

import (
	"fmt"
	"io/fs"
)

// Mode is a file's type and permission bits, with the values of Linux (i_mode,
// S_IF* and S_I*).
type Mode uint32

// The bits of a Mode.
const (
	TypeMask    Mode = 0o170000 // S_IFMT
	TypeSocket  Mode = 0o140000 // S_IFSOCK
	TypeSymlink Mode = 0o120000 // S_IFLNK
	TypeRegular Mode = 0o100000 // S_IFREG
	TypeBlock   Mode = 0o060000 // S_IFBLK
	TypeDir     Mode = 0o040000 // S_IFDIR
	TypeChar    Mode = 0o020000 // S_IFCHR
	TypeFIFO    Mode = 0o010000 // S_IFIFO

	SetUID Mode = 0o4000 // S_ISUID
	SetGID Mode = 0o2000 // S_ISGID
	Sticky Mode = 0o1000 // S_ISVTX

	PermMask Mode = 0o7777 // S_IALLUGO
)

// Type returns the type bits.
func (m Mode) Type() Mode { return m & TypeMask }

// Perm returns the permission bits, with set-uid, set-gid and sticky.
func (m Mode) Perm() Mode { return m & PermMask }

// IsDir reports whether m is a directory's.
func (m Mode) IsDir() bool { return m.Type() == TypeDir }

// IsDevice reports whether m is that of a character or block device.
func (m Mode) IsDevice() bool { return m.Type() == TypeChar || m.Type() == TypeBlock }

var fileTypes = map[Mode]fs.FileMode{
	TypeSocket: fs.ModeSocket, TypeSymlink: fs.ModeSymlink, TypeRegular: 0, TypeBlock: fs.ModeDevice,
	TypeDir: fs.ModeDir, TypeChar: fs.ModeDevice | fs.ModeCharDevice, TypeFIFO: fs.ModeNamedPipe,
}

// FileMode returns m as package io/fs writes it.
func (m Mode) FileMode() fs.FileMode {
	typ, ok := fileTypes[m.Type()]
	if !ok {
		typ = fs.ModeIrregular
	}
	f := typ | fs.FileMode(m&0o777)
	if m&SetUID != 0 {
		f |= fs.ModeSetuid
	}
	if m&SetGID != 0 {
		f |= fs.ModeSetgid
	}
	if m&Sticky != 0 {
		f |= fs.ModeSticky
	}
	return f
}

// String returns m as ls shows it.
func (m Mode) String() string { return m.FileMode().String() }

// Dev is a device number (dev_t).
type Dev struct{ Major, Minor uint32 }

// String returns the number as "major:minor".
func (d Dev) String() string { return fmt.Sprintf("%d:%d", d.Major, d.Minor) }

// The limits of a device number: 12 bits of major, 20 of minor.
const (
	MaxMajor = 1<<12 - 1
	MaxMinor = 1<<20 - 1
)

// Valid reports whether d fits in 32 bits as Linux divides them.
func (d Dev) Valid() bool { return d.Major <= MaxMajor && d.Minor <= MaxMinor }
