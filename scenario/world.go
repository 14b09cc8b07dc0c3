package scenario

import (
	"slices"
	"strings"
	"syscall"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// A world is one execution of a scenario under an explorer.
type world struct {
	x     *explore.Run
	s     *Scenario
	m     *invariant.Monitor
	fs    *devfs.FS
	paths []string

	dt     *sched.Task // the daemon
	ready  bool        // the set-up is over
	failed bool        // an allocation was refused
}

// Process ids are part of what a program is.
const (
	daemonPID = 100
	helperPID = 150
	actorPID  = 200
)

// play makes the world and starts its tasks.
func (s *Scenario) play(x *explore.Run, g *lookup.Generation, report func(*invariant.Violation)) *world {
	w := &world{x: x, s: s, paths: s.paths()}
	w.m = invariant.New(x.Scheduler(), invariant.Config{Report: report})
	c := devfs.Config{Provider: floodgate.Ours(w.m), Lookup: w.m.Generation(g)}
	if s.has(NoMemory) {
		c.Alloc = w.alloc
	}
	w.fs = devfs.New(c)
	w.m.Attach(w.fs)
	w.populate()
	w.m.Name(w.paths...)
	w.daemon()
	for i, a := range s.Acts {
		w.act(i, a)
	}
	if s.has(StrayWake) {
		w.stray()
	}
	w.ready = true
	x.Always(w.m.Check)
	x.Check(w.m.Finish)
	return w
}

// alloc refuses memory once, or never.
func (w *world) alloc(t *sched.Task, what string) bool {
	if !w.ready || w.failed || w.x.Choose(2) == 0 {
		return true
	}
	w.failed = true
	w.m.Refused(t, what)
	w.x.Logf("no memory for an %s", what)
	return false
}

// populate makes what is there from the start.
func (w *world) populate() {
	must := func(err error) {
		if err != nil {
			w.x.Fatalf("set-up: %v", err)
		}
	}
	if slices.Contains(w.paths, "p") {
		must(w.fs.MkCdev("p", 0o666, devfs.Dev(1, 3)))
	}
	if slices.Contains(w.paths, "l") {
		must(w.fs.MkSymlink("l", "p"))
	}
	if slices.Contains(w.paths, "d") {
		must(w.fs.Mkdir(sched.NewTask("init", sched.TaskConfig{PID: 1}), "/d", 0o755))
	}
}

// act starts the task of one act.
func (w *world) act(i int, a Act) {
	c := sched.TaskConfig{PID: actorPID + i}
	kind := invariant.User
	switch a.By {
	case InGroup:
		c.Parent, kind = w.dt, invariant.Helper
	case Child:
		c.Parent, c.Group, kind = w.dt, c.PID, invariant.Helper
	case GroupZero:
		c.Group = sched.NoGroup
	}
	if a.op().driver {
		kind = invariant.Driver
	}
	name := a.String()
	for j := range i {
		if w.s.Acts[j] == a {
			name += "'"
		}
	}
	t := sched.NewTask(name, c)
	w.m.Task(t, kind)
	w.x.GoTask(t, func() { w.m.Run(t, func() { w.do(t, a) }) })
}

// do makes the call of an act.
func (w *world) do(t *sched.Task, a Act) {
	path := "/" + a.Name
	switch a.Op {
	case "stat":
		w.call(t, "stat", a.Name, func() error { _, err := w.fs.Stat(t, path); return err })
	case "open":
		w.call(t, "open", a.Name, func() error { return w.open(t, path, syscall.O_RDONLY) })
	case "creat":
		w.call(t, "creat", a.Name, func() error { return w.open(t, path, syscall.O_CREAT) })
	case "mkdir":
		w.call(t, "mkdir", a.Name, func() error { return w.fs.Mkdir(t, path, 0o755) })
	case "mknod":
		w.call(t, "mknod", a.Name, func() error { return w.fs.Mknod(t, path, vfs.TypeChar|0o600, devfs.Dev(1, 5)) })
	case "symlink":
		w.call(t, "symlink", a.Name, func() error { return w.fs.Symlink(t, "/p", path) })
	case "unlink":
		w.call(t, "unlink", a.Name, func() error { return w.fs.Unlink(t, path) })
	case "rmdir":
		w.call(t, "rmdir", a.Name, func() error { return w.fs.Rmdir(t, path) })
	case "mv":
		w.call(t, "mv", a.Name, func() error { return w.fs.Rename(t, path, "/"+a.To) }, a.To)
	case "reg":
		w.register(t, a.Name)
	case "unreg":
		w.call(t, "unregister", a.Name, func() error { return w.fs.Remove(a.Name) })
	}
}

func (w *world) register(t *sched.Task, name string) {
	w.call(t, "register", name, func() error { return w.fs.MkCdev(name, 0o666, devfs.Dev(1, 4)) })
}

func (w *world) open(t *sched.Task, path string, flags int) error {
	f, err := w.fs.Open(t, path, flags, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// call makes a call about a name, and has its answer checked.
func (w *world) call(t *sched.Task, op, name string, f func() error, others ...string) {
	var about []string
	for _, n := range append(slices.Clone(others), name) {
		if dir, _, ok := strings.Cut(n, "/"); ok {
			about = append(about, dir)
		}
		if w.s.links() || n == "l" {
			about = append(about, "p") // where a link may lead
		}
	}
	about = append(about, name)
	a := w.m.Ask(t, op, about...)
	a.Aside(others...)
	err := f()
	if w.x.Replaying() {
		w.x.Logf("%s: %s", op, outcomeOf(err))
	}
	a.Is(err)
}

func outcomeOf(err error) string {
	if err == nil {
		return "success"
	}
	return err.Error()
}

// daemon starts the daemon, which owns the queue from the start.
func (w *world) daemon() {
	w.dt = sched.NewTask("devfsd", sched.TaskConfig{PID: daemonPID})
	if w.s.Daemon == NoDaemon {
		return
	}
	d := w.claim(w.dt)
	w.m.Task(w.dt, invariant.Daemon)
	t := w.dt
	if w.s.Daemon == KilledAtWill {
		ctx, kill := w.x.WithCancel(t.Context())
		t = t.WithContext(ctx)
		k := sched.NewTask("kill", sched.TaskConfig{PID: daemonPID + 1})
		w.m.Task(k, invariant.User)
		w.x.GoTask(k, func() { w.m.Run(k, kill) })
	}
	w.x.DaemonTask(w.dt, func() {
		w.m.Run(w.dt, func() {
			w.serve(t, d, w.handler(d))
			_ = d.Release() // as the end of any task does; it may have done so itself
		})
	})
}

func (w *world) claim(t *sched.Task) *devfs.Daemon {
	d, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
	if err != nil {
		w.x.Fatalf("claim: %v", err)
	}
	return d
}

// serve is the daemon's loop. Handle reports false when the daemon is to end.
func (w *world) serve(t *sched.Task, d *devfs.Daemon, handle func(devfs.Event) bool) {
	for {
		ev, err := d.Read(t)
		if err != nil {
			return
		}
		if w.x.Replaying() {
			w.x.Logf("read %v", ev)
		}
		w.m.Delivered(t, ev)
		if !handle(ev) {
			return
		}
	}
}

// handler returns what the daemon does with an event.
func (w *world) handler(d *devfs.Daemon) func(devfs.Event) bool {
	t := w.dt
	switch w.s.Daemon {
	case Registers:
		return func(ev devfs.Event) bool {
			w.known(ev.Name)
			w.register(t, ev.Name)
			return true
		}
	case Aliases:
		return func(ev devfs.Event) bool {
			w.known(ev.Name)
			w.call(t, "symlink", ev.Name, func() error { return w.fs.Symlink(t, "/p", "/"+ev.Name) })
			return true
		}
	case LooksUp:
		return func(devfs.Event) bool {
			w.call(t, "stat", "x", func() error { _, err := w.fs.Stat(t, "/x"); return err })
			return true
		}
	case Executes:
		return func(devfs.Event) bool { w.execute(t); return true }
	case Renames:
		return func(ev devfs.Event) bool {
			w.known(ev.Name)
			w.call(t, "mv", ev.Name, func() error { return w.fs.Rename(t, "/"+ev.Name, "/x") })
			return true
		}
	case Dies:
		return func(devfs.Event) bool { return false }
	case Replaced:
		return func(devfs.Event) bool {
			_ = d.Release()
			w.successor()
			return false
		}
	}
	return func(devfs.Event) bool { return true }
}

// known makes sure that a name can be asked about.
func (w *world) known(name string) { w.m.Name(name) }

// execute has a helper look a name up, and waits for it, as devfsd does when a
// rule says EXECUTE.
func (w *world) execute(t *sched.Task) {
	h := sched.NewTask("h.stat(x)", sched.TaskConfig{PID: helperPID, Parent: t, Group: helperPID})
	var exited waitq.Completion
	exited.Init(w.m, "exit of the helper")
	exited.SetWaker(h)
	w.m.Task(h, invariant.Helper)
	w.x.GoTask(h, func() {
		w.m.Run(h, func() {
			defer exited.Complete()
			w.call(h, "stat", "x", func() error { _, err := w.fs.Stat(h, "/x"); return err })
		})
	})
	t.At(&wait4)
	t.Must(exited.Wait(t.Uninterruptible()))
}

// successor starts another daemon, which takes the queue.
func (w *world) successor() {
	t := sched.NewTask("devfsd2", sched.TaskConfig{PID: daemonPID + 1})
	w.m.Task(t, invariant.Daemon)
	w.x.DaemonTask(t, func() {
		w.m.Run(t, func() {
			d, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
			if err != nil {
				return
			}
			w.serve(t, d, func(devfs.Event) bool { return true })
		})
	})
}

// stray starts a task that wakes everybody who sleeps, once, for no reason.
func (w *world) stray() {
	t := sched.NewTask("stray", sched.TaskConfig{PID: actorPID + maxActs})
	w.m.Task(t, invariant.Stray)
	w.x.GoTask(t, func() {
		w.m.Run(t, func() {
			w.fs.StrayWake()
			var all []*vfs.Dentry
			w.fs.PeekDentries(func(d *vfs.Dentry) { all = append(all, d) })
			for _, d := range all {
				lookup.Stray(d)
			}
		})
	})
}
