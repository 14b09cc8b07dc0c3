package lookup

import (
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// A head is a wait queue head as those generations use it whose sleepers do not
// take their elements off: each element is in its sleeper's frame, is linked
// when the frame ends, and is forgotten with the head. What then keeps a waker
// from touching the element of a frame that has ended is that each sleeper
// leaves only when woken by the one waker, and how that one walks.
type head struct {
	sec   sched.Section
	first *element
	s     sched.Scheduler
	obj   *sched.Object // what is slept on, for reports
}

// An element is one sleeper's (wait_queue_t).
type element struct {
	frame  *refcount.Frame[*element]
	parker sched.Parker
	next   *element
	rec    *record // for checks
}

func newHead(s sched.Scheduler, name string) *head {
	h := &head{s: s}
	if s != nil {
		h.sec.Init(s, sched.Spec{Name: name})
		h.obj = sched.Register(s, sched.Spec{Kind: sched.KindQueue, Name: name})
	}
	return h
}

// enqueue links a new element at the front (add_wait_queue).
func (h *head) enqueue(c *vfs.Call) *element {
	el := new(element)
	el.parker.Init(h.s, sched.Spec{Name: "record.sleep"})
	el.frame = refcount.NewFrame(h.s, "wait_queue_t", el, c.Task())
	h.sec.Enter(sched.Update)
	el.next = h.first
	h.first = el
	h.sec.Leave(1)
	return el
}

// sleep sleeps until the element is woken.
func (h *head) sleep(c *vfs.Call, el *element) {
	c.Task().Must(el.parker.Park(c.Task().Uninterruptible(), h.obj))
}

// leave is the return of the sleeper, whose frame ends. The element stays
// linked.
func (el *element) leave(c *vfs.Call) {
	el.frame.End(c.Task())
	el.rec.noteGone(c, true)
}

// wakeAll wakes everybody in the way of 2.5 (__wake_up_common): what an element
// says of itself and of the next is read before its owner is woken.
func (h *head) wakeAll(c *vfs.Call) {
	for el := h.load(); el != nil; {
		next := (*el.frame.Value(c.Task())).next
		el.parker.Unpark()
		el = next
	}
}

// wakeAll24 wakes everybody in the way of 2.4: the owner of an element is woken,
// then the element is asked for its flags and for the next.
func (h *head) wakeAll24(c *vfs.Call) {
	for el := h.load(); el != nil; {
		el.parker.Unpark()
		el = (*el.frame.Value(c.Task())).next
	}
}

func (h *head) load() *element {
	h.sec.Enter(sched.Load)
	el := h.first
	h.sec.Leave(1)
	return el
}

// stray wakes everybody for no reason.
func (h *head) stray() {
	for el := h.load(); el != nil; el = el.next {
		el.parker.Unpark()
	}
}
