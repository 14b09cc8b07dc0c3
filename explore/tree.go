package explore

import (
	"fmt"

	"github.com/floodgate-go/floodgate/sched"
)

// A reduction says how a tree search avoids executions that differ only in the
// order of independent steps.
type reduction uint8

const (
	plain  reduction = iota // it does not
	sleep                   // sleep sets (Godefroid)
	source                  // source sets with sleep sets (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014)
)

// A tree explores all executions depth first. The path is the execution that
// runs, one node for each decision; what is left to do is kept in its nodes,
// so that memory is bounded by the length of an execution.
type tree struct {
	reduction
	bound int   // preemptions allowed; -1: any number
	pool  *pool // those who search the same tree; nil: nobody

	path  []node
	k     int // decisions made in this execution
	fresh int // the path before this is a replay of the one before

	acc   []access  // footprints of steps on the path, and of those done at its nodes
	sleep []sleeper // sleep sets of the nodes on the path
	hb    order
	never bool // the step being judged was blocked to the end: no look at what it waits for has kept it from happening

	traces, blocked uint64
	started         bool
}

// A node is a decision: who takes the next step, or which input is chosen.
type node struct {
	enabled set
	todo    set // to be tried here, done ones included (the backtrack set)
	done    set
	task    int16 // chosen; of a choice of input: who chose
	choice  bool
	value   int32 // of a choice
	inputs  int32
	last    int32  // input to be tried here
	claim   *claim // what others who know this node try at it; nil: nobody does
	used    int32  // preemptions on the path up to here

	kind sched.OpKind // the step taken, to see that a replay is one
	obj  int32

	acc0, acc1     int32 // its footprint; those of done tasks lie between base and acc0
	base           int32
	sleep0, sleep1 int32 // who sleeps here, done tasks included
	asleep         set
}

// A sleeper is a task whose next step need not be tried, with its footprint.
type sleeper struct {
	task       int16
	acc0, acc1 int32
}

const noRow = -1

func newTree(r reduction, bound int) *tree { return &tree{reduction: r, bound: bound} }

func (tr *tree) begin(e *engine) {
	tr.k = 0
	tr.fresh = max(len(tr.path)-1, 0)
	if !tr.started {
		tr.fresh, tr.started = 0, true
	}
}

func (tr *tree) announced(*engine, *task) {}

func (tr *tree) born(e *engine, t *task) {
	tr.hb.fit(e.n)
	if p := e.cur; p != nil {
		switch {
		case p.depth > 0:
			t.born = int32(tr.k - 1)
		case p.row != noRow:
			t.born = p.row
		default:
			t.born = p.born
		}
	}
}

func (tr *tree) pick(e *engine) int {
	if tr.k < len(tr.path) {
		return tr.again(e)
	}
	en := e.enabled()
	if en == 0 {
		return e.nobody()
	}
	n := tr.push()
	n.enabled = en
	avail := en
	if tr.reduction != plain {
		avail &^= n.asleep
		if avail == 0 {
			e.outcome = redundant
			tr.path = tr.path[:len(tr.path)-1]
			return noTask
		}
	}
	if tr.bound >= 0 {
		avail = tr.affordable(e, n, avail)
	}
	if tr.reduction == source {
		n.todo = one(e.preferred(avail))
	} else {
		n.todo = avail
	}
	n.task = int16(e.preferred(avail))
	tr.note(e, n)
	return int(n.task)
}

// push appends a node and computes who sleeps there.
func (tr *tree) push() *node {
	var up *node
	var n node
	if k := len(tr.path); k > 0 {
		up = &tr.path[k-1]
		n.base, n.acc0, n.acc1 = up.acc1, up.acc1, up.acc1
		n.sleep0, n.sleep1 = up.sleep1, up.sleep1
		n.used = up.used
		tr.acc, tr.sleep = tr.acc[:up.acc1], tr.sleep[:up.sleep1]
	}
	if up != nil && tr.reduction != plain {
		done := tr.acc[up.acc0:up.acc1]
		for i := up.sleep0; i < up.sleep1; i++ {
			s := tr.sleep[i]
			if up.choice || s.task != up.task && !conflict(tr.acc[s.acc0:s.acc1], done) {
				tr.sleep = append(tr.sleep, s)
				n.asleep |= one(int(s.task))
			}
		}
		n.sleep1 = int32(len(tr.sleep))
	}
	tr.path = append(tr.path, n)
	tr.k++
	return &tr.path[len(tr.path)-1]
}

