package devfs

import (
	"fmt"
	"syscall"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// A desk is the event queue as a coupled generation uses it: who owns it, what
// is queued, what has been read and not been handled, and which names are in
// flight change together, in the section of the queue. So an event never
// reaches an owner that it was not meant for, and a flight never misses its
// end.
type desk struct {
	fs    *FS
	q     *devfsd
	board *lookup.Board

	// Guarded by the section. The owner, its group, file and mask are in q.
	unhandled []*event // lookups that the owner has read and not handled yet
}

func newDesk(fs *FS) *desk {
	q := &fs.devfsd
	return &desk{fs: fs, q: q, board: lookup.NewBoard(&q.queue.sec, fs.provider, &fs.live)}
}

// A seat is the owner as a class test sees it, taken in one step.
type seat struct {
	task  *sched.Task
	group int
}

func (s seat) Task() *sched.Task { return s.task }
func (s seat) Group() int        { return s.group }

// seat returns the owner. The section is entered.
func (k *desk) seat() seat { return seat{k.q.task.Peek(), int(k.q.group.Peek())} }

// wants reports whether the owner wants to hear of what t looks up. The section
// is entered.
func (k *desk) wants(t *sched.Task) bool {
	return Mask(k.q.mask.Peek())&Lookup.Mask() != 0 && !k.fs.gen.Class(k.seat(), t)
}

// class reports whether t is of the daemon's class.
func (k *desk) class(t *sched.Task) bool {
	sec := &k.q.queue.sec
	sec.Enter(sched.Load)
	s := k.seat()
	sec.Leave(int64(s.group))
	return k.fs.gen.Class(s, t)
}

// setMask is SetMask.
func (k *desk) setMask(d *Daemon, t *sched.Task, mask Mask) error {
	q := k.q
	q.queue.sec.Enter(sched.Update)
	owner := q.task.Peek()
	if owner == nil {
		q.task.Store(t)
		group := 0
		if t.Leader() {
			group = t.Group()
		}
		q.group.Store(int64(group))
		q.file.Store(d)
		q.overrun.Store(0)
	}
	ok := owner == nil || t.Is(owner)
	if ok {
		q.mask.Store(int64(mask))
	}
	q.queue.sec.Leave(int64(mask))
	if !ok {
		return controlErr("claim", syscall.EBUSY)
	}
	if owner == nil {
		d.by.Store(t)
	}
	return nil
}

// post is [FS.post].
func (k *desk) post(t *sched.Task, ev *event, dir *entry) bool {
	q := k.q
	at(t, &N1)
	q.queue.sec.Enter(sched.Load)
	want := Mask(q.mask.Peek())&ev.Type.Mask() != 0
	q.queue.sec.Leave(int64(ev.Type))
	if !want {
		return false
	}
	at(t, &N2)
	if !k.fs.alloc(t, "event") {
		k.lost()
		return false
	}
	at(t, &N3)
	if ev.entry != nil {
		ev.entry.get()
	}
	ev.climb(dir)
	at(t, &N4)
	q.queue.sec.Enter(sched.Update)
	// The owner may be another one by now, or gone.
	want = Mask(q.mask.Peek())&ev.Type.Mask() != 0 && k.append(ev)
	q.queue.sec.Leave(int64(len(q.queue.list)))
	if !want {
		ev.put()
		return false
	}
	at(t, &N5)
	q.wait.WakeAll()
	return true
}

// climb takes a reference on dir and on each directory above.
func (ev *event) climb(dir *entry) {
	for ; dir != nil; dir = dir.parent {
		dir.get()
		ev.above = append(ev.above, dir)
	}
}

// append queues ev, or counts it as lost. The section is entered.
func (k *desk) append(ev *event) bool {
	q := k.q
	if len(q.queue.list) >= k.fs.config.MaxEvents {
		q.overrun.Add(1)
		return false
	}
	q.queue.list = append(q.queue.list, ev)
	return true
}

// lost counts an event that could not be made.
func (k *desk) lost() {
	q := k.q
	q.queue.sec.Enter(sched.Update)
	q.overrun.Add(1)
	q.queue.sec.Leave(1)
}

// ask returns the flight of a name with a reference for t; see [lookup.Desk].
// The lock of the directory's list is held.
func (k *desk) ask(c *vfs.Call, at dir, name string) (f *lookup.Flight, first bool, err error) {
	t, sec := c.Task(), &k.q.queue.sec
	if at.closed {
		return nil, false, nil
	}
	sec.Enter(sched.Load)
	owner := k.q.task.Peek()
	want := k.wants(t)
	if want {
		f = k.board.Join(at, name, t)
	}
	sec.Leave(int64(len(name)))
	if f != nil || !want {
		return f, false, nil
	}
	if !k.fs.alloc(t, "record") {
		return nil, false, syscall.ENOMEM
	}
	if !k.fs.alloc(t, "event") {
		k.lost()
		return nil, false, nil
	}
	cred := t.Cred()
	f = k.board.Make(at, name, k.fs.config.LookupTimeout, t, owner)
	ev := &event{Event: Event{Type: Lookup, UID: cred.UID, GID: cred.GID}, flight: f, dir: at.e, by: t}
	ev.climb(at.e)
	// Nobody else can have made a flight of this name: we have i_sem.
	sec.Enter(sched.Update)
	want = k.wants(t) && k.append(ev)
	if want {
		k.board.Put(f, t)
	}
	sec.Leave(int64(len(k.q.queue.list)))
	if !want {
		ev.put()
		f.Drop(t)
		return nil, false, nil
	}
	return f, true, nil
}

// read is Read. It sleeps in a loop: what is in the queue counts, not the wake.
func (k *desk) read(t *sched.Task) (Event, error) {
	wait := k.q.wait
	t.At(&D0)
	got := k.take(t, true)
	for _, l := range got.handled {
		l.end(lookup.Handled, t)
	}
	if got.empty() {
		var w waitq.Waiter
		for {
			t.At(&D1)
			wait.Prepare(&w, false)
			t.At(&D2)
			if got = k.take(t, false); !got.empty() {
				break
			}
			t.At(&D3)
			if err := w.Park(t.Context()); err != nil {
				wait.Finish(&w)
				k.q.sleeping.Store(0)
				return Event{}, controlErr("read", &interrupted{err})
			}
		}
		t.At(&D7)
		wait.Finish(&w)
	}
	t.At(&D8)
	if !got.mine {
		return Event{}, controlErr("read", syscall.EPERM)
	}
	ev := got.ev
	e := ev.Event
	e.Overrun = got.overrun
	t.At(&D9)
	e.Name = ev.name(t)
	if ev.flight != nil {
		e.receipt = &receipt{k, ev}
	}
	t.At(&D11)
	ev.put()
	if len(e.Name) >= maxEventName {
		return Event{}, controlErr("read", vfs.Badf(syscall.ENAMETOOLONG, "%v of %d bytes: at most %d fit into an event", e.Type, len(e.Name), maxEventName-1))
	}
	return e, nil
}

// taken is what a read has found.
type taken struct {
	mine    bool // the queue is the reader's
	ev      *event
	overrun uint32
	handled []landing // what it had read before
}

// empty reports whether the reader has to wait.
func (x *taken) empty() bool { return x.mine && x.ev == nil }

// take takes the event at the head of the queue. With first, what t had read
// before is handled.
func (k *desk) take(t *sched.Task, first bool) (got taken) {
	q := k.q
	q.queue.sec.Enter(sched.Update)
	defer func() { q.queue.sec.Leave(int64(len(q.queue.list))) }()
	if got.mine = t.Is(q.task.Peek()); !got.mine {
		return got
	}
	if first {
		keep := k.unhandled[:0]
		for _, ev := range k.unhandled {
			if ev.held {
				keep = append(keep, ev)
			} else {
				got.handled = append(got.handled, k.land(ev))
			}
		}
		clear(k.unhandled[len(keep):])
		k.unhandled = keep
	}
	list := q.queue.list
	if len(list) == 0 {
		q.sleeping.Store(1)
		return got
	}
	q.sleeping.Store(0)
	got.ev, list[0] = list[0], nil
	if q.queue.list = list[1:]; len(list) == 1 {
		q.queue.list = nil
	}
	got.overrun = uint32(q.overrun.Peek())
	q.overrun.Store(0)
	if got.ev.flight != nil {
		k.unhandled = append(k.unhandled, got.ev)
	}
	return got
}

// A landing is a flight whose event is done with.
type landing struct {
	flight *lookup.Flight
	settle bool // nobody has ended it before
}

// land takes the flight of ev off the board. The section is entered; the caller
// calls end when it has left it.
func (k *desk) land(ev *event) landing { return landing{ev.flight, k.board.Take(ev.flight)} }

// end ends the flight, if nobody did before, and drops its event's reference:
// in this order, or its queue would go while it is woken.
func (l landing) end(e lookup.End, by *sched.Task) {
	if l.settle {
		l.flight.Settle(e, by)
	}
	l.flight.Drop(by)
}

// appeared ends the flight of a name that was registered.
func (k *desk) appeared(at *entry, name string) {
	sec := &k.q.queue.sec
	sec.Enter(sched.Load)
	f := k.board.Join(dir{at.dir, at}, name, nil)
	sec.Leave(int64(len(name)))
	if f == nil {
		return
	}
	sec.Enter(sched.Update)
	settle := k.board.Take(f)
	sec.Leave(int64(len(name)))
	landing{f, settle}.end(lookup.Appeared, nil)
}

// close is the last close of the control node. What is queued and what is in
// flight ends with its owner.
func (k *desk) close(d *Daemon, t *sched.Task) bool {
	q := k.q
	at(t, &C0)
	q.queue.sec.Enter(sched.Update)
	mine := q.file.Peek() == d
	var queued []*event
	var gone []landing
	if mine {
		q.mask.Store(0)
		q.file.Store(nil)
		q.group.Store(0)
		q.task.Store(nil)
		q.sleeping.Store(0)
		queued, q.queue.list = q.queue.list, nil
		for _, ev := range k.unhandled {
			gone = append(gone, k.land(ev))
		}
		k.unhandled = nil
		for _, ev := range queued {
			if ev.flight != nil {
				gone = append(gone, k.land(ev))
			}
		}
	}
	q.queue.sec.Leave(int64(len(queued)))
	if !mine {
		return false
	}
	at(t, &C5)
	for _, l := range gone {
		l.end(lookup.Gone, t)
	}
	q.wait.WakeAll() // a read of this owner
	at(t, &C6)
	for _, ev := range queued {
		ev.put()
	}
	return true
}

// A receipt is what the reader of a lookup ends it with.
type receipt struct {
	desk *desk
	ev   *event
}

// Hold says that the event is not handled when its reader reads the next one,
// but when Done is called: for a daemon that hands events to handlers and reads
// on. It must come before the next Read. Only lookups are waited for; of other
// events, and of those that New was told a historical generation for, Hold and
// Done do nothing.
func (e Event) Hold() {
	if r := e.receipt; r != nil {
		sec := &r.desk.q.queue.sec
		sec.Enter(sched.Update)
		r.ev.held = true
		sec.Leave(1)
	}
}

// Done says that the event has been handled: whoever waits for it looks again.
// Without it an event is handled when its reader calls [Daemon.Read] the next
// time. Only the first Done counts. What the handler did before happens before
// the return of the waits.
func (e Event) Done() {
	r := e.receipt
	if r == nil {
		return
	}
	k := r.desk
	sec := &k.q.queue.sec
	sec.Enter(sched.Update)
	var l landing
	for i, ev := range k.unhandled {
		if ev == r.ev {
			l = k.land(ev)
			copy(k.unhandled[i:], k.unhandled[i+1:])
			k.unhandled[len(k.unhandled)-1] = nil
			k.unhandled = k.unhandled[:len(k.unhandled)-1]
			break
		}
	}
	sec.Leave(1)
	if l.flight != nil {
		l.end(lookup.Handled, nil)
	}
}

// join returns the path of a name in a directory.
func join(at *entry, name string) string {
	if at.root {
		return name
	}
	return fmt.Sprintf("%s/%s", at.path(), name)
}
