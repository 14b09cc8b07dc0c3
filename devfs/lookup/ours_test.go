//go:build !race

// Not under the race detector, where these thousands of schedules take minutes.

package lookup_test

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// TestOursExplored searches a choice of programs, each of which stresses one
// rule. It is what the mutants of the protocol must not survive.
func TestOursExplored(t *testing.T) {
	d := func(name string) demon {
		return demons[slices.IndexFunc(demons, func(d demon) bool { return d.name == name })]
	}
	for _, p := range []struct {
		name string
		fn   func(*explore.Run)
	}{
		{"two look, it ignores", program(d("ignores"), false, deedOf("stat"), deedOf("unlink"))},
		{"two look, it registers", program(d("registers"), false, deedOf("stat"), deedOf("stat"))},
		{"look and register", program(d("ignores"), false, deedOf("stat"), deedOf("register"))},
		{"look and unregister", program(d("ignores"), true, deedOf("stat"), deedOf("unregister"))},
		{"make and unregister", program(d("ignores"), false, deedOf("symlink"), deedOf("unregister"))},
		{"it links", program(d("links"), false, deedOf("stat"), deedOf("mkdir"))},
		{"move while it looks", program(d("links"), false, deedOf("move"))},
		{"it dies", program(d("dies"), false, deedOf("stat"), deedOf("stat"))},
		{"it is replaced", program(d("is replaced"), false, deedOf("stat"))},
		{"it looks another up", program(d("looks"), false, deedOf("stat"), deedOf("register"))},
		{"stray wakes", strayWakes},
		{"answers", answers},
		{"a looker leaves", leaver},
		{"no answer in time", lateDaemon},
		{"a helper of its own group", ownGroup},
		{"held events", heldEvents},
		{"a release at any time", releaseAtWill},
		{"group 0", groupZero},
	} {
		t.Run(p.name, func(t *testing.T) {
			exploreOne(t, p.name, p.fn, explore.Plan(explore.POS(300), explore.DPOR(2*time.Second)))
		})
	}
}

// A wake for no reason does not end a wait: without a registration ENOENT comes
// after the handler.
func strayWakes(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	handled := false
	w.daemon(demon{handle: func(*oursWorld, *sched.Task, devfs.Event) bool { handled = true; return true }})
	ls := sched.NewTask("ls", sched.TaskConfig{PID: 200})
	x.GoTask(ls, func() {
		_, err := w.fs.Stat(ls, "/foo")
		if vfs.Errno(err) != syscall.ENOENT || !handled {
			x.Errorf("LV-5: %v, handled %v", err, handled)
		}
	})
	x.Go("stray", w.fs.StrayWake)
}

// What the daemon registers is found by all who asked, with one event.
func answers(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	events := 0
	w.daemon(demon{handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		events++
		w.may(w.fs.MkCdev(ev.Name, 0o600, devfs.Dev(10, 1)))
		return true
	}})
	for n := range 2 {
		ls := sched.NewTask("ls", sched.TaskConfig{PID: 200 + n})
		x.GoTask(ls, func() { w.may(doStat("/foo")(w.fs, ls)) })
	}
	x.Check(func() {
		if events != 1 {
			x.Errorf("%d events for one name", events)
		}
	})
}

// A looker whose context ends leaves with its error; the other gets its answer,
// and so does whoever comes later.
func leaver(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	w.daemon(demons[1])
	quits := sched.NewTask("quits", sched.TaskConfig{PID: 200})
	x.GoTask(quits, func() {
		_, err := w.fs.Stat(quits.WithContext(x.Context()), "/foo")
		if err != nil && (!errors.Is(err, context.Canceled) || vfs.Errno(err) != syscall.EINTR) {
			x.Errorf("error of who left: %v", err)
		}
	})
	stays := sched.NewTask("stays", sched.TaskConfig{PID: 201})
	x.GoTask(stays, func() { w.may(doStat("/foo")(w.fs, stays)) })
}

// A daemon that never answers: the looker is told, and holds nothing up.
func lateDaemon(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{LookupTimeout: time.Second})
	t := sched.NewTask("devfsd", sched.TaskConfig{PID: 100})
	dev, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
	w.may(err)
	ls := sched.NewTask("ls", sched.TaskConfig{PID: 200})
	x.GoTask(ls, func() {
		if err := doStat("/foo")(w.fs, ls); vfs.Errno(err) != syscall.ETIMEDOUT {
			x.Errorf("%v, want ETIMEDOUT", err)
		}
		w.may(dev.Release())
	})
}

// A helper that leads a group of its own is of the daemon's class by descent.
func ownGroup(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	w.daemon(demon{handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		h := sched.NewTask("helper", sched.TaskConfig{Parent: t, PID: 300})
		h.SetGroup()
		w.may(doStat("/bar")(w.fs, h), syscall.ENOENT) // the handler waits for it
		return true
	}})
	w.do(0, deedOf("stat"))
}

// A helper of the kernel, in group 0, is of nobody's class.
func groupZero(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	t := sched.NewTask("devfsd", sched.TaskConfig{PID: 100, Group: 7}) // leads none
	dev, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
	w.may(err)
	w.x.DaemonTask(t, func() { w.serve(t, dev, demons[1]) })
	z := sched.NewTask("hotplug", sched.TaskConfig{PID: 200, Group: sched.NoGroup})
	x.GoTask(z, func() { w.may(doStat("/foo")(w.fs, z)) })
}

// A held event is handled with Done: the next Read says nothing.
func heldEvents(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	handled := false
	w.daemon(demon{handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		ev.Hold()
		h := sched.NewTask("handler", sched.TaskConfig{Parent: t, PID: 300})
		x.GoTask(h, func() {
			w.may(doStat("/bar")(w.fs, h), syscall.ENOENT)
			handled = true
			ev.Done()
			ev.Done()
		})
		return true
	}})
	ls := sched.NewTask("ls", sched.TaskConfig{PID: 200})
	x.GoTask(ls, func() {
		err := doStat("/foo")(w.fs, ls)
		if vfs.Errno(err) != syscall.ENOENT || !handled {
			x.Errorf("%v, handled %v", err, handled)
		}
	})
}

// The owner gives the queue up while names are asked for.
func releaseAtWill(x *explore.Run) {
	w := newOursWorld(x, false, devfs.Config{})
	t := sched.NewTask("devfsd", sched.TaskConfig{PID: 100})
	dev, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
	w.may(err)
	x.GoTask(t, func() { w.may(dev.Release()) })
	w.do(0, deedOf("stat"))
	w.do(1, deedOf("register"))
}
