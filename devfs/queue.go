package devfs

import (
	"sync/atomic"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

// devfsd is the kernel's side of the daemon (struct fs_info).
type devfsd struct {
	fs *FS

	// Who owns the queue, and what it wants. Read without a lock.
	task     sched.Pointer[sched.Task]
	file     sched.Pointer[Daemon]
	group    sched.Int64
	mask     sched.Int64
	overrun  sched.Int64
	sleeping sched.Int64 // 1 while the owner sleeps in read

	queue events
	wait  *waitq.Queue // where the daemon sleeps (devfsd_wait_queue)
	idle  *waitq.Queue // where others sleep until it is idle (revalidate_wait_queue)

	desk *desk // of a coupled generation

	reading atomic.Int64 // events read and not put yet, for checks
}

func (q *devfsd) init(fs *FS) {
	q.fs = fs
	s := fs.sched
	if fs.gen.Coupled {
		q.desk = newDesk(fs)
	}
	if s != nil && !fs.gen.Coupled {
		q.task.Init(s, sched.Spec{Name: "devfsd.task"})
		q.file.Init(s, sched.Spec{Name: "devfsd.file"})
		q.group.Init(s, sched.Spec{Name: "devfsd.group"})
		q.mask.Init(s, sched.Spec{Name: "devfsd.mask"})
		q.overrun.Init(s, sched.Spec{Name: "devfsd.overrun"})
		q.sleeping.Init(s, sched.Spec{Name: "devfsd.sleeping"})
	}
	q.queue.sec.Init(s, sched.Spec{Name: "devfsd.queue"})
	q.wait = fs.provider.NewQueue("devfsd.wait")
	q.idle = fs.provider.NewQueue("devfsd.idle")
}

// Task returns the owner, for a class test.
func (q *devfsd) Task() *sched.Task { return q.task.Load() }

// Group returns the owner's group if it leads one, for a class test.
func (q *devfsd) Group() int { return int(q.group.Load()) }

// An event is queued for the daemon. It has a reference on its entry, if there
// is one, and on each directory above.
type event struct {
	Event
	entry  *entry         // nil: a lookup
	flight *lookup.Flight // of a lookup in flight
	dir    *entry         // of a flight
	by     *sched.Task    // who made the flight
	held   bool           // of a flight that was read: it ends with Done only
	place  *placeholder   // of a lookup
	above  []*entry
}

// put drops the event's references.
func (ev *event) put() {
	if ev.entry != nil {
		ev.entry.Put()
	}
	for _, e := range ev.above {
		e.Put()
	}
}

// events is the queue. Each operation is one step (devfsd_buffer_lock).
type events struct {
	sec  sched.Section
	list []*event
}

// add appends ev unless there are max already, and reports whether it did.
func (q *events) add(ev *event, max int) bool {
	q.sec.Enter(sched.Update)
	ok := len(q.list) < max
	if ok {
		q.list = append(q.list, ev)
	}
	q.sec.Leave(int64(len(q.list)))
	return ok
}

// head returns the first event, or nil.
func (q *events) head() *event {
	q.sec.Enter(sched.Load)
	var ev *event
	if len(q.list) > 0 {
		ev = q.list[0]
	}
	q.sec.Leave(int64(len(q.list)))
	return ev
}

// empty reports whether there is none.
func (q *events) empty() bool { return q.head() == nil }

// pop removes ev from the head, and reports false if it is not there.
func (q *events) pop(ev *event) bool {
	q.sec.Enter(sched.Update)
	ok := len(q.list) > 0 && q.list[0] == ev
	if ok {
		q.list[0] = nil
		if q.list = q.list[1:]; len(q.list) == 0 {
			q.list = nil
		}
	}
	q.sec.Leave(int64(len(q.list)))
	return ok
}

// take removes and returns all.
func (q *events) take() []*event {
	q.sec.Enter(sched.Update)
	all := q.list
	q.list = nil
	q.sec.Leave(int64(len(all)))
	return all
}

// peek returns all without a step.
func (q *events) peek() (all []*event) {
	q.sec.Peek(func() { all = append(all, q.list...) })
	return all
}
