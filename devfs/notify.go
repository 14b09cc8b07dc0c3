package devfs

import (
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// notify queues an event for the daemon if it wants this type, and reports
// whether it did (devfsd_notify_de). The caller has a reference on e and,
// through a dentry or a chain, on each directory above. Task may be nil.
func (fs *FS) notify(t *sched.Task, e *entry, typ EventType, mode vfs.Mode, uid, gid uint32) bool {
	return fs.post(t, &event{Event: Event{Type: typ, Mode: mode, UID: uid, GID: gid, Dev: e.dev}, entry: e}, e.parent)
}

// notifyBy is notify for what a task does to i, which is e's. The daemon and
// its class make no events.
func (fs *FS) notifyBy(c *vfs.Call, i *vfs.Inode, e *entry, typ EventType) {
	if env := (env{fs}); env.DevfsdClass(c) {
		return
	}
	a := i.Attr()
	fs.notify(c.Task(), e, typ, a.Mode, a.UID, a.GID)
}

// post is notify for any event. Dir is the directory that it happens in, nil
// for the root itself.
func (fs *FS) post(t *sched.Task, ev *event, dir *entry) bool {
	q := &fs.devfsd
	if q.desk != nil {
		return q.desk.post(t, ev, dir)
	}
	at(t, &N1)
	if Mask(q.mask.Load())&ev.Type.Mask() == 0 {
		return false
	}
	at(t, &N2)
	if !fs.alloc(t, "event") {
		q.overrun.Add(1)
		return false
	}
	at(t, &N3)
	if ev.entry != nil {
		ev.entry.get()
	}
	for ; dir != nil; dir = dir.parent {
		dir.get()
		ev.above = append(ev.above, dir)
	}
	at(t, &N4)
	if !q.queue.add(ev, fs.config.MaxEvents) {
		q.overrun.Add(1)
		ev.put()
		return false
	}
	at(t, &N5)
	q.wait.WakeAll()
	return true
}
