package lookup_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
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
		if w.held("ls2", &lookup.R14) {
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

// Bug 1242 of 2003-09: the looker has made the inode and is about to bind it,
// and a helper of the daemon walks to the name, which is registered by now.
func TestAHelperBindsADentryInFlight(t *testing.T) {
	waits := map[string]bool{"Gm": true, "G6": true}
	each(t, func(t *testing.T, g *lookup.Generation) {
		w := newWorld(t, g)
		defer w.end()
		devfsd := w.daemon(func(*sched.Task, devfs.Event) {
			if err := w.fs.MkCdev("foo", 0o600, devfs.Dev(10, 1)); err != nil {
				t.Error(err)
			}
		})
		w.hold("ls", &lookup.L14)
		ls := w.run("ls", stat(w.fs, "/foo"))
		if !w.held("ls", &lookup.L14) {
			t.Fatalf("ls is at %v", ls.Label())
		}
		w.task("helper", sched.TaskConfig{Group: devfsd.Group()})
		helper := w.run("helper", stat(w.fs, "/foo"))
		if helper.done == waits[g.ID] {
			t.Fatalf("helper: done %v, at %v", helper.done, helper.Label())
		}
		w.open("ls", &lookup.L14)
		for _, a := range []*actor{ls, helper} {
			if !a.done || a.err != nil {
				t.Errorf("%v: done %v, %v, at %v; want success", a, a.done, a.err, a.Label())
			}
		}
		switch g.ID {
		case "Gm":
			w.clean()
			return
		case "G6": // it took the pointer before it waited for i_sem
			var dead *refcount.UseAfterEnd
			if len(w.faults) != 1 || !errors.As(w.faults[0], &dead) {
				t.Errorf("faults %v, want a touch of the looker's frame", w.faults)
			}
			return
		}
		var bug *vfs.BugError
		if len(w.faults) != 1 || !errors.As(w.faults[0], &bug) || bug.Op != "d_instantiate" || !bug.Task.Is(ls.Task) {
			t.Errorf("faults %v, want a BUG in d_instantiate by ls", w.faults)
		}
	})
}

// R-h: the daemon dies while a lookup waits.
func TestTheDaemonDies(t *testing.T) {
	each(t, func(t *testing.T, g *lookup.Generation) {
		w := newWorld(t, g)
		defer w.end()
		devfsd := w.daemon(nil)
		w.hold("devfsd", &devfs.D8)
		ls := w.run("ls", stat(w.fs, "/foo"))
		w.at("ls", &devfs.W6)
		ls2 := w.run("ls2", stat(w.fs, "/bar"))
		w.at("ls2", &devfs.W6)
		devfsd.Kill(nil)
		w.open("devfsd", &devfs.D8) // it reads one event, and dies in the next read
		for _, a := range []*actor{ls, ls2} {
			if !a.done || !errors.Is(a.err, syscall.ENOENT) {
				t.Errorf("%v: done %v, %v, at %v; want ENOENT", a, a.done, a.err, a.Label())
			}
		}
		w.clean()
		if c := w.fs.Census(); c.Events != 0 || c.Entries != 2 {
			t.Errorf("census %+v, want no events, 2 entries", c)
		}
	})
}

// R-i: the daemon is stopped; a name that exists, but is not cached, waits for
// it, too.
func TestTheDaemonIsStopped(t *testing.T) {
	each(t, func(t *testing.T, g *lookup.Generation) {
		w := newWorld(t, g)
		defer w.end()
		w.hold("devfsd", &devfs.D3)
		w.daemon(nil)
		if err := w.fs.MkCdev("null", 0o666, devfs.Dev(1, 3)); err != nil {
			t.Fatal(err)
		}
		ls := w.run("ls", stat(w.fs, "/null"))
		w.at("ls", &devfs.W6)
		w.open("devfsd", &devfs.D3)
		if !ls.done || ls.err != nil {
			t.Errorf("ls: done %v, %v, at %v; want success", ls.done, ls.err, ls.Label())
		}
		w.clean()
	})
}
