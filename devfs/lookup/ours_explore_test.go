//go:build !race

// Not under the race detector, where these thousands of schedules take minutes.

package lookup_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// What is explored here is every schedule of two and three of these calls,
// with each of these daemons, and direct checks after every step and at the
// end. Package scenario has more of both; this is what the mutants must not
// survive.

var (
	pairBudget = flag.Duration("pairs", 0, "explore every pair of calls, each for this long")
	pairDaemon = flag.String("pairs.daemon", "", "with this daemon only")
)

// A deed is what a task does, to a name that is missing or to one that is not.
type deed struct {
	name string
	do   func(fs *devfs.FS, t *sched.Task) error
	ok   []syscall.Errno // what it may come to, apart from success
}

func doStat(path string) func(*devfs.FS, *sched.Task) error {
	return func(fs *devfs.FS, t *sched.Task) error { _, err := fs.Stat(t, path); return err }
}

func doOpen(path string, flags int) func(*devfs.FS, *sched.Task) error {
	return func(fs *devfs.FS, t *sched.Task) error {
		f, err := fs.Open(t, path, flags, 0o600)
		if err == nil {
			err = f.Close()
		}
		return err
	}
}

var deeds = []deed{
	{name: "stat", do: doStat("/foo"), ok: []syscall.Errno{syscall.ENOENT}},
	{name: "open", do: doOpen("/foo", syscall.O_RDONLY), ok: []syscall.Errno{syscall.ENOENT}},
	{name: "creat", do: doOpen("/foo", syscall.O_RDONLY|syscall.O_CREAT), ok: []syscall.Errno{syscall.EACCES, syscall.EISDIR}},
	{name: "mkdir", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Mkdir(t, "/foo", 0o755) }, ok: []syscall.Errno{syscall.EEXIST}},
	{name: "mknod", do: func(fs *devfs.FS, t *sched.Task) error {
		return fs.Mknod(t, "/foo", vfs.TypeChar|0o600, devfs.Dev(1, 3))
	}, ok: []syscall.Errno{syscall.EEXIST}},
	{name: "symlink", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Symlink(t, "old", "/foo") }, ok: []syscall.Errno{syscall.EEXIST}},
	{name: "unlink", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Unlink(t, "/foo") }, ok: []syscall.Errno{syscall.ENOENT, syscall.EPERM, syscall.EISDIR}},
	{name: "rmdir", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Rmdir(t, "/foo") }, ok: []syscall.Errno{syscall.ENOENT, syscall.EPERM, syscall.ENOTDIR, syscall.ENOTEMPTY}},
	{name: "rename", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Rename(t, "/old", "/foo") }, ok: []syscall.Errno{syscall.EPERM, syscall.ENOENT, syscall.EISDIR}},
	{name: "move", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Rename(t, "/foo", "/d/foo") }, ok: []syscall.Errno{syscall.ENOENT, syscall.EPERM}},
	{name: "register", do: func(fs *devfs.FS, t *sched.Task) error { return fs.MkCdev("foo", 0o600, devfs.Dev(10, 1)) }, ok: []syscall.Errno{syscall.EEXIST}},
	{name: "unregister", do: func(fs *devfs.FS, t *sched.Task) error { return fs.Remove("foo") }, ok: []syscall.Errno{syscall.ENOENT}},
}

func deedOf(name string) deed {
	for _, d := range deeds {
		if d.name == name {
			return d
		}
	}
	panic(name)
}

// A demon is what a daemon does with a lookup.
type demon struct {
	name   string
	handle func(w *oursWorld, t *sched.Task, ev devfs.Event) bool // false: it dies
	next   bool                                                   // another one takes over
}

var demons = []demon{
	{name: "ignores", handle: func(*oursWorld, *sched.Task, devfs.Event) bool { return true }},
	{name: "registers", handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		w.may(w.fs.MkCdev(ev.Name, 0o600, devfs.Dev(10, 1)), syscall.EEXIST)
		return true
	}},
	{name: "links", handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		w.may(w.fs.Symlink(t, "old", "/"+ev.Name), syscall.EEXIST)
		return true
	}},
	{name: "looks", handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		_, err := w.fs.Stat(t, "/bar")
		w.may(err, syscall.ENOENT)
		return true
	}},
	{name: "renames", handle: func(w *oursWorld, t *sched.Task, ev devfs.Event) bool {
		w.may(w.fs.Rename(t, "/old", "/d/"+ev.Name), syscall.EPERM, syscall.ENOENT)
		return true
	}},
	{name: "dies", handle: func(*oursWorld, *sched.Task, devfs.Event) bool { return false }},
	{name: "is replaced", next: true, handle: func(*oursWorld, *sched.Task, devfs.Event) bool { return false }},
}

// A oursWorld is one execution.
type oursWorld struct {
	x     *explore.Run
	fs    *devfs.FS
	mu    sync.Mutex
	calls []*vfs.Call
}

func newOursWorld(x *explore.Run, old bool, c devfs.Config) *oursWorld {
	c.Provider, c.Lookup = x.Provider(), &lookup.Ours
	w := &oursWorld{x: x, fs: devfs.New(c)}
	w.fs.Observe(w)
	w.may(w.fs.MkDir("d"))
	w.may(w.fs.MkCdev("old", 0o600, devfs.Dev(1, 1)))
	if old {
		w.may(w.fs.MkCdev("foo", 0o600, devfs.Dev(1, 1)))
	}
	x.Always(w.look)
	x.Check(w.rest)
	return w
}

// may reports an error that is none of those.
func (w *oursWorld) may(err error, ok ...syscall.Errno) {
	if err != nil && !slices.Contains(ok, vfs.Errno(err)) {
		w.x.Errorf("error: %v", err)
	}
}

