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

// parties says what those in the shortest circle do, or all when there is none,
// in words that do not vary: who sleeps where, and who holds what the one before
// wants.
func parties(stuck []explore.StuckTask) (list []string) {
	circle := shortest(stuck)
	if circle == nil {
		for n := range stuck {
			list = append(list, party(&stuck[n], false))
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	for i, n := range circle {
		before := &stuck[circle[(i+len(circle)-1)%len(circle)]]
		s := &stuck[n]
		if before.Object == "exit" || strings.HasPrefix(before.On, "exit ") {
			continue // what its helper waits for is what counts
		}
		if strings.HasPrefix(s.On, "exit ") {
			// the daemon, which waits for its helper
			next := &stuck[circle[(i+1)%len(circle)]]
			who := "daemon, through its helper, "
			if next.Op == sched.Down {
				who = daemon + " " // the same as if it did so itself
			}
			list = append(list, who+where(next))
			continue
		}
		list = append(list, party(s, before.Op == sched.Down))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// shortest returns the shortest circle of tasks that wait for each other, as
// indices, each waiting for the next, or nil.
func shortest(stuck []explore.StuckTask) (best []int) {
	for n := range stuck {
		// Breadth first, from n back to n.
		from := map[int]int{}
		work := []int{n}
		for len(work) > 0 && from != nil {
			k := work[0]
			work = work[1:]
			for _, name := range stuck[k].Waits {
				j := slices.IndexFunc(stuck, func(s explore.StuckTask) bool { return s.Name == name })
				if j < 0 {
					continue
				}
				if j == n {
					circle := []int{k}
					for at := k; at != n; at = from[at] {
						circle = append(circle, from[at])
					}
					slices.Reverse(circle)
					if best == nil || len(circle) < len(best) {
						best = circle
					}
					from = nil
					break
				}
				if _, seen := from[j]; !seen {
					from[j] = k
					work = append(work, j)
				}
			}
		}
	}
	return best
}

// party says who a stuck task is and what it waits for; holding, that it has
// what the one before wants.
func party(s *explore.StuckTask, holding bool) string {
	id, _, _ := strings.Cut(s.Label, " ")
	role := ""
	if id != "" {
		role = roleAt(id)
	}
	kind, _, _ := strings.Cut(s.Name, ".")
	protocol := id != "" && strings.ContainsAny(id[:1], "LRWF")
	switch {
	case s.Daemon || strings.HasPrefix(s.Name, "devfsd"):
		role, protocol = daemon, false
	case protocol:
	case kind == "e" || kind == "c" || kind == "h":
		role = helper
	}
	if protocol {
		role += " at " + id
	}
	what := role + " " + where(s)
	if holding {
		what += ", holding it"
	}
	return what
}

// where says what a stuck task waits for.
func where(s *explore.StuckTask) string {
	switch s.Op {
	case sched.Down:
		return "wants a directory's lock"
	case sched.Park:
		on, _, _ := strings.Cut(s.On, " ")
		return "sleeps on " + on
	}
	return s.Op.String()
}
