package invariant

import (
	"slices"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// A debt is what a task has taken of references on an entry, and where.
type debt struct {
	t    *task
	obj  int
	net  int
	took []string
}

// refer notes a reference on an entry that is taken or dropped, for reports of
// those that nobody drops.
func (m *Monitor) refer(t *task, op *sched.Op) {
	if op.Failed || op.Obj.Kind != sched.KindCount || !strings.HasPrefix(op.Obj.Name, "de ") {
		return
	}
	n := slices.IndexFunc(m.debts, func(d debt) bool { return d.t == t && d.obj == op.Obj.ID })
	if n < 0 {
		n = len(m.debts)
		m.debts = append(m.debts, debt{t: t, obj: op.Obj.ID})
	}
	d := &m.debts[n]
	if op.Kind == sched.Put {
		d.net--
		return
	}
	d.net++
	// The reference that goes with an inode is not one that is left.
	if l := t.Label(); l != nil && !slices.Contains(d.took, l.ID) && !slices.Contains([]string{"H4", "L13", "R6"}, l.ID) {
		d.took = append(d.took, l.ID)
	}
}

// debtors says at which steps references were taken that are left. An inode that
// is bound has one that somebody else drops.
func (m *Monitor) debtors() Actor {
	var at []string
	for _, d := range m.debts {
		if d.net > 0 {
			at = append(at, d.took...)
		}
	}
	slices.Sort(at)
	at = slices.Compact(at)
	if len(at) == 0 {
		return Actor{}
	}
	return Actor{Role: "references taken", Label: strings.Join(at, " ")}
}
