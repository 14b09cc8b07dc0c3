package lookup_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/refcount"
)

// The mail of 2003-07-07: ls and rm of a name that is not there. The daemon is
// held until rm has found the dentry in flight.
func TestStatAndUnlinkOfAMissingName(t *testing.T) {
	hangs := map[string]bool{"G0": true, "G1": true, "G3": true}
	each(t, func(t *testing.T, g *lookup.Generation) {
		w := newWorld(t, g)
		defer w.end()
		w.daemon(nil)
		w.hold("devfsd", &devfs.D8)
		ls := w.run("ls", stat(w.fs, "/foo"))
		w.at("ls", &devfs.W6)
		rm := w.run("rm", unlink(w.fs, "/foo"))
		w.open("devfsd", &devfs.D8)
		if hangs[g.ID] {
			w.at("ls", &lookup.L9)
			w.at("rm", &lookup.R13)
			return
		}
		for _, a := range []*actor{ls, rm} {
			if !a.done || !errors.Is(a.err, syscall.ENOENT) {
				t.Errorf("%v: done %v, %v, at %v; want ENOENT", a, a.done, a.err, a.Label())
			}
		}
		w.clean()
	})
}

// R-b: two ls of a name that is not there. The second is held between its wake
// and its step off the queue, until the first has returned.
func TestASleeperThatLeavesLate(t *testing.T) {
	touches := map[string]bool{"G1": true, "G2": true}
	each(t, func(t *testing.T, g *lookup.Generation) {
		w := newWorld(t, g)
		defer w.end()
		w.daemon(nil)
		w.hold("devfsd", &devfs.D8)
		a := w.run("ls1", stat(w.fs, "/foo"))
		w.hold("ls2", &lookup.R14)
		b := w.run("ls2", stat(w.fs, "/foo"))
		w.at("ls2", &lookup.R13)
		w.open("devfsd", &devfs.D8)
		if !a.done {
			t.Fatalf("ls1 is stuck at %v", a.Label())
		}
		if _, held := w.gates["ls2 R14"]; held && b.Label() == &lookup.R14 {
			w.open("ls2", &lookup.R14)
		}
		if !b.done {
			t.Fatalf("ls2 is stuck at %v", b.Label())
		}
		for _, a := range []*actor{a, b} {
			if !errors.Is(a.err, syscall.ENOENT) {
				t.Errorf("%v: %v, want ENOENT", a, a.err)
			}
		}
		if !touches[g.ID] {
			w.clean()
			return
		}
		var dead *refcount.UseAfterEnd
		if len(w.faults) == 0 || !errors.As(w.faults[0], &dead) || dead.Kind != "frame" {
			t.Errorf("faults %v, want a touch of the looker's frame", w.faults)
		}
	})
}
