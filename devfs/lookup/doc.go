// Package lookup holds the protocol by which a device file system looks up a
// name that may not exist yet, one generation per file, in date order.
//
// The problem is always the same. A name is missing; a daemon in user space
// may know how to make it, so the looker tells it and waits. While it waits it
// must not keep the directory's i_sem, or the daemon could not work there; so
// the dentry becomes visible before it is finished, and whoever finds it must
// wait for the looker, too. A dentry in flight is hashed and negative, its
// operations are the wait set, and its data (d_fsdata) is a record with the
// queue that the others sleep in.
//
// Each generation is written down step by step. A step has a label (L for the
// looker, R for whoever finds the dentry in flight and is sent through
// revalidate), which traces, hang reports, tests and the documentation share.
// What generations have in common step for step is in steps.go; where they
// differ, each spells its own order out.
//
//	looker, i_sem held                    the others
//	 L1 L2   search the entries            R1      load the record
//	 L3      make the record               R2–R7   daemon class: bind it now
//	 L4      tell the daemon               R8–R12  enqueue on the record
//	 L5–L7   hash it in flight, up         R13     sleep
//	 L8      wait for the daemon           R14 R15 leave
//	 L9–L20  bind it, clear the record,
//	         wake the others, down again,
//	         in an order of the author's
//	         choice
//
// [Ours], the default, has none of this: an unfinished name is not in the hash,
// and a lookup that has to wait returns a [Flight] to the generic code, which
// waits for it with nothing held. Its steps are F1 to F8 and S1 to S3.
//
// The file system that a protocol works on is an [Env]. Package devfs
// implements it, and takes a [Generation] in its Config.
package lookup
