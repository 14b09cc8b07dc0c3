// Package vfs is the generic half of a file system, in the manner of Linux 2.5:
// dentries, inodes, the path walk, permissions, and the rules by which a
// directory's i_sem is held. A file system plugs in with the nodes that it makes
// its inodes with; what a node can do is what it implements of [Looker],
// [Mkdirer] and their relatives.
//
// A [Tree] is a mounted file system, and its methods are the system calls. Each
// takes the task that makes it first. Errors are *[fs.PathError] around an errno
// of package syscall, so that both errors.Is(err, syscall.ENOENT) and
// errors.Is(err, fs.ErrNotExist) work. Paths are those of Linux: a relative one
// begins at the root, slashes in a row are one, and the parent of the root is the
// root.
//
// # Who holds what
//
// There are two ways to look up a name, and they differ in what is held when a
// dentry is found that is still in flight:
//
//	walk   every component of a path, for everybody who does not change the
//	       directory: V1 search the hash with nothing held; a dentry that is
//	       there is revalidated with nothing held. Only if there is none, V4
//	       take the directory's i_sem, V5 search again, V6 ask the file system.
//	       If somebody else was faster, V7 release i_sem, then revalidate.
//	hash   the last component, for everybody who changes the directory: mkdir,
//	       mknod, symlink, unlink, rmdir, both names of a rename, open with
//	       O_CREAT. H1 take the directory's i_sem, H2 search and revalidate
//	       with it held, H3 or ask the file system.
//
// So a lookup method always has i_sem, and a revalidate hook can not know
// whether its caller does. [Rules] hold what some kernels did differently.
//
// # Lock order
//
//	rename semaphore of the tree, for a rename between two directories
//	  i_sem of a directory; of two, an ancestor's before its descendant's
//	    i_sem of the victim of an unlink or rmdir
//	      the file system's own
//	        section of a directory's dentries (dcache_lock); a step of its own
//
// # References
//
//	a dentry   has one from each who found it and has not put it, from each
//	           open file, and from each dentry below it. The root is pinned.
//	an inode   has one, of the dentry that it is bound to.
//
// A dentry whose last reference is put is forgotten if it is unhashed or its
// Delete hook says so, and stays in the hash, for the next walk, otherwise.
//
// # A dentry's life
//
//	               lookup               instantiate
//	(fresh) ──► hashed, negative ──► hashed, positive ◄──► cached, no references
//	   │           │                        │ drop, remove        │
//	   └───────────┴───────► unhashed ◄─────┴─────────────────────┘
//	                             │ last put
//	                             ▼
//	                         forgotten
package vfs
