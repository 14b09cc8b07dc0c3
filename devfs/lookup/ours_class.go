package lookup

import "github.com/floodgate-go/floodgate/sched"

// Descent is the test of ours: the daemon, what descends from it, whatever
// became of its process group, and the daemon's process group if it leads one.
// Nobody is of the class of nobody, and group 0 is no group.
func Descent(o Owner, t *sched.Task) bool {
	owner := o.Task()
	if owner == nil {
		return false
	}
	if g := o.Group(); g != 0 && t.Group() == g {
		return true
	}
	for ; t != nil; t = t.Parent() {
		if t.Is(owner) {
			return true
		}
	}
	return false
}
