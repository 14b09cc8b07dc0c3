package explore

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A pool lets several tree searches share one tree. A worker that has nothing
// to do takes a branch from one that has: the decisions that lead there, and
// the one task to try at their end. From then on the nodes above belong to
// both, and each task to be tried at one of them is tried by whoever says so
// first. So no branch is searched twice and none is forgotten; what is lost is
// that a worker may not know that a task tried by another one can sleep.
type pool struct {
	hungry atomic.Int32 // workers that wait for a branch, less those on offer

	mu    sync.Mutex
	more  sync.Cond
	jobs  []*branch
	busy  int
	ended bool
}

// A branch is what one worker gives to another.
type branch struct {
	path  []node
	acc   []access
	sleep []sleeper
	rows  []int32
	width int
}

// A claim is what several workers know of one node.
type claim struct{ todo atomic.Uint64 }

func newPool(workers int) *pool {
	p := &pool{busy: workers}
	p.more.L = &p.mu
	return p
}

// wait returns a branch to search, or nil when there is nothing left.
func (p *pool) wait() *branch {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.hungry.Add(1)
	for len(p.jobs) == 0 && p.busy > 0 && !p.ended {
		p.more.Wait()
	}
	if len(p.jobs) == 0 || p.ended {
		p.ended = true
		p.more.Broadcast()
		return nil
	}
	b := p.jobs[len(p.jobs)-1]
	p.jobs = p.jobs[:len(p.jobs)-1]
	p.busy++
	return b
}

// stop ends all waits: this worker leaves before the tree is exhausted.
func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.more.Broadcast()
}

func (p *pool) offer(b *branch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs = append(p.jobs, b)
	p.hungry.Add(-1)
	p.more.Signal()
}

// known returns the tasks that somebody tries or has tried at n.
func (n *node) known() set {
	if n.claim != nil {
		return n.todo | set(n.claim.todo.Load())
	}
	return n.todo
}

// try plans to try the tasks of s at n, if nobody else does.
func (n *node) try(s set) {
	if n.claim != nil {
		s &^= set(n.claim.todo.Or(uint64(s)))
	}
	n.todo |= s
}

// give offers the topmost branch that is left to do, if somebody waits for one.
func (tr *tree) give() {
	if tr.pool.hungry.Load() <= 0 {
		return
	}
	for k := range tr.path {
		n := &tr.path[k]
		if n.choice {
			if n.value < n.last {
				b := tr.branch(k)
				m := &b.path[k]
				m.value, m.last = n.last, n.last
				n.last--
				tr.pool.offer(b)
				return
			}
			continue
		}
		left := n.todo &^ n.done &^ n.asleep &^ one(int(n.task))
		if left == 0 {
			continue
		}
		i := left.lowest()
		tr.own(k)
		n.todo &^= one(i)
		b := tr.branch(k)
		m := &b.path[k]
		if n.kind != newStep && tr.reduction != plain {
			// What is being tried here has been taken before, too.
			b.sleep = append(b.sleep, sleeper{n.task, n.acc0, n.acc1})
			m.sleep1 = int32(len(b.sleep))
			m.acc0 = m.acc1
		}
		m.done |= one(int(n.task))
		m.task, m.kind = int16(i), newStep
		m.todo = one(i) | m.done
		tr.pool.offer(b)
		return
	}
}

// own makes the nodes up to k common property.
func (tr *tree) own(k int) {
	for j := range k + 1 {
		if n := &tr.path[j]; n.claim == nil && !n.choice {
			n.claim = &claim{}
			n.claim.todo.Store(uint64(n.todo))
		}
	}
}

// branch copies the path up to node k. Nothing is left to do on it.
func (tr *tree) branch(k int) *branch {
	tr.own(k)
	n := &tr.path[k]
	b := &branch{
		path:  slices.Clone(tr.path[:k+1]),
		acc:   slices.Clone(tr.acc[:n.acc1]),
		sleep: slices.Clone(tr.sleep[:n.sleep1]),
		width: tr.hb.width,
	}
	if tr.reduction == source {
		b.rows = slices.Clone(tr.hb.rows[:k*tr.hb.width])
	}
	for j := range k {
		m := &b.path[j]
		m.todo = m.done | one(int(max(m.task, 0)))
		if m.choice {
			m.last = m.value
		}
	}
	return b
}

// adopt starts to search a branch.
func (tr *tree) adopt(b *branch) {
	tr.path = append(tr.path[:0], b.path...)
	tr.acc = append(tr.acc[:0], b.acc...)
	tr.sleep = append(tr.sleep[:0], b.sleep...)
	tr.hb.fit(b.width)
	for k := range len(b.rows) / max(b.width, 1) {
		tr.hb.grow(k)
		copy(tr.hb.row(int32(k)), b.rows[k*b.width:(k+1)*b.width])
	}
	tr.started = true
}

// next waits for a branch to search, and reports whether there is one.
func (tr *tree) next(e *engine) bool {
	e.resting.Store(true)
	b := tr.pool.wait()
	e.resting.Store(false)
	if b == nil {
		return false
	}
	tr.adopt(b)
	return true
}
