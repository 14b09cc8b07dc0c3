package scenario

import (
	"fmt"
	"strings"
)

// A Reproducer is a workload of the time. The package's variables are all
// there are.
type Reproducer struct {
	ID      string // "R-a"
	Command string // what was typed
	About   string // what the machine was like, and what was seen
	Gate    string // what the gate does; empty: there is none

	play func(*round)
}

// String returns the ID.
func (r *Reproducer) String() string { return r.ID }

// Reproducers returns all reproducers, in the order of their IDs.
func Reproducers() []*Reproducer {
	return []*Reproducer{&LsRm, &ManyLs, &Helpers, &Minilogd, &Killed, &Stopped}
}

// ReproducerByID returns the reproducer with the given ID, such as "R-a" or
// "a", in upper or lower case.
func ReproducerByID(id string) (*Reproducer, error) {
	var ids []string
	for _, r := range Reproducers() {
		if strings.EqualFold(r.ID, id) || strings.EqualFold(r.ID, "R-"+id) {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	return nil, fmt.Errorf("scenario: no reproducer %q: there are %s", id, strings.Join(ids, ", "))
}
