package lookup_test

import (
	"sync"
	"testing"
	"testing/synctest"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
)

// A world is a file system with a daemon and tasks that gates hold at labelled
// steps. It lives in a synctest bubble: settle waits until nobody can go on.
type world struct {
	sched.Goroutines
	t  *testing.T
	fs *devfs.FS

	mu     sync.Mutex
	faults []error
	gates  map[string]chan struct{} // "task step"
	seen   map[string]int
	tasks  map[string]*actor
}

type actor struct {
	*sched.Task
	done bool
	err  error
}

func newWorld(t *testing.T, g *lookup.Generation) *world {
	w := &world{t: t, gates: map[string]chan struct{}{}, seen: map[string]int{}, tasks: map[string]*actor{}}
	w.fs = devfs.New(devfs.Config{Provider: floodgate.Ours(w), Lookup: g})
	return w
}

// The world is a scheduler of goroutines that checks lives and takes reports.

func (w *world) Object(spec sched.Spec) *sched.Object {
	if spec.Kind != sched.KindLife {
		return nil
	}
	return &sched.Object{Spec: spec, Sched: w}
}

func (w *world) Report(fault error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fault)
}

func (w *world) trace(t *sched.Task, l *sched.Label) {
	key := t.Name() + " " + l.ID
	w.mu.Lock()
	w.seen[key]++
	gate := w.gates[key]
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// hold makes the task stop before the step, until open.
func (w *world) hold(task string, l *sched.Label) {
	w.mu.Lock()
	w.gates[task+" "+l.ID] = make(chan struct{})
	w.mu.Unlock()
}

func (w *world) open(task string, l *sched.Label) {
	w.mu.Lock()
	key := task + " " + l.ID
	gate := w.gates[key]
	delete(w.gates, key)
	w.mu.Unlock()
	close(gate)
	synctest.Wait()
}

// task makes a task without starting it.
func (w *world) task(name string, c sched.TaskConfig) *actor {
	c.Trace = w.trace
	a := &actor{Task: sched.NewTask(name, c)}
	w.tasks[name] = a
	return a
}

// run starts f as a task and waits until nobody can go on.
func (w *world) run(name string, f func(t *sched.Task) error) *actor {
	a := w.tasks[name]
	if a == nil {
		a = w.task(name, sched.TaskConfig{})
	}
	sched.Go(w, a.Task, func() {
		defer func() { a.done = true }()
		a.err = f(a.Task)
	})
	synctest.Wait()
	return a
}

// daemon starts a daemon that wants lookups and handles each event.
func (w *world) daemon(handle func(t *sched.Task, ev devfs.Event)) *actor {
	return w.run("devfsd", func(t *sched.Task) error {
		d, err := w.fs.Claim(t, devfs.Events(devfs.Lookup))
		if err != nil {
			return err
		}
		defer d.Release()
		for {
			ev, err := d.Read(t)
			if err != nil {
				return nil
			}
			if handle != nil {
				handle(t, ev)
			}
		}
	})
}

// at fails the test unless the task stands before the step.
func (w *world) at(name string, l *sched.Label) {
	w.t.Helper()
	a := w.tasks[name]
	if a.done || a.Label() != l {
		w.t.Fatalf("%s: done %v (%v), at %v; want it at %v", name, a.done, a.err, a.Label(), l)
	}
}

// held reports whether the task stands at a gate before the step.
func (w *world) held(task string, l *sched.Label) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gates[task+" "+l.ID] != nil && w.tasks[task].Label() == l && !w.tasks[task].done
}

// end kills everybody and waits until they are gone.
func (w *world) end() {
	for _, a := range w.tasks {
		a.Kill(nil)
	}
	w.mu.Lock()
	for key, gate := range w.gates {
		delete(w.gates, key)
		close(gate)
	}
	w.mu.Unlock()
	synctest.Wait()
	for name, a := range w.tasks {
		if !a.done {
			w.t.Errorf("%s survives its end at %v", name, a.Label())
		}
	}
}

// clean fails the test unless all tasks are done and nothing is left.
func (w *world) clean() {
	w.t.Helper()
	for name, a := range w.tasks {
		if !a.done && name != "devfsd" {
			w.t.Errorf("%s is stuck at %v", name, a.Label())
		}
	}
	for _, err := range w.faults {
		w.t.Errorf("fault: %v", err)
	}
	if err := w.fs.Census().Check(); err != nil {
		w.t.Errorf("%v\n%+v", err, w.fs.Census())
	}
}

func each(t *testing.T, f func(t *testing.T, g *lookup.Generation)) {
	for _, g := range lookup.All() {
		if g == &lookup.Ours {
			continue // it has no such steps: see ours_test.go
		}
		t.Run(g.ID, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, g) }) })
	}
}

func stat(fs *devfs.FS, path string) func(*sched.Task) error {
	return func(t *sched.Task) error { _, err := fs.Stat(t, path); return err }
}

func unlink(fs *devfs.FS, path string) func(*sched.Task) error {
	return func(t *sched.Task) error { return fs.Unlink(t, path) }
}
