package explore

// A strategy makes the decisions of one execution after another.
type strategy interface {
	begin(e *engine)              // an execution starts
	born(e *engine, t *task)      // t has been made, by e.cur
	announced(e *engine, t *task) // t has announced its next step
	pick(e *engine) int           // who goes next, or noTask
	choose(e *engine, n int) int  // an input in [0, n)
	executed(e *engine, t *task)  // t has taken its step, with footprint e.acc
	end(e *engine) (more bool)    // the execution is over
}

// A rng is a small fast random number generator (splitmix64). Its sequence is
// part of what a seed means, so it is our own.
type rng uint64

func (r *rng) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, n).
func (r *rng) below(n int) int { return int((r.next() >> 32) * uint64(n) >> 32) }

// stream returns the generator of execution i of a phase.
func stream(seed uint64, phase, i int) rng {
	r := rng(seed ^ uint64(phase)<<56)
	r = rng(r.next() + uint64(i)*0xd1342543de82ef95)
	r.next()
	return r
}

// A sampler is the common part of the strategies that draw each execution by
// itself. The i-th execution depends on seed, phase and i only.
type sampler struct {
	rng
	lane
}

// A lane is what one worker draws in one phase: every stride-th execution.
type lane struct {
	seed   uint64
	phase  int
	i      int // the next execution
	stride int
	length int // of an execution, about
}

func (s *sampler) begin(*engine) {
	s.rng = stream(s.seed, s.phase, s.i)
	s.i += s.stride
}

func (s *sampler) born(*engine, *task)         {}
func (s *sampler) announced(*engine, *task)    {}
func (s *sampler) executed(*engine, *task)     {}
func (s *sampler) end(*engine) bool            { return true }
func (s *sampler) choose(_ *engine, n int) int { return s.below(n) }

// uniform is a uniform random walk.
type uniform struct{ sampler }

func (s *uniform) pick(e *engine) int {
	en := e.enabled()
	if en == 0 {
		return e.nobody()
	}
	if en.rest() == 0 {
		return en.lowest()
	}
	return en.nth(s.below(en.len()))
}

// pos is partial order sampling (Yuan, Yang, Gu: "Partial Order Aware
// Concurrency Sampling", CAV 2018): each announced step has a random priority,
// the highest goes next, and those that depend on it draw again.
type pos struct {
	sampler
	prio [maxTasks]uint64
}

func (s *pos) announced(_ *engine, t *task) { s.prio[t.i] = s.next() }

func (s *pos) pick(e *engine) int {
	en := e.enabled()
	if en == 0 {
		return e.nobody()
	}
	return highest(&s.prio, en)
}

func highest(prio *[maxTasks]uint64, en set) int {
	best := en.lowest()
	for r := en.rest(); r != 0; r = r.rest() {
		if i := r.lowest(); prio[i] > prio[best] {
			best = i
		}
	}
	return best
}

func (s *pos) executed(e *engine, t *task) {
	for r := e.free | e.gated; r != 0; r = r.rest() {
		i := r.lowest()
		if op := &e.tasks[i].op; op.Obj != nil {
			c, id := classOf[op.Kind][0], int32(op.Obj.ID)
			for _, a := range e.acc {
				if a.obj == id && dependent[a.class][c] || op.Also != nil && a.obj == int32(op.Also.ID) && a.class != read {
					s.prio[i] = s.next()
					break
				}
			}
		}
	}
}

// pct is probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010):
// tasks have random priorities, the highest runs, and at depth-1 random steps
// whoever is about to run falls below all others.
type pct struct {
	sampler
	depth int
	prio  [maxTasks]uint64
	drops []int // the steps before which somebody falls
}

func (s *pct) begin(e *engine) {
	s.sampler.begin(e)
	s.drops = s.drops[:0]
	for range s.depth - 1 {
		s.drops = append(s.drops, s.below(max(s.length, 1)))
	}
}

func (s *pct) born(_ *engine, t *task) { s.prio[t.i] = s.next() | 1<<63 }

func (s *pct) pick(e *engine) int {
	en := e.enabled()
	if en == 0 {
		return e.nobody()
	}
	best := highest(&s.prio, en)
	for i, at := range s.drops {
		if at == e.nsteps {
			s.drops[i] = -1
			s.prio[best] = uint64(s.depth - i)
			best = highest(&s.prio, en)
		}
	}
	return best
}
