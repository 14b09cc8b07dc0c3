package devfs

import "github.com/floodgate-go/floodgate/sched"

// The steps of the event queue and the daemon's side: N queues an event, D
// reads one, W waits for the daemon, M tells it of a lookup, C closes.
var (
	N1 = sched.Label{ID: "N1", Text: "mask bit set?"}
	N2 = sched.Label{ID: "N2", Text: "allocate the event"}
	N3 = sched.Label{ID: "N3", Text: "get(de) and its ancestors"}
	N4 = sched.Label{ID: "N4", Text: "append to the queue"}
	N5 = sched.Label{ID: "N5", Text: "wake the daemon"}

	D0  = sched.Label{ID: "D0", Text: "is the caller the daemon?"}
	D1  = sched.Label{ID: "D1", Text: "enqueue"}
	D2  = sched.Label{ID: "D2", Text: "queue empty?"}
	D3  = sched.Label{ID: "D3", Text: "sleeping := true"}
	D4  = sched.Label{ID: "D4", Text: "wake all who wait for the daemon"}
	D5  = sched.Label{ID: "D5", Text: "sleep"}
	D6  = sched.Label{ID: "D6", Text: "sleeping := false"}
	D7  = sched.Label{ID: "D7", Text: "dequeue"}
	D8  = sched.Label{ID: "D8", Text: "snapshot the overruns"}
	D9  = sched.Label{ID: "D9", Text: "fill the record from the head"}
	D11 = sched.Label{ID: "D11", Text: "unlink the head, put(de) and its ancestors"}

	W1 = sched.Label{ID: "W1", Text: "is there a daemon?"}
	W2 = sched.Label{ID: "W2", Text: "queue empty and daemon sleeping?"}
	W3 = sched.Label{ID: "W3", Text: "of the daemon's class?"}
	W5 = sched.Label{ID: "W5", Text: "enqueue"}
	W6 = sched.Label{ID: "W6", Text: "sleep unless the daemon is idle or gone"}
	W7 = sched.Label{ID: "W7", Text: "dequeue"}

	M1 = sched.Label{ID: "M1", Text: "LOOKUP in the mask?"}
	M2 = sched.Label{ID: "M2", Text: "of the daemon's class?"}
	M4 = sched.Label{ID: "M4", Text: "queue LOOKUP"}

	C0 = sched.Label{ID: "C0", Text: "is this the owner's file?"}
	C1 = sched.Label{ID: "C1", Text: "mask := 0, file := nil"}
	C2 = sched.Label{ID: "C2", Text: "detach the queue"}
	C3 = sched.Label{ID: "C3", Text: "group := 0"}
	C4 = sched.Label{ID: "C4", Text: "task := nil"}
	C5 = sched.Label{ID: "C5", Text: "wake all who wait for the daemon"}
	C6 = sched.Label{ID: "C6", Text: "free the events"}
)
