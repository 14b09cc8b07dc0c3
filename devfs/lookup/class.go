package lookup

import "github.com/floodgate-go/floodgate/sched"

// A ClassTest says whether t is the daemon or works for it
// (is_devfsd_or_child). Such a task never waits for the daemon, and what it does
// makes no event.
type ClassTest func(o Owner, t *sched.Task) bool

// Group is the test of 2.5.2 to 2.6.0-test1: the daemon, or its process group.
func Group(o Owner, t *sched.Task) bool {
	return t.Is(o.Task()) || t.Group() == o.Group()
}

// GroupOrChild is the test of 2.4 and, again, from 2.6.0-test2 on: the daemon,
// its process group, or a task with an ancestor that is the daemon.
func GroupOrChild(o Owner, t *sched.Task) bool {
	if Group(o, t) {
		return true
	}
	p := t.Parent()
	if p == nil {
		return false
	}
	owner := o.Task()
	for ; p != nil; p = p.Parent() {
		if p.Is(owner) {
			return true
		}
	}
	return false
}
