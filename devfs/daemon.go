package devfs

import (
	"fmt"
	"io/fs"
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Daemon is an open control node: the daemon's side of the file system. At
// most one task of one Daemon owns the event queue at a time. While a task owns
// it and wants them, names that are missing are asked for with Lookup events,
// and whoever looks one up waits until that event has been handled: until the
// task that has read it reads again, or calls [Event.Done]. In the historical
// generations whoever looks up a name that is not cached waits until the owner
// sleeps in [Daemon.Read] with an empty queue.
//
// Make one with [FS.Claim]. Its methods may be called concurrently.
type Daemon struct {
	fs *FS
	by sched.Pointer[sched.Task] // who claimed last, for Release
}

// Claim opens the control node and makes t the owner of the event queue
// (DEVFSDIOC_SET_EVENT_MASK on a fresh open of .devfsd). Events of the types in
// mask are queued from now on. If t leads its process group, the group is of
// the daemon's class. EBUSY: somebody owns it; EINVAL: nil task, or a mask with
// types that there are not.
func (fs *FS) Claim(t *sched.Task, mask Mask) (*Daemon, error) {
	d := &Daemon{fs: fs}
	if err := d.SetMask(t, mask); err != nil {
		return nil, err
	}
	return d, nil
}

// SetMask changes the types of events that are queued
// (DEVFSDIOC_SET_EVENT_MASK). If nobody owns the queue, t becomes the owner: so
// a child of a former owner takes it over after a [Daemon.Release]. See
// [FS.Claim].
func (d *Daemon) SetMask(t *sched.Task, mask Mask) error {
	q := &d.fs.devfsd
	switch {
	case t == nil:
		return controlErr("claim", vfs.Badf(syscall.EINVAL, "nil task: the owner must be somebody, see sched.NewTask"))
	case mask&^AllEvents != 0:
		return controlErr("claim", vfs.Badf(syscall.EINVAL, "mask %#x: types are in %#x", uint32(mask), uint32(AllEvents)))
	}
	if q.desk != nil {
		return q.desk.setMask(d, t, mask)
	}
	if !t.Is(q.task.Load()) {
		if !q.task.CompareAndSwap(nil, t) {
			return controlErr("claim", syscall.EBUSY)
		}
		group := 0
		if t.Leader() {
			group = t.Group()
		}
		q.group.Store(int64(group))
		q.idle.SetWaker(t)
		q.file.Store(d)
		d.by.Store(t)
		// What was lost before is not this owner's loss. The kernel went
		// on counting.
		q.overrun.Store(0)
	}
	q.mask.Store(int64(mask))
	return nil
}

// Read returns the next event, and sleeps until there is one. The sleep ends
// with an error that matches EINTR and ctx.Err() when t's [sched.Task.Context]
// ends. EPERM: t does not own the queue, or has lost it while it slept.
//
// An event stays queued until it has been read whole. One whose path does not
// fit into the 1024 bytes of the protocol is dropped with ENAMETOOLONG; the
// kernel left it at the head for ever.
func (d *Daemon) Read(t *sched.Task) (Event, error) {
	if t == nil {
		return Event{}, controlErr("read", vfs.Badf(syscall.EINVAL, "nil task: the owner must be somebody, see sched.NewTask"))
	}
	q := &d.fs.devfsd
	if q.desk != nil {
		return q.desk.read(t)
	}
	q.reading.Store(0)
	t.At(&D0)
	if !t.Is(q.task.Load()) {
		return Event{}, controlErr("read", syscall.EPERM)
	}
	t.At(&D1)
	w := waitq.Waiter{Sticky: true}
	q.wait.Prepare(&w, false)
	for {
		t.At(&D2)
		if !q.queue.empty() {
			break
		}
		t.At(&D3)
		q.sleeping.Store(1)
		t.At(&D4)
		q.idle.WakeAll()
		t.At(&D5)
		err := w.Park(t.Context())
		t.At(&D6)
		q.sleeping.Store(0)
		if err != nil {
			q.wait.Remove(&w)
			return Event{}, controlErr("read", &interrupted{err})
		}
		if !t.Is(q.task.Peek()) {
			// A release by somebody else ends the sleep; in the
			// kernel it went on for ever.
			q.wait.Remove(&w)
			return Event{}, controlErr("read", syscall.EPERM)
		}
	}
	t.At(&D7)
	q.wait.Remove(&w)
	return q.next(t)
}

// next takes the event at the head of the queue.
func (q *devfsd) next(t *sched.Task) (Event, error) {
	t.At(&D8)
	overrun := q.overrun.Load()
	t.At(&D9)
	ev := q.queue.head()
	if ev == nil {
		return Event{}, controlErr("read", syscall.EPERM) // released meanwhile
	}
	e := ev.Event
	e.Overrun = uint32(overrun)
	e.Name = ev.name(t)
	q.reading.Store(1)
	t.At(&D11)
	if q.queue.pop(ev) {
		ev.put()
	}
	if overrun != 0 {
		q.overrun.Add(-overrun)
	}
	if len(e.Name) >= maxEventName {
		return Event{}, controlErr("read", vfs.Badf(syscall.ENAMETOOLONG, "%v of %d bytes: at most %d fit into an event", e.Type, len(e.Name), maxEventName-1))
	}
	return e, nil
}

// maxEventName is the size of the buffer for a path in an event, with its NUL.
const maxEventName = 1024

// name returns the path that the event is about, as it is now.
func (ev *event) name(t *sched.Task) string {
	switch {
	case ev.flight != nil:
		return join(ev.dir, ev.flight.Name())
	case ev.place == nil:
		return ev.entry.path()
	}
	e := *ev.place.frame.Value(t)
	if ev.place.dir.root {
		return e.name
	}
	return ev.place.dir.path() + "/" + e.name
}

// Release gives up the event queue (DEVFSDIOC_RELEASE_EVENT_QUEUE): queued
// events are dropped, and everybody who waits for the daemon goes on. EPERM:
// this Daemon does not own it. A daemon that ends must release: deferring it is
// what the kernel does for a task that dies.
func (d *Daemon) Release() error {
	if !d.close(d.by.Peek()) {
		return controlErr("release", syscall.EPERM)
	}
	return nil
}

// close makes the steps of the last close of the control node (devfsd_close),
// and reports false if d does not own the queue.
func (d *Daemon) close(t *sched.Task) bool {
	q := &d.fs.devfsd
	if q.desk != nil {
		return q.desk.close(d, t)
	}
	at(t, &C0)
	if q.file.Load() != d {
		return false
	}
	at(t, &C1)
	q.mask.Store(0)
	if !q.file.CompareAndSwap(d, nil) {
		return false // two releases at once
	}
	at(t, &C2)
	all := q.queue.take()
	at(t, &C3)
	q.group.Store(0)
	at(t, &C4)
	q.idle.SetWaker(nil)
	q.task.Store(nil)
	at(t, &C5)
	q.idle.WakeAll()
	q.wait.WakeAll()
	at(t, &C6)
	for _, ev := range all {
		ev.put() // the kernel forgot this
	}
	return true
}

// interrupted is the error of a read that was interrupted.
type interrupted struct{ cause error }

// Error tells of both.
func (e *interrupted) Error() string { return fmt.Sprintf("%v: %v", syscall.EINTR, e.cause) }

// Unwrap returns both.
func (e *interrupted) Unwrap() []error { return []error{syscall.EINTR, e.cause} }

func controlErr(op string, err error) error {
	return &fs.PathError{Op: op, Path: DaemonNode, Err: err}
}
