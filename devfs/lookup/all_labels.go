package lookup

import "github.com/floodgate-go/floodgate/sched"

// Labels returns the steps of all protocols.
func Labels() []*sched.Label {
	return []*sched.Label{
		&L1, &L2, &L3a, &L3h, &L3b, &L4, &L4f, &L4p, &L4m, &L5, &L6, &L7, &L8, &L9, &L10, &L11, &L12, &L13, &L14,
		&L15, &L16, &L17, &L18, &L18p, &L19, &L20,
		&R0, &R1, &R2, &R3, &R4, &R5a, &R5b, &R6, &R7, &R8, &R9, &R10, &R11p, &R11, &R12, &R13, &R14, &R14p, &Ru, &Rd, &Rx, &R15,
		&F1, &F2, &F3, &F4, &F5, &F6, &F7, &F8, &S1, &S2, &S3,
	}
}
