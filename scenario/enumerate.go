package scenario

import (
	"iter"
	"slices"
	"strings"
)

// A Family says which scenarios [Scenarios] enumerates. Each field doubles as a
// filter: empty stands for all.
type Family struct {
	Acts    int // how many at the same time: 2 or 3
	Daemons []DaemonKind
	Faults  []Fault // the one fault of each scenario; empty: none
}

// universe is all single acts that are combined: every operation on a name that
// is missing, by the ordinary and by the daemon's own; some on names that are
// there; some by those whom a class test may mistake; and the kernel's.
func universe() (all []Act) {
	add := func(by Party, op string, names ...string) {
		for _, n := range names {
			name, to, _ := strings.Cut(n, ">")
			all = append(all, Act{by, op, name, to})
		}
	}
	for _, o := range ops {
		switch {
		case o.driver:
		case o.two:
			add(Ordinary, o.name, "a>b", "b>a", "a>d/a", "d/a>a", "p>a", "l>d/a")
			add(InGroup, o.name, "a>b", "a>d/a")
		default:
			add(Ordinary, o.name, "a", "b")
			add(InGroup, o.name, "a")
		}
	}
	for _, op := range []string{"stat", "unlink"} {
		add(Child, op, "a")
		add(GroupZero, op, "a")
	}
	add(Ordinary, "stat", "p", "l", "d/a")
	add(Ordinary, "open", "p")
	add(Ordinary, "creat", "p")
	add(Ordinary, "mkdir", "p", "d/a")
	add(Ordinary, "unlink", "l", "d/a")
	add(Ordinary, "rmdir", "d")
	add(InGroup, "stat", "p")
	add(Ordinary, "reg", "a", "b", "d/a")
	add(Ordinary, "unreg", "a", "p")
	return all
}

// Scenarios enumerates the family, each scenario once: the order of the acts does
// not matter, nor which of two missing names is called a.
func Scenarios(f Family) iter.Seq[*Scenario] {
	daemons := f.Daemons
	if len(daemons) == 0 {
		daemons = Daemons()
	}
	faults := f.Faults
	if len(faults) == 0 {
		faults = []Fault{""}
	}
	return func(yield func(*Scenario) bool) {
		all := universe()
		pick := make([]Act, f.Acts)
		var choose func(n, from int) bool
		choose = func(n, from int) bool {
			if n < len(pick) {
				for i := from; i < len(all); i++ {
					pick[n] = all[i]
					if !choose(n+1, i) {
						return false
					}
				}
				return true
			}
			if !worthwhile(pick) {
				return true
			}
			for _, d := range daemons {
				if d == NoDaemon && needsDaemon(pick) {
					continue
				}
				for _, fault := range faults {
					s := &Scenario{Acts: slices.Clone(pick), Daemon: d}
					if fault != "" {
						s.Faults = []Fault{fault}
					}
					if !yield(s) {
						return false
					}
				}
			}
			return true
		}
		choose(0, 0)
	}
}

// worthwhile reports whether the acts are not the same as others that are
// enumerated, and somebody looks something up.
func worthwhile(acts []Act) bool {
	looks := false
	for _, a := range acts {
		looks = looks || !a.op().driver
	}
	return looks && key(acts) <= key(swapped(acts))
}

func key(acts []Act) string {
	parts := make([]string, len(acts))
	for i, a := range acts {
		parts[i] = a.String()
	}
	slices.Sort(parts)
	return strings.Join(parts, "+")
}

// swapped calls a b and b a.
func swapped(acts []Act) []Act {
	other := strings.NewReplacer("a", "b", "b", "a")
	list := slices.Clone(acts)
	for i := range list {
		list[i].Name, list[i].To = other.Replace(list[i].Name), other.Replace(list[i].To)
	}
	return list
}

// needsDaemon reports whether somebody works for a daemon.
func needsDaemon(acts []Act) bool {
	return slices.ContainsFunc(acts, func(a Act) bool { return a.By == InGroup || a.By == Child })
}

// shuffled returns scenarios in an order that mixes them, the same each time.
func shuffled(list []*Scenario) []*Scenario {
	r := uint64(0x9e3779b97f4a7c15)
	for i := len(list) - 1; i > 0; i-- {
		r ^= r << 13
		r ^= r >> 7
		r ^= r << 17
		j := int(r % uint64(i+1))
		list[i], list[j] = list[j], list[i]
	}
	return list
}
