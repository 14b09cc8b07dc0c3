package explore

// An order is the happens-before relation of the steps on the path, as vector
// clocks: row k says, for each task, how many nodes of the path end with the
// last step of that task which happens before step k or is step k.
type order struct {
	width int
	rows  []int32
	tmp   []int32 // clock of the step being judged, before its own edges
	cover []int32
	races []int32
}

func (o *order) row(k int32) []int32 {
	return o.rows[int(k)*o.width : (int(k)+1)*o.width]
}

// fit makes rows wide enough for n tasks.
func (o *order) fit(n int) {
	if n <= o.width {
		return
	}
	w := max(4, o.width)
	for w < n {
		w *= 2
	}
	old := o.width
	rows := o.rows
	o.width = w
	o.rows = nil
	if old > 0 {
		o.rows = make([]int32, len(rows)/old*w)
		for k := range len(rows) / old {
			copy(o.rows[k*w:], rows[k*old:(k+1)*old])
		}
	}
	o.tmp = make([]int32, w)
	o.cover = make([]int32, w)
}

// grow makes room for row k.
func (o *order) grow(k int) {
	for len(o.rows) < (k+1)*o.width {
		o.rows = append(o.rows, make([]int32, 64*o.width)...)
	}
}

func join(dst, src []int32) {
	src = src[:len(dst)]
	for i, v := range src {
		if v > dst[i] {
			dst[i] = v
		}
	}
}

// past fills clock with that of t before its next step.
func (tr *tree) past(t *task, clock []int32) {
	r := t.row
	if r == noRow {
		r = t.born
	}
	if r == noRow {
		clear(clock)
		return
	}
	copy(clock, tr.hb.row(r))
}

// order places the step just taken, node k of t, and plans to reverse its races.
func (tr *tree) order(e *engine, t *task, k int) {
	o := &tr.hb
	o.grow(k)
	row := o.row(int32(k))
	tr.past(t, row)
	copy(o.tmp, row)
	o.races = o.races[:0]
	for _, a := range e.acc {
		obj := e.objs[a.obj]
		tr.look(obj.hist, a, t, row)
		obj.hist = append(obj.hist, use{int32(k), a.class})
	}
	row[t.i] = int32(k + 1)
	if len(o.races) > 0 {
		tr.reverse(e, t, int32(k), row)
	}
}

// look goes back through the history of an object. It joins to clock what
// happens before the access a, and collects what a could race with.
func (tr *tree) look(hist []use, a access, t *task, clock []int32) {
	o := &tr.hb
	joining, racing, gated := true, true, t.op.Gate != nil
	copy(o.cover, o.tmp)
	for i := len(hist) - 1; i >= 0 && (joining || racing); i-- {
		u := hist[i]
		b := bonds[a.class][u.class]
		p := int(tr.path[u.row].task)
		if joining && b&orders != 0 {
			join(clock, o.row(u.row))
		}
		head := heads[u.class]
		if racing {
			known := o.cover[p] > u.row
			if !known && p != t.i && !(tr.never && gated && u.class == read) && (b&races != 0 || b&spare != 0 && a.spare) {
				// A race hides what lies behind it, unless the step was
				// not possible there: then it may not even be one.
				hides := !gated || t.row < u.row && tr.path[u.row].enabled.has(t.i)
				o.races = append(o.races, race(u.row, hides))
				if hides {
					join(o.cover, o.row(u.row))
					known = true
				}
			}
			if head && known {
				racing = false
			}
		}
		if head {
			joining = false
		}
	}
}

// race packs a node that the step being judged races with, and whether it hides
// what happens before it. Races sort by node.
func race(row int32, hides bool) int32 {
	if hides {
		return row<<1 | 1
	}
	return row << 1
}

// reverse plans, for each race of step k of t, an execution in which it comes
// out the other way. Row is the clock of the step.
func (tr *tree) reverse(e *engine, t *task, k int32, row []int32) {
	o := &tr.hb
	r := o.races
	for i := 1; i < len(r); i++ { // latest first
		for j := i; j > 0 && r[j] > r[j-1]; j-- {
			r[j], r[j-1] = r[j-1], r[j]
		}
	}
	copy(o.cover, o.tmp)
	for i, packed := range r {
		c := packed >> 1
		if i > 0 && c == r[i-1]>>1 {
			continue
		}
		if o.cover[tr.path[c].task] > c {
			continue // an even later race lies between
		}
		tr.plan(c, k, t, row)
		if len(r) > 1 && packed&1 != 0 {
			join(o.cover, o.row(c))
		}
	}
}

// plan makes sure that from node c on somebody is tried who can lead to step k
// of t coming before step c.
func (tr *tree) plan(c, k int32, t *task, row []int32) {
	o := &tr.hb
	n := &tr.path[c]
	p := n.task
	// The steps after c that do not happen after it, and then k, are possible
	// from c on. Their first is a step of one of these tasks.
	var first [maxTasks]int32
	var seen, initial set
	for j := c + 1; j < k; j++ {
		m := &tr.path[j]
		if m.choice || m.task == p || seen.has(int(m.task)) {
			continue
		}
		clock := o.row(j)
		if clock[p] > c {
			continue
		}
		if tr.leads(clock, seen, &first) {
			initial |= one(int(m.task))
		}
		seen |= one(int(m.task))
		first[m.task] = j
	}
	own := !seen.has(t.i)
	if own && tr.leads(row, seen, &first) {
		initial |= t.bit()
	}
	if initial&(n.known()|n.asleep) != 0 {
		return
	}
	can := initial & n.enabled
	switch {
	case own && can.has(t.i):
		n.try(t.bit())
	case can != 0:
		n.try(one(can.lowest()))
	case own && initial == t.bit():
		// The step was not possible before c: no race.
	default:
		n.try(n.enabled)
	}
}

// leads tells whether a step with this clock happens after none of the seen.
func (tr *tree) leads(clock []int32, seen set, first *[maxTasks]int32) bool {
	for s := seen; s != 0; s = s.rest() {
		if i := s.lowest(); clock[i] > first[i] {
			return false
		}
	}
	return true
}

// pending plans the reversals of steps that were announced and never taken,
// because they were blocked to the end or the execution was cut short.
func (tr *tree) pending(e *engine) {
	o := &tr.hb
	tr.never = true
	defer func() { tr.never = false }()
	k := int32(tr.k)
	o.grow(tr.k)
	for i := range e.n {
		t := e.tasks[i]
		if t.state != pending {
			continue
		}
		row := o.row(k) // scratch: no step has it
		tr.past(t, row)
		copy(o.tmp, row)
		o.races = o.races[:0]
		op := &t.op
		if op.Obj != nil {
			if c := classOf[op.Kind][0]; c != none {
				tr.look(e.object(op.Obj).hist, access{int32(op.Obj.ID), c, true}, t, row)
			}
		}
		if op.Also != nil {
			tr.look(e.object(op.Also).hist, access{int32(op.Also.ID), read, true}, t, row)
		}
		row[i] = k + 1
		tr.reverse(e, t, k, row)
	}
}
