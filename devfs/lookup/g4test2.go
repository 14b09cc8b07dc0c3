package lookup

// G4Test2 is G4 as it was from 2.6.0-test2 on: the protocol is the same to the
// letter, but the test of the daemon's class follows the chain of parents
// again, so that a helper which has left the daemon's process group is still
// its own. The report of 2003-07-11, a daemon that hangs when it is restarted,
// led to that.
var G4Test2 = Generation{
	ID:       "G4-test2",
	Versions: "2.6.0-test2",
	Date:     "2003-07-17",
	Aim:      "G4, and helpers of the daemon are known by their ancestors",
	Class:    GroupOrChild,
	New:      newG4,
}