func (tr *tree) note(e *engine, n *node) {
	t := e.tasks[n.task]
	n.kind, n.obj = t.op.Kind, noRow
	if t.op.Obj != nil {
		n.obj = int32(t.op.Obj.ID)
	}
}

// again repeats a decision of the execution before.
func (tr *tree) again(e *engine) int {
	n := &tr.path[tr.k]
	if n.choice || int(n.task) >= e.n || e.tasks[n.task].state != pending {
		return tr.strayed(e, n, "nobody is there to take it")
	}
	t := e.tasks[n.task]
	obj := int32(noRow)
	if t.op.Obj != nil {
		obj = int32(t.op.Obj.ID)
	}
	switch {
	case n.kind == newStep: // tried here for the first time
		n.kind, n.obj = t.op.Kind, obj
	case t.op.Kind != n.kind || obj != n.obj:
		return tr.strayed(e, n, fmt.Sprintf("its step is %v of %s", t.op.Kind, objectName(t.op.Obj)))
	}
	tr.k++
	return int(n.task)
}

// newStep stands for the step of a task that has not been chosen at its node.
const newStep = sched.OpKind(255)

func (tr *tree) strayed(e *engine, n *node, how string) int {
	e.strayed(tr.k, int(n.task), n.kind, n.obj, how)
	return noTask
}

// affordable returns those of avail that can go next within the bound.
func (tr *tree) affordable(e *engine, n *node, avail set) set {
	if e.last != nil && !e.last.idle && n.enabled.has(e.last.i) && int(n.used) >= tr.bound {
		return one(e.last.i)
	}
	return avail
}

func (tr *tree) choose(e *engine, inputs int) int {
	if tr.k < len(tr.path) {
		n := &tr.path[tr.k]
		if !n.choice || int(n.inputs) != inputs {
			tr.strayed(e, n, fmt.Sprintf("a choice of %d inputs is made", inputs))
			return 0
		}
		tr.k++
		return int(n.value)
	}
	n := tr.push()
	n.choice, n.task, n.inputs, n.last = true, noTask, int32(inputs), int32(inputs-1)
	return 0
}

func (tr *tree) executed(e *engine, t *task) {
	if tr.bound >= 0 {
		tr.count(e, t)
	}
	if tr.reduction == plain {
		return
	}
	k := tr.k - 1
	n := &tr.path[k]
	if k < tr.fresh {
		for _, a := range e.acc {
			e.objs[a.obj].hist = append(e.objs[a.obj].hist, use{int32(k), a.class})
		}
		t.row = int32(k)
		return
	}
	tr.acc = append(tr.acc[:n.acc0], e.acc...)
	n.acc1 = int32(len(tr.acc))
	if tr.reduction == source {
		tr.order(e, t, k)
	}
	t.row = int32(k)
}

// count charges the step just taken for a preemption.
func (tr *tree) count(e *engine, t *task) {
	k := tr.k - 1
	n := &tr.path[k]
	if k == 0 {
		n.used = 0
		return
	}
	prev := k - 1
	for prev >= 0 && tr.path[prev].choice {
		prev--
	}
	if prev < 0 {
		return
	}
	n.used = tr.path[prev].used
	if p := tr.path[prev].task; p != n.task && n.enabled.has(int(p)) && !e.idlers.has(int(p)) {
		n.used++
	}
}

// end takes the next thing that is left to do, deepest first.
func (tr *tree) end(e *engine) (more bool) {
	switch e.outcome {
	case redundant:
		tr.blocked++
	case broken:
		return false
	default:
		tr.traces++
		if tr.reduction == source {
			tr.pending(e)
		}
	}
	if !tr.back() {
		return false
	}
	if tr.pool != nil {
		tr.give()
	}
	return true
}

// back goes back to the last decision at which something is left to do.
func (tr *tree) back() bool {
	for len(tr.path) > 0 {
		n := &tr.path[len(tr.path)-1]
		if n.choice {
			if n.value++; n.value <= n.last {
				return true
			}
		} else {
			tr.finish(n)
			if left := n.todo &^ n.done &^ n.asleep; left != 0 {
				n.task, n.kind = int16(left.lowest()), newStep
				return true
			}
		}
		tr.path = tr.path[:len(tr.path)-1]
	}
	return false
}

// finish puts the task that was chosen at n, the last node, to sleep there.
func (tr *tree) finish(n *node) {
	n.done |= one(int(n.task))
	if tr.reduction == plain {
		return
	}
	tr.sleep = append(tr.sleep[:n.sleep1], sleeper{n.task, n.acc0, n.acc1})
	n.sleep1 = int32(len(tr.sleep))
	n.acc0 = n.acc1
}
