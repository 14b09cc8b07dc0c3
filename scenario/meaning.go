package scenario

import (
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// meanings are the steps by their IDs.
var meanings = func() map[string]string {
	all := map[string]string{}
	for _, l := range append(lookup.Labels(), []*sched.Label{
		&vfs.V1, &vfs.V2, &vfs.V3, &vfs.V4, &vfs.V5, &vfs.V6, &vfs.V7, &vfs.V8, &vfs.V9, &vfs.Vd, &vfs.Vu,
		&vfs.H0, &vfs.H1, &vfs.H2, &vfs.H3, &vfs.H4, &vfs.H5, &vfs.Hv,
		&devfs.N1, &devfs.N2, &devfs.N3, &devfs.N4, &devfs.N5,
		&devfs.D0, &devfs.D1, &devfs.D2, &devfs.D3, &devfs.D4, &devfs.D5, &devfs.D6, &devfs.D7, &devfs.D8, &devfs.D9, &devfs.D11,
		&devfs.W1, &devfs.W2, &devfs.W3, &devfs.W5, &devfs.W6, &devfs.W7, &devfs.M1, &devfs.M2, &devfs.M4,
		&devfs.C0, &devfs.C1, &devfs.C2, &devfs.C3, &devfs.C4, &devfs.C5, &devfs.C6, &wait4,
	}...) {
		all[l.ID] = l.Text
	}
	return all
}()

// Meaning returns what the step with an ID such as "L9" does, empty if there is
// no such step.
func Meaning(id string) string { return meanings[id] }
