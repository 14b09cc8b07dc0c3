package vfs

import "github.com/floodgate-go/floodgate/sched"

// The steps of the generic code around a look-up: V when walking a path, with
// no i_sem held at first; H when looking a name up for a change, with the
// directory's.
var (
	V1 = sched.Label{ID: "V1", Text: "search the hash"}
	V2 = sched.Label{ID: "V2", Text: "load d_op, check d_revalidate"}
	V3 = sched.Label{ID: "V3", Text: "load d_op again, call d_revalidate"}
	V4 = sched.Label{ID: "V4", Text: "down(i_sem)"}
	V5 = sched.Label{ID: "V5", Text: "search the hash again"}
	V6 = sched.Label{ID: "V6", Text: "allocate a dentry, call lookup"}
	V7 = sched.Label{ID: "V7", Text: "up(i_sem), the name has appeared"}
	V8 = sched.Label{ID: "V8", Text: "up(i_sem)"}
	V9 = sched.Label{ID: "V9", Text: "use the dentry"}

	Vd = sched.Label{ID: "Vd", Text: "down(i_sem) around the revalidate"}
	Vu = sched.Label{ID: "Vu", Text: "up(i_sem) after the revalidate"}

	P1 = sched.Label{ID: "P1", Text: "nothing is held: wait, then start again"}

	H0 = sched.Label{ID: "H0", Text: "down(s_vfs_rename_sem)"}
	H1 = sched.Label{ID: "H1", Text: "down(i_sem)"}
	H2 = sched.Label{ID: "H2", Text: "search the hash"}
	H3 = sched.Label{ID: "H3", Text: "allocate a dentry, call lookup"}
	H4 = sched.Label{ID: "H4", Text: "operate"}
	H5 = sched.Label{ID: "H5", Text: "dput, up(i_sem)"}
	Hv = sched.Label{ID: "Hv", Text: "down(i_sem) of the victim"}
)
