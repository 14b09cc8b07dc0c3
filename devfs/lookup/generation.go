package lookup

import (
	"fmt"
	"strings"

	"github.com/floodgate-go/floodgate/vfs"
)

// A Generation is a version of the protocol. The package's variables are all
// there are; they must not be changed.
type Generation struct {
	ID       string // "G4"
	Versions string // the kernels that had it
	Date     string // when it came, as year-month-day
	Aim      string // what its author meant to do

	// Rules are what its kernels did around a revalidate.
	Rules vfs.Rules
	// Class says who is of the daemon's class.
	Class ClassTest
	// Coupled says that an entry and its dentry change together, under the
	// lock of the directory's list, and that the owner of the event queue
	// and what is queued do.
	Coupled bool
	// New makes the protocol for one file system.
	New func(Env) Protocol
}

// String returns the ID.
func (g *Generation) String() string { return g.ID }

// A Protocol is a Generation at work in one file system. Its methods are called
// concurrently.
type Protocol interface {
	// Lookup is the directory's lookup method: see [vfs.Looker].
	Lookup(c *vfs.Call, d *vfs.Dentry) error
}

// All returns the generations in date order.
func All() []*Generation {
	return []*Generation{&G0, &G1, &G2, &G3, &G4, &G4Test2, &G5, &Gm, &G6, &Ours}
}

// Best returns the generation that a file system takes that was told no other.
func Best() *Generation { return &Ours }

// ByID returns the generation with the given ID, in upper or lower case.
func ByID(id string) (*Generation, error) {
	var ids []string
	for _, g := range All() {
		if strings.EqualFold(g.ID, id) {
			return g, nil
		}
		ids = append(ids, g.ID)
	}
	return nil, fmt.Errorf("lookup: no generation %q: there are %s", id, strings.Join(ids, ", "))
}