// daemon makes a daemon that owns the queue from the start.
func (w *oursWorld) daemon(d demon) *sched.Task {
	t := sched.NewTask("devfsd", sched.TaskConfig{PID: 100})
	dev, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
	w.may(err)
	w.x.DaemonTask(t, func() {
		w.serve(t, dev, d)
		if d.next {
			t2 := sched.NewTask("devfsd2", sched.TaskConfig{PID: 101})
			dev, err := w.fs.Claim(t2, devfs.Events(devfs.Lookup))
			w.may(err)
			w.x.DaemonTask(t2, func() { w.serve(t2, dev, demons[0]) })
		}
	})
	return t
}

func (w *oursWorld) serve(t *sched.Task, dev *devfs.Daemon, d demon) {
	for {
		ev, err := dev.Read(t)
		if err != nil {
			w.x.Errorf("read: %v", err)
			return
		}
		if !d.handle(w, t, ev) {
			break
		}
	}
	w.may(dev.Release())
}

func (w *oursWorld) do(n int, d deed) {
	t := sched.NewTask(fmt.Sprintf("%s%d", d.name, n), sched.TaskConfig{PID: 200 + n})
	w.x.GoTask(t, func() { w.may(d.do(w.fs, t), d.ok...) })
}

// look is what holds after every step.
func (w *oursWorld) look() {
	for _, c := range w.calls {
		if l := c.Task().Label(); l == &lookup.F7 || l == &vfs.P1 {
			if len(c.Held()) > 0 || c.HoldsRename() {
				w.x.Errorf("SF-7: %v waits and holds %v, rename semaphore %v", c, c.Held(), c.HoldsRename())
			}
		}
	}
	w.fs.PeekDentries(func(d *vfs.Dentry) {
		s := d.PeekState()
		switch {
		case !s.Hashed:
		case s.Inode == nil:
			w.x.Errorf("SF-3, SF-14: %s is hashed and negative", d.Path())
		default:
			if e := w.fs.PeekEntryOf(s.Inode); !e.Hooked && !e.Leaving {
				w.x.Errorf("SF-11: %s is hashed, its entry is not in the tree", d.Path())
			} else if e.Dentry != d {
				w.x.Errorf("SF-12: %s is hashed, its entry has another dentry", d.Path())
			}
		}
	})
	owner, _ := w.fs.PeekOwner()
	w.fs.PeekFlights(func(f lookup.FlightPeek) {
		switch {
		case !f.Alive && f.Refs > 0, f.Alive && f.Refs < 0:
			w.x.Errorf("SF-2: flight of %s: alive %v, %d references", f.Name, f.Alive, f.Refs)
		case f.OnBoard && owner == nil:
			w.x.Errorf("LV-4: flight of %s without an owner", f.Name)
		}
	})
	w.fs.PeekEvents(func(e devfs.EventPeek) {
		if !e.Alive {
			w.x.Errorf("SF-6: event %s has a dead target", e.Name)
		}
		if owner == nil {
			w.x.Errorf("LV-4: event %s is left without an owner", e.Name)
		}
	})
}

// rest is what holds when nobody can go on.
func (w *oursWorld) rest() {
	c := w.fs.Census()
	if err := c.Check(); err != nil {
		w.x.Errorf("LV-8: %v", err)
	}
	if c.Events != 0 {
		w.x.Errorf("LV-8: %d events are left", c.Events)
	}
	w.fs.PeekFlights(func(f lookup.FlightPeek) { w.x.Errorf("LV-8: flight of %s is left", f.Name) })
}

func (w *oursWorld) Begin(c *vfs.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
}

func (w *oursWorld) End(c *vfs.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = slices.DeleteFunc(w.calls, func(x *vfs.Call) bool { return x == c })
}
func (w *oursWorld) Enter(*vfs.Call, vfs.Method, *vfs.Dentry) {}
func (w *oursWorld) Leave(*vfs.Call, vfs.Method, *vfs.Dentry) {}
func (w *oursWorld) Down(*vfs.Call, *vfs.Inode)               {}
func (w *oursWorld) Up(*vfs.Call, *vfs.Inode)                 {}

var _ vfs.Observer = (*oursWorld)(nil)

// program is those deeds with that daemon.
func program(d demon, old bool, ds ...deed) func(x *explore.Run) {
	return func(x *explore.Run) {
		w := newOursWorld(x, old, devfs.Config{})
		w.daemon(d)
		for n, d := range ds {
			w.do(n, d)
		}
	}
}

func TestOursEveryPair(t *testing.T) {
	if *pairBudget == 0 {
		t.Skip("-pairs gives it time")
	}
	all := time.Now()
	n, done := uint64(0), 0
	var open []string
	for _, d := range demons {
		if *pairDaemon != "" && d.name != *pairDaemon {
			continue
		}
		for _, old := range []bool{false, true} {
			for i, a := range deeds {
				for _, b := range deeds[i:] {
					name := fmt.Sprintf("%s,%s,%s,%v", d.name, a.name, b.name, old)
					c := exploreOne(t, name, program(d, old, a, b), explore.Plan(explore.DPOR(*pairBudget)))
					n += c.Executions
					done++
					if !c.Exhausted() {
						open = append(open, name)
					}
				}
			}
		}
	}
	t.Logf("%d pairs, %d executions in %v; not exhausted: %s", done, n, time.Since(all), strings.Join(open, "; "))
}

func exploreOne(t *testing.T, name string, fn func(*explore.Run), opts ...explore.Option) explore.Certificate {
	t.Helper()
	r := explore.Explore(t.Context(), fn, opts...)
	for _, f := range r.Findings {
		t.Fatalf("%s: %s", name, f.Report(60))
	}
	return r.Certificate
}
