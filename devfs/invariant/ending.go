package invariant

import (
	"slices"
	"strings"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// Ending says which statement the end of an execution breaks that an explorer
// has found: LV-1, LV-2, LV-4, LV-7, or SF-8 for what is still held.
func Ending(f *explore.Finding) *Violation {
	v := &Violation{Effect: Hang, Object: f.Message, Err: nil}
	switch f.Kind {
	case explore.Deadlock:
		v.Statement, v.What = "LV-2", "tasks wait for each other in a circle"
	case explore.LostWakeup:
		v.Statement, v.What = "LV-1", "a task sleeps and nobody is left to wake it"
	case explore.Livelock, explore.Endless:
		v.Statement, v.What = "LV-7", "tasks run and nobody makes progress"
	case explore.Leak:
		v.Statement, v.What, v.Effect = "SF-8", "a lock is held at the end", Leak
	case explore.Panic:
		v.Statement, v.What, v.Effect = "LV-1", "a task panics", Crash
	case explore.UseAfterEnd, explore.Fault:
		v.Statement, v.What, v.Effect = "SF-10", f.Kind.String(), Crash
	default:
		v.Statement, v.What, v.Effect = "", f.Kind.String()+": "+f.Message, Wrong
	}
	parts := parties(f.Stuck)
	v.signature = v.Statement + "|" + v.What + "|" + strings.Join(parts, " ⇄ ")
	if len(parts) > 0 {
		v.Object = strings.Join(parts, " ⇄ ")
	} else {
		v.signature += "|" + f.Message
	}
	return v
}

// parties says what those in a circle, or all when there is none, do, in words
// that do not vary.
func parties(stuck []explore.StuckTask) (list []string) {
	for n := range stuck {
		if s := &stuck[n]; len(stuck) < 2 || inCircle(stuck, n) || !anyCircle(stuck) {
			list = append(list, party(s))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func anyCircle(stuck []explore.StuckTask) bool {
	for n := range stuck {
		if inCircle(stuck, n) {
			return true
		}
	}
	return false
}

// inCircle reports whether a task waits for itself through others.
func inCircle(stuck []explore.StuckTask, n int) bool {
	seen := make([]bool, len(stuck))
	work := []int{n}
	for len(work) > 0 {
		s := &stuck[work[len(work)-1]]
		work = work[:len(work)-1]
		for _, name := range s.Waits {
			for j := range stuck {
				if stuck[j].Name != name {
					continue
				}
				if j == n {
					return true
				}
				if !seen[j] {
					seen[j] = true
					work = append(work, j)
				}
			}
		}
	}
	return false
}

func party(s *explore.StuckTask) string {
	id, _, _ := strings.Cut(s.Label, " ")
	role := roleOf(&sched.Label{ID: id + "?"}, "")
	kind, _, _ := strings.Cut(s.Name, ".")
	switch {
	case s.Daemon || strings.HasPrefix(s.Name, "devfsd"):
		role = daemon
	case kind == "e" || kind == "c" || kind == "h":
		role = helper
	}
	where := ""
	switch s.Op {
	case sched.Down:
		where = "wants i_sem"
		if !strings.HasPrefix(s.Object, "i_sem") {
			where = "wants " + s.Object
		}
	case sched.Park:
		on, _, _ := strings.Cut(s.On, " ")
		where = "sleeps on " + on
	default:
		where = s.Op.String()
	}
	if id != "" && strings.ContainsAny(id[:1], "LRW") {
		role += " at " + id
	}
	what := role + " " + where
	for _, h := range s.Holds {
		if strings.HasPrefix(h, "i_sem") {
			what += ", holds i_sem"
			break
		}
	}
	if slices.Contains(s.Holds, "s_vfs_rename_sem") {
		what += ", holds the rename semaphore"
	}
	return what
}
