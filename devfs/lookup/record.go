package lookup

import (
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
	"github.com/floodgate-go/floodgate/waitq"
)

// info is what a record holds (struct devfs_lookup_struct): the entry that is
// to be bound, once there is one, and the queue of those who wait for that.
type info struct {
	de   *entryCell
	wait *waitq.Queue // of generations whose sleepers leave it
	head *head        // of those whose sleepers stay linked
}

// A record stands for a lookup in flight; d_fsdata points to it. It lives in
// the looker's frame, or on the heap with a count.
//
// The looker uses in, because its own frame, or its own reference, keeps the
// record alive. Everybody else reaches it through value.
type record struct {
	in    info
	frame *refcount.Frame[info]
	heap  *refcount.Shared[info]
	live  *atomic.Int64

	// For checkers.
	refs   atomic.Int64
	linked atomic.Int64
	name   string
	owner  *sched.Task
	links  []LinkPeek
	list   *Live // nil: no check knows the record
}

// newFrame makes a record that lives in the looker's frame. The looker calls
// end when it returns.
func (b *base) newFrame(c *vfs.Call, d *vfs.Dentry, de Entry) *record {
	return b.framed(c, d, b.newInfo(c, d, de, true))
}

// newHeadFrame is newFrame for a generation whose sleepers stay linked.
func (b *base) newHeadFrame(c *vfs.Call, d *vfs.Dentry, de Entry) *record {
	return b.framed(c, d, b.newInfo(c, d, de, false))
}

func (b *base) framed(c *vfs.Call, d *vfs.Dentry, in info) *record {
	rec := &record{in: in, live: &b.env.Live().Frames}
	rec.live.Add(1)
	rec.frame = refcount.NewFrame(b.env.Provider().Scheduler(), "lookup_info", rec.in, c.Task())
	return b.env.Live().know(c, d, rec, b.env.Provider().Scheduler())
}

// newHeap makes a record with one reference.
func (b *base) newHeap(c *vfs.Call, d *vfs.Dentry, de Entry) *record {
	rec := &record{in: b.newInfo(c, d, de, true), live: &b.env.Live().Records}
	rec.live.Add(1)
	rec.refs.Store(1)
	gone := func(*info) {
		rec.live.Add(-1)
		rec.forget()
	}
	rec.heap = refcount.NewShared(b.env.Provider().Scheduler(), "lookup_info", rec.in, gone, c.Task())
	return b.env.Live().know(c, d, rec, b.env.Provider().Scheduler())
}

// end ends the frame.
func (r *record) end(c *vfs.Call) {
	r.frame.End(c.Task())
	r.live.Add(-1)
	r.forget()
}

// get takes a reference.
func (r *record) get(c *vfs.Call) {
	r.heap.Get(c.Task())
	r.refs.Add(1)
}

// put drops a reference.
func (r *record) put(c *vfs.Call) {
	r.refs.Add(-1)
	r.heap.Put(c.Task())
}

// value follows the pointer of somebody who is not the looker.
func (r *record) value(c *vfs.Call) *info {
	if r.frame != nil {
		return r.frame.Value(c.Task())
	}
	return r.heap.Value(c.Task())
}

// load reads d_fsdata.
func load(d *vfs.Dentry) *record {
	rec, _ := d.FSData().(*record)
	return rec
}

func (b *base) newInfo(c *vfs.Call, d *vfs.Dentry, de Entry, queue bool) info {
	in := info{de: new(entryCell)}
	in.de.store(de)
	s, name := b.env.Provider().Scheduler(), ""
	if s != nil {
		name = "record.wait " + d.Name()
		in.de.p.Init(s, sched.Spec{Name: "record.de " + d.Name()})
	}
	if queue {
		in.wait = b.env.Provider().NewQueue(name)
		in.wait.SetWaker(c.Task())
	} else {
		in.head = newHead(s, name)
		sched.SetWaker(in.head.obj, c.Task())
	}
	return in
}

// entryCell is a pointer to an entry that is read and written without a lock.
type entryCell struct{ p sched.Pointer[Entry] }

func (x *entryCell) load() Entry { return entry(x.p.Load()) }

func (x *entryCell) store(e Entry) {
	if e == nil {
		x.p.Store(nil)
		return
	}
	x.p.Store(&e)
}

func entry(p *Entry) Entry {
	if p == nil {
		return nil
	}
	return *p
}

// Live counts what is alive, for leak checks.
type Live struct {
	Frames  atomic.Int64 // records and placeholders in lookers' frames
	Records atomic.Int64 // records on the heap

	mu    sync.Mutex
	known []*record // only under a scheduler
}

// A Record is what a checker sees of a lookup in flight.
type Record struct {
	ID      any   // tells records apart
	Alive   bool  // its frame has not ended, its count is not 0
	Counted bool  // it is on the heap
	Refs    int   // of a counted one
	Linked  int   // elements in its queue
	Entry   Entry // what is to be bound, nil if not known yet
}

// Inspect returns the record that d_fsdata of d points to, without a step, and
// false if there is none.
func Inspect(d *vfs.Dentry) (Record, bool) {
	r, ok := d.PeekFSData().(*record)
	if !ok {
		return Record{}, false
	}
	return r.snapshot(), true
}

func (r *record) snapshot() Record {
	return Record{ID: r, Alive: r.alive(), Counted: r.heap != nil, Refs: int(r.refs.Load()), Linked: int(r.linked.Load()),
		Entry: entry(r.in.de.p.Peek())}
}

func (r *record) alive() bool {
	if r.frame != nil {
		return r.frame.Alive()
	}
	return r.heap.Alive()
}

// Stray wakes whoever sleeps in the record of d, without a reason: something
// that Linux allows to happen to any sleep. It is for tests.
func Stray(d *vfs.Dentry) {
	switch r, _ := d.PeekFSData().(*record); {
	case r == nil:
	case r.in.head != nil:
		r.in.head.stray()
	default:
		r.in.wait.WakeAll()
	}
}
