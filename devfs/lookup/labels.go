package lookup

import "github.com/floodgate-go/floodgate/sched"

// The steps of the looker. It is entered with the directory's i_sem held. A
// prime marks the form of a step on a counted record.
var (
	L1   = sched.Label{ID: "L1", Text: "d_op := plain"}
	L2   = sched.Label{ID: "L2", Text: "search the entries"}
	L3a  = sched.Label{ID: "L3a", Text: "record in the frame"}
	L3h  = sched.Label{ID: "L3'", Text: "record on the heap, count 1"}
	L3b  = sched.Label{ID: "L3b", Text: "d_fsdata := record"}
	L4   = sched.Label{ID: "L4", Text: "queue LOOKUP for the daemon"}
	L4f  = sched.Label{ID: "L4f", Text: "no daemon: hash as negative"}
	L4p  = sched.Label{ID: "L4f'", Text: "no daemon: put(record), hash as negative"}
	L4m  = sched.Label{ID: "L4m", Text: "no daemon: d_fsdata := nil, hash as negative"}
	L5   = sched.Label{ID: "L5", Text: "d_op := wait"}
	L6   = sched.Label{ID: "L6", Text: "hash as negative, in flight"}
	L7   = sched.Label{ID: "L7", Text: "up(i_sem)"}
	L8   = sched.Label{ID: "L8", Text: "wait for the daemon"}
	L9   = sched.Label{ID: "L9", Text: "down(i_sem)"}
	L10  = sched.Label{ID: "L10", Text: "de := record.de"}
	L11  = sched.Label{ID: "L11", Text: "d_inode set already?"}
	L12  = sched.Label{ID: "L12", Text: "search the entries again"}
	L13  = sched.Label{ID: "L13", Text: "make the inode"}
	L14  = sched.Label{ID: "L14", Text: "d_instantiate"}
	L15  = sched.Label{ID: "L15", Text: "d_op := plain"}
	L16  = sched.Label{ID: "L16", Text: "d_fsdata := nil"}
	L17  = sched.Label{ID: "L17", Text: "write-lock the entries"}
	L18  = sched.Label{ID: "L18", Text: "wake all in the record"}
	L18p = sched.Label{ID: "L18'", Text: "put(record)"}
	L19  = sched.Label{ID: "L19", Text: "unlock the entries"}
	L20  = sched.Label{ID: "L20", Text: "put(de), return"}
)

// The steps of a revalidate, for whoever finds the dentry in flight.
var (
	R0   = sched.Label{ID: "R0", Text: "down(i_sem) if the intent says that it is not held"}
	R1   = sched.Label{ID: "R1", Text: "record := d_fsdata"}
	R2   = sched.Label{ID: "R2", Text: "of the daemon's class?"}
	R3   = sched.Label{ID: "R3", Text: "de := record.de"}
	R4   = sched.Label{ID: "R4", Text: "d_inode set already?"}
	R5a  = sched.Label{ID: "R5a", Text: "search the entries"}
	R5b  = sched.Label{ID: "R5b", Text: "record.de := de"}
	R6   = sched.Label{ID: "R6", Text: "make the inode"}
	R7   = sched.Label{ID: "R7", Text: "d_instantiate"}
	R8   = sched.Label{ID: "R8", Text: "no record?"}
	R9   = sched.Label{ID: "R9", Text: "read-lock the entries"}
	R10  = sched.Label{ID: "R10", Text: "d_fsdata nil by now?"}
	R11p = sched.Label{ID: "R11'", Text: "get(record)"}
	R11  = sched.Label{ID: "R11", Text: "enqueue in the record"}
	R12  = sched.Label{ID: "R12", Text: "unlock the entries"}
	R13  = sched.Label{ID: "R13", Text: "sleep"}
	R14  = sched.Label{ID: "R14", Text: "dequeue from the record"}
	R14p = sched.Label{ID: "R14'", Text: "put(record)"}
	Ru   = sched.Label{ID: "Ru", Text: "up(i_sem)"}
	Rd   = sched.Label{ID: "Rd", Text: "down(i_sem)"}
	Rx   = sched.Label{ID: "Rx", Text: "up(i_sem) if R0 took it"}
	R15  = sched.Label{ID: "R15", Text: "return"}
)
