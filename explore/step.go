package explore

import (
	"fmt"

	"github.com/floodgate-go/floodgate/sched"
)

// announce notes the step that t wants to take.
func (e *engine) announce(t *task, op *sched.Op) {
	t.op = *op
	t.state = pending
	if op.Gate != nil || op.Kind == sched.Yield {
		e.gated |= t.bit()
	} else {
		e.free |= t.bit()
	}
	e.strat.announced(e, t)
}

// begin is called when t takes its step.
func (e *engine) begin(t *task) {
	t.depth = 1
	e.acc = e.acc[:0]
	if t.op.Kind == sched.Yield { // is over at once
		t.depth = 0
		e.executed(t, &t.op, 0)
	}
}

// access adds a use to the footprint of the step being taken.
func (e *engine) access(op *sched.Op, spare bool) {
	failed := 0
	if op.Failed {
		failed = 1
	}
	if op.Obj != nil {
		if c := classOf[op.Kind][failed]; c != none {
			e.touch(op.Obj, c, spare)
		}
	}
	if op.Also != nil {
		e.touch(op.Also, read, spare)
	}
}

func (e *engine) touch(o *sched.Object, c class, spare bool) {
	id := int32(o.ID)
	for i := range e.acc {
		if a := &e.acc[i]; a.obj == id {
			if a.class != c {
				a.class = write
			}
			return
		}
	}
	e.acc = append(e.acc, access{id, c, spare})
}

// done is called when the innermost operation of t has taken effect.
func (e *engine) done(t *task, op *sched.Op, result int64) {
	if t.depth == 0 {
		return // the rest of a step whose middle panicked
	}
	outer := t.depth == 1
	spare := !outer
	if outer && (op.Kind == sched.Down || op.Kind == sched.Park) {
		spare = t.op.Gate != nil && e.open(t)
	}
	e.access(op, spare)
	e.keep(t, op)
	if e.line != nil {
		e.line.effect(e, t, op, result, outer)
	}
	t.depth--
	if !outer {
		return
	}
	e.executed(t, op, result)
}

// executed is called when the step of t is over.
func (e *engine) executed(t *task, op *sched.Op, result int64) {
	t.steps++
	e.nsteps++
	t.lastKind, t.lastObj = op.Kind, op.Obj
	if e.nsteps%1000 == 0 {
		e.progress.Add(1)
	}
	if op.Kind == sched.Yield {
		t.mark = e.changes
		if t.nudgedAt != e.changes {
			t.nudgedAt, t.nudges = e.changes, 0
		}
		t.nudges++
	}
	for i := range e.acc {
		if c := e.acc[i].class; c != read && c != shared {
			e.changed(t)
			break
		}
	}
	e.strat.executed(e, t)
	if e.line != nil {
		e.line.step(e, t, op, result)
	}
	if len(e.always) > 0 && e.looks() {
		e.checkAlways(t)
	}
}

// interrupted ends a step of t whose middle panicked.
func (e *engine) interrupted(t *task) {
	t.depth = 0
	if e.aborting {
		return
	}
	for i := range e.acc {
		e.acc[i].class = write
	}
	op := t.op
	if op.Obj != nil {
		e.touch(op.Obj, write, true)
	}
	if op.Also != nil {
		e.touch(op.Also, read, true)
	}
	e.executed(t, &op, 0)
}

// changed notes that t has changed something, for those who yield.
func (e *engine) changed(t *task) {
	e.changes++
	t.mark = e.changes
	if e.changer[0].task != t.i {
		e.changer[1] = e.changer[0]
		e.changer[0].task = t.i
	}
	e.changer[0].at = e.changes
}

// ready tells whether t could take its step.
func (e *engine) ready(t *task) bool {
	if t.op.Kind == sched.Yield {
		c := &e.changer[0]
		if c.task == t.i {
			c = &e.changer[1]
		}
		return c.at > t.mark
	}
	return e.open(t)
}

// keep notes who holds what.
func (e *engine) keep(t *task, op *sched.Op) {
	if op.Obj == nil || op.Failed {
		return
	}
	if n := taken(op); n != 0 {
		e.object(op.Obj).take(t, n)
	}
}

// taken returns how much of its object an operation takes.
func taken(op *sched.Op) int64 {
	switch op.Kind {
	case sched.Lock, sched.TryLock, sched.RLock, sched.TryRLock:
		return 1
	case sched.Down, sched.TryDown:
		return max(op.Arg, 1)
	case sched.Unlock, sched.RUnlock:
		return -1
	case sched.Up:
		return -max(op.Arg, 1)
	}
	return 0
}

// outside is a step that nobody sees: of the set-up, of a check or of a gate.
// It must not wait, as nobody else runs.
func (e *engine) outside(op *sched.Op) {
	if e.aborting || op.Gate == nil || op.Gate.Ready() {
		return
	}
	e.fail(&found{kind: Misuse, task: noTask, sig: "outside " + op.Kind.String(), msg: fmt.Sprintf(
		"%v of %s would block outside all tasks: the set-up and the checks run alone and can not wait",
		op.Kind, objectName(op.Obj))})
	panic(unwound{e})
}

// outsideDone is the end of such a step.
func (e *engine) outsideDone(op *sched.Op) {
	if op.Obj == nil || op.Failed {
		return
	}
	if n := taken(op); n != 0 {
		o := e.object(op.Obj)
		o.balance += n
		o.setup = o.balance > 0
	}
}

func (e *engine) checkAlways(t *task) {
	cur := e.cur
	for _, f := range e.always {
		if e.found != nil {
			break
		}
		e.inert("Always", f)
		if e.found != nil && e.found.task == noTask {
			e.found.task = t.i
		}
	}
	e.cur = cur
}

// register makes an object, or none if the grain does not have it.
func (e *engine) register(spec sched.Spec) *sched.Object {
	if e.o.fine {
		switch spec.Kind {
		case sched.KindSemaphore, sched.KindQueue, sched.KindCount, sched.KindLife:
			if !spec.Inner {
				return nil
			}
		}
	} else if spec.Inner {
		return nil
	}
	if e.nobj == len(e.objs) {
		o := &object{}
		o.Sched, o.ID = e.sched(), e.nobj
		e.objs = append(e.objs, o)
	}
	o := e.objs[e.nobj]
	e.nobj++
	o.Spec, o.Data = spec, nil
	o.hist = o.hist[:0]
	for u := o.used; u != 0; u = u.rest() {
		o.net[u.lowest()] = 0
	}
	o.balance, o.setup, o.takes, o.used = 0, false, 0, 0
	if o.Waker() != nil {
		sched.SetWaker(&o.Object, nil)
	}
	return &o.Object
}

func (e *engine) object(o *sched.Object) *object { return e.objs[o.ID] }
