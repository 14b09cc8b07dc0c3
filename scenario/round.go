package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// A round is one run of a workload: a file system of its own, a watch of its
// own, some tasks.
type round struct {
	w       *lockdep.Watch
	fs      *devfs.FS
	gated   bool
	stopped bool // the daemon begins with a pause

	mu    sync.Mutex
	wrong []string
}

// wrongf notes an answer that is wrong.
func (r *round) wrongf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// user starts a task that makes a call whose answer must be one of want; 0
// stands for success. In a gated round the users begin in turn, each when the
// one before has come to rest.
func (r *round) user(name string, turn int, call func(*sched.Task) error, want ...syscall.Errno) {
	t := sched.NewTask(name, sched.TaskConfig{Trace: r.sluggish()})
	r.w.Go(t, func() {
		if r.gated {
			r.w.Settle(t, turn)
		}
		r.answer(t, call(t), want)
	})
}

func (r *round) answer(t *sched.Task, err error, want []syscall.Errno) {
	got := syscall.Errno(0)
	if err != nil {
		got = vfs.Errno(err)
	}
	if !slices.Contains(want, got) {
		r.wrongf("%s: %v, want %v", t.Name(), err, want)
	}
}

var wait4 = sched.Label{ID: "wait4", Text: "wait for the helper to exit"}

// execute starts a helper of the daemon and waits for its end.
func (r *round) execute(d, helper *sched.Task, call func(*sched.Task) error, want ...syscall.Errno) {
	var exited waitq.Completion
	exited.Init(r.w, "exit of "+helper.Name())
	exited.SetWaker(helper)
	r.w.Go(helper, func() {
		defer exited.Complete()
		r.answer(helper, call(helper), want)
	})
	d.At(&wait4)
	d.Must(exited.Wait(d.Uninterruptible()))
}

// daemon starts the daemon, which owns the event queue when this returns, and
// handles each event with handle.
func (r *round) daemon(handle func(d *sched.Task, ev devfs.Event)) *sched.Task {
	t := sched.NewTask("devfsd", sched.TaskConfig{})
	dev, err := r.fs.Claim(t, devfs.AllEvents)
	if err != nil {
		r.wrongf("devfsd: %v", err)
		return t
	}
	r.w.Daemon(t, func() {
		defer func() {
			if err := dev.Release(); err != nil {
				r.wrongf("devfsd: %v", err)
			}
		}()
		if r.stopped {
			r.w.Settle(t, handled)
		}
		for {
			ev, err := dev.Read(t)
			switch {
			case errors.Is(err, context.Canceled):
				return
			case err != nil:
				r.wrongf("devfsd: %v", err)
				return
			case handle != nil:
				handle(t, ev)
			}
		}
	})
	return t
}

// slow is the handler of a daemon that takes longer than everybody else, as one
// that starts modprobe does.
func (r *round) slow(d *sched.Task, _ devfs.Event) {
	if r.gated {
		r.w.Settle(d, handled)
	}
}

// sluggish returns the trace of a task that is slow to wake up: after its sleep
// in a revalidate the others go first.
func (r *round) sluggish() func(*sched.Task, *sched.Label) {
	if !r.gated {
		return nil
	}
	slept := false
	return func(t *sched.Task, l *sched.Label) {
		switch {
		case l == &lookup.R13:
			slept = true
		case slept:
			slept = false
			r.w.Settle(t, wakes)
		}
	}
}

func (r *round) stat(path string) func(*sched.Task) error {
	return func(t *sched.Task) error {
		_, err := r.fs.Stat(t, path)
		return err
	}
}

func (r *round) unlink(path string) func(*sched.Task) error {
	return func(t *sched.Task) error { return r.fs.Unlink(t, path) }
}
