package invariant

import (
	"errors"
	"strings"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/vfs"
)

// Report takes the faults that primitives and file systems run into, and says
// which statement they break.
func (m *Monitor) Report(fault error) {
	m.lock()
	defer m.unlock()
	if u := m.cur; u != nil && u.kind == stray {
		return // it is no part of the program, and follows pointers that it has no right to
	}
	m.tell(m.faulted(fault))
}

func (m *Monitor) faulted(fault error) *Violation {
	v := &Violation{Effect: Crash, Err: fault, Who: m.actor(m.cur)}
	var dead *refcount.UseAfterEnd
	var bug *vfs.BugError
	switch {
	case errors.As(fault, &dead):
		m.usedAfterEnd(v, dead)
	case errors.As(fault, &bug):
		m.bug(v, bug)
	default:
		v.Statement, v.What = "SF-10", "a reference count goes wrong"
		v.Object = firstLine(fault.Error())
	}
	return v
}

// usedAfterEnd is the other half of SF-2, SF-5 and SF-6: what is gone is used.
func (m *Monitor) usedAfterEnd(v *Violation, e *refcount.UseAfterEnd) {
	if e.Touched.Task != nil {
		v.Who = m.actorOf(e.Touched.Task, e.Touched.Label)
	}
	v.Other = m.actorOf(e.Ended.Task, e.Ended.Label)
	name, of, _ := strings.Cut(e.Name, " ")
	v.Object = of
	switch name {
	case "lookup_info":
		v.Statement, v.What = "SF-2", "a record is used after its end"
		if v.Who.Label == "R11" || v.Who.Label == "R14" {
			v.What = "the queue in a record is used after the record's end"
		}
	case "wait_queue_t":
		v.Statement, v.What = "SF-5", "a waker uses the element of a sleeper that has returned"
	case "placeholder":
		gone := m.outlived(m.find(e.Ended.Task), of)
		v.Statement, v.What, v.Who, v.Other = gone.Statement, gone.What, gone.Who, gone.Other
	default:
		v.Statement, v.What = "SF-10", "an entry is used after it was freed"
	}
}

// bug is where the kernel stops itself.
func (m *Monitor) bug(v *Violation, e *vfs.BugError) {
	v.Object = e.Name
	v.Other = m.writer(m.cur)
	switch e.Op {
	case "d_instantiate":
		v.Statement, v.What = "SF-1", "a dentry is instantiated that is positive already"
	case "d_revalidate":
		v.Statement, v.What = "SF-4", "a jump through d_op: it had a revalidate when that was tested, and has none when it is called"
		if strings.Contains(e.What, "record") {
			v.What = "the record is dereferenced without a test, and is gone"
		}
	case "d_iput":
		v.Statement, v.What = "SF-12", "a dentry drops an inode of an entry that is bound to another dentry"
	case "dput":
		v.Statement, v.What = "SF-10", "a dentry loses more references than were taken"
	default:
		v.Statement, v.What = "SF-10", e.Op+": "+e.What
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// census says in words that do not vary what is left.
func census(c *devfs.Census) (statement, what string) {
	switch {
	case c.Records != 0 || c.Frames != 0:
		return "LV-8", "at the end records of lookups are left"
	case c.Entries != c.Hooked:
		return "SF-10", "at the end entries are left that are not in the tree"
	case c.Negative != 0:
		return "LV-8", "at the end negative dentries are left"
	case c.Bound != c.Inodes:
		return "SF-12", "at the end inodes are left that no entry knows"
	}
	return "SF-10", "at the end references of entries are left"
}
