package devfs

import (
	"syscall"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// A placeholder stands for a name that is looked up, until there is an entry.
// It is in the looker's frame; a queued event points to it, and nothing but the
// wait for the daemon keeps it alive until that has read the event.
type placeholder struct {
	frame *refcount.Frame[*entry]
	fs    *FS
	dir   *entry
	leaf  string
	by    *vfs.Call
}

// End ends the frame.
func (p *placeholder) End() {
	p.frame.End(p.by.Task())
	p.fs.live.Frames.Add(-1)
}

// tryModload tells the daemon that a name is looked up, and returns an error if
// it can not be told (try_modload).
func (fs *FS) tryModload(c *vfs.Call, p *placeholder) error {
	t := c.Task()
	c.At(&M1)
	if Mask(fs.devfsd.mask.Load())&Lookup.Mask() == 0 {
		return syscall.ENOENT
	}
	c.At(&M2)
	if (env{fs}).DevfsdClass(c) {
		return syscall.ENOENT
	}
	c.At(&M4)
	cred := t.Cred()
	ev := &event{Event: Event{Type: Lookup, UID: cred.UID, GID: cred.GID}, place: p}
	if !fs.post(t, ev, p.dir) {
		return syscall.ENOENT
	}
	return nil
}

// waitForDevfsd sleeps until the daemon is idle (wait_for_devfsd_finished). It
// reports false if the task must not wait. It is no loop: one wake ends it.
func (fs *FS) waitForDevfsd(c *vfs.Call) bool {
	q := &fs.devfsd
	c.At(&W1)
	if q.task.Load() == nil {
		return true
	}
	c.At(&W2)
	if q.queue.empty() && q.sleeping.Load() != 0 {
		return true
	}
	c.At(&W3)
	if (env{fs}).DevfsdClass(c) {
		return false
	}
	c.At(&W5)
	w := waitq.Waiter{Sticky: true}
	q.idle.Prepare(&w, false)
	c.At(&W6)
	if (!q.queue.empty() || q.sleeping.Load() == 0) && q.task.Load() != nil {
		c.Sleep(&w)
	}
	c.At(&W7)
	q.idle.Remove(&w)
	return true
}

var _ lookup.Placeholder = (*placeholder)(nil)
