package lookup

import "github.com/floodgate-go/floodgate/sched"

// The steps of ours: F of the looker, S of whoever settles a flight.
var (
	F1 = sched.Label{ID: "F1", Text: "d_op := plain, for good"}
	F2 = sched.Label{ID: "F2", Text: "read-lock the entries"}
	F3 = sched.Label{ID: "F3", Text: "there? bind and hash the dentry"}
	F4 = sched.Label{ID: "F4", Text: "not there, not answered: join the flight or queue LOOKUP"}
	F5 = sched.Label{ID: "F5", Text: "unlock the entries"}
	F6 = sched.Label{ID: "F6", Text: "wake the daemon"}
	F7 = sched.Label{ID: "F7", Text: "sleep until the flight is settled"}
	F8 = sched.Label{ID: "F8", Text: "put(flight)"}

	S1 = sched.Label{ID: "S1", Text: "take the flight off the board"}
	S2 = sched.Label{ID: "S2", Text: "close its queue: all who wait go on"}
	S3 = sched.Label{ID: "S3", Text: "put(flight)"}
)
