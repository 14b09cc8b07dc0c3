package refcount

import (
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Pool keeps structs for reuse, and finds pointers that outlive a use. Get
// hands out a [Handle], good for this use only; a touch through it after Put
// is reported, also when the memory has long been given to somebody else, who
// then shares it with the stale pointer, as in a slab cache.
//
// Make a Pool with NewPool. All methods may be called concurrently. Put of a
// struct happens before the Get that reuses it. Contents are kept: with no
// init function, a reused struct is as its last user left it.
type Pool[T any] struct {
	self *Pool[T] // finds copies
	s    sched.Scheduler
	name string
	init func(*T)

	// Which struct is reused must not depend on the garbage collector where
	// a scheduler watches: there the free ones are a stack.
	mu    sched.Mutex
	stack []*slot[T]
	free  sync.Pool
}

// slot is the memory of one struct. Gen grows by one with each Put.
type slot[T any] struct {
	v   T
	gen atomic.Uint64
}

// A Handle is one use of a struct of a [Pool]. It may be copied and compared,
// and used concurrently. The zero Handle is nothing, and its Value is nil.
type Handle[T any] struct {
	slot *slot[T]
	gen  uint64
	pool *Pool[T]
	life *life // nil: nobody checks places
}

var _ Life[int] = Handle[int]{}

// NewPool makes an empty pool. S may be nil; the name is for reports. Init, if
// not nil, is called by each Get with the struct that it hands out.
func NewPool[T any](s sched.Scheduler, name string, init func(*T)) *Pool[T] {
	p := &Pool[T]{s: s, name: name, init: init}
	p.self = p
	p.mu.Init(s, sched.Spec{Name: name, Inner: true})
	return p
}

// Get hands out a struct for one use.
func (p *Pool[T]) Get(by ...*sched.Task) Handle[T] {
	if p.self != p {
		panic(&CopiedError{Type: "Pool", Name: p.name})
	}
	x := p.take()
	if x == nil {
		x = new(slot[T])
	}
	h := Handle[T]{slot: x, gen: x.gen.Load(), pool: p, life: newLife(p.s, "pooled", p.name, taskOf(by))}
	if p.init != nil {
		p.init(&x.v)
	}
	return h
}

// Put ends the use of the struct and keeps it for another. A second Put is
// reported as a use after the end, and keeps nothing.
func (p *Pool[T]) Put(h Handle[T], by ...*sched.Task) {
	if h.slot == nil || h.pool != p {
		panic("refcount: Put of a handle of another pool")
	}
	if h.life != nil {
		h.life.end("put", taskOf(by))
	}
	if !h.slot.gen.CompareAndSwap(h.gen, h.gen+1) {
		if h.life == nil {
			h.fault("put", taskOf(by))
		}
		return
	}
	p.keep(h.slot)
}

func (p *Pool[T]) take() *slot[T] {
	if p.s == nil {
		x, _ := p.free.Get().(*slot[T])
		return x
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.stack)
	if n == 0 {
		return nil
	}
	x := p.stack[n-1]
	p.stack[n-1] = nil
	p.stack = p.stack[:n-1]
	return x
}

func (p *Pool[T]) keep(x *slot[T]) {
	if p.s == nil {
		p.free.Put(x)
		return
	}
	p.mu.Lock()
	p.stack = append(p.stack, x)
	p.mu.Unlock()
}

// Value returns the struct. A use after Put is reported. See [Life].
func (h Handle[T]) Value(by ...*sched.Task) *T {
	if h.slot == nil {
		return nil
	}
	if h.life != nil {
		h.life.touch(by)
	} else if !h.Alive() {
		h.fault("touched", taskOf(by))
	}
	return &h.slot.v
}

// fault reports a use after the end where nobody noted the places.
func (h Handle[T]) fault(verb string, t *sched.Task) {
	report(h.pool.s, "life "+h.pool.name, &UseAfterEnd{
		Kind: "pooled", Name: h.pool.name, Verb: verb, Touched: here(t),
	})
}

// Alive reports whether this use has not ended. See [Life].
func (h Handle[T]) Alive() bool { return h.slot != nil && h.slot.gen.Load() == h.gen }

// Object returns the life of this use as an object of its scheduler. See
// [Life].
func (h Handle[T]) Object() *sched.Object { return h.life.object() }
