package explore

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Explore runs fn again and again, choosing who goes next at each step, until
// its plan is done, ctx has ended, or something was found. It is what [Test]
// does, for programs that are no tests. It may be called concurrently.
func Explore(ctx context.Context, fn func(*Run), opts ...Option) Result {
	if fn == nil {
		panic("explore: nil function")
	}
	s := &session{o: newSettings(opts), fn: fn, ctx: ctx, begin: time.Now(), bySig: map[string]*Finding{}}
	for range s.o.workers {
		s.engines = append(s.engines, newEngine(s.o))
	}
	defer s.close()
	if s.probe() {
		for i := range s.o.plan {
			if s.stop.Load() || ctx.Err() != nil {
				break
			}
			s.phase(i, &s.o.plan[i])
		}
	}
	return s.result()
}

// A session is one call of Explore.
type session struct {
	o       *settings
	fn      func(*Run)
	ctx     context.Context
	begin   time.Time
	engines []*engine
	length  int // of an execution under the default rule

	stop atomic.Bool // no more executions
	lost atomic.Bool // a goroutine blocks where nobody can reach it
	gone bool        // a task has called runtime.Goexit

	mu       sync.Mutex
	bySig    map[string]*Finding
	findings []*Finding
	phases   []PhaseResult
	before   int // executions of earlier phases
}

// probe runs the program under the default rule, twice, to see how long it is
// and whether it repeats itself.
func (s *session) probe() bool {
	ok := false
	s.run(1, func(w *worker) {
		e := w.e
		g := &guided{}
		e.strat = g
		e.execute(s.fn)
		s.length = e.nsteps
		if e.found != nil {
			s.handle(w, "the default rule", 0)
			if !s.o.all {
				return
			}
		}
		if e.outcome == broken {
			return
		}
		e.strat = g
		e.execute(s.fn)
		rec := slices.Clone(e.rec)
		e.strat = &guided{exact: rec}
		e.execute(s.fn)
		if e.outcome == broken && e.found != nil && e.found.kind == Nondeterminism {
			s.handle(w, "the default rule", 0)
			return
		}
		ok = true
	})
	return ok
}

// A worker is an engine at work on one phase.
type worker struct {
	e *engine
	n int // which one
	PhaseResult
}

// phase carries out one phase of the plan.
func (s *session) phase(i int, p *Phase) {
	begin := time.Now()
	r := PhaseResult{Name: p.name, Covers: p.bound}
	workers := len(s.engines)
	var common *pool
	if p.tree && workers > 1 {
		common = newPool(workers)
	}
	var lowest atomic.Int64 // the first execution with a finding
	lowest.Store(1 << 62)
	var cut atomic.Bool // something was left out
	var total atomic.Int64
	s.run(workers, func(w *worker) {
		l := lane{seed: s.o.seed, phase: i, i: w.n, stride: workers, length: s.length}
		e := w.e
		e.strat = p.make(l)
		var tr *tree
		whole := false // nothing was left out
		if common != nil {
			tr = e.strat.(*tree)
			tr.pool = common
			defer func() {
				if !whole {
					common.stop()
				}
			}()
		}
		defer func() {
			if !whole {
				cut.Store(true)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			r.add(&w.PhaseResult)
		}()
		if tr != nil && w.n > 0 && !tr.next(e) {
			whole = true
			return
		}
		for n := w.n; ; n += workers {
			if p.tree {
				n = int(total.Add(1)) - 1
			}
			if p.executions > 0 && n >= p.executions || int64(n) > lowest.Load() {
				return
			}
			if s.lost.Load() || w.Executions&15 == 0 && (s.stop.Load() || s.ctx.Err() != nil || p.time > 0 && time.Since(begin) > p.time) {
				return
			}
			e.execute(s.fn)
			more := e.more
			w.count(e)
			if e.found != nil {
				over := e.outcome == broken
				if s.handle(w, p.name, n) || over {
					for {
						low := lowest.Load()
						if int64(n) >= low || lowest.CompareAndSwap(low, int64(n)) {
							break
						}
					}
					return
				}
			}
			if !more && e.outcome == broken {
				return
			}
			if !more && (tr == nil || !tr.next(e)) {
				whole = w.Cut == 0
				return
			}
			if s.o.progress != nil && n&1023 == 0 {
				s.tell(p, w, begin)
			}
		}
	})
	if lowest.Load() < 1<<62 {
		s.stop.Store(true)
	}
	r.Exhausted = p.tree && !cut.Load()
	r.Elapsed = time.Since(begin)
	s.phases = append(s.phases, r)
	s.before += int(r.Executions)
}

// run lets n workers do f, and looks after them.
func (s *session) run(n int, f func(*worker)) {
	done := make(chan bool, n)
	for i := range n {
		w := &worker{e: s.engines[i], n: i}
		go func() {
			normal := false
			defer func() {
				w.e.resting.Store(true)
				if s.lost.Load() { // nobody waits for this any more
					w.e.close()
				}
				done <- normal
			}()
			w.e.resting.Store(false)
			f(w)
			normal = true
		}()
	}
	watch := newWatchdog(s.engines[:n], s.o.watchdog)
	defer watch.stop()
	for left := n; left > 0; {
		select {
		case normal := <-done:
			left--
			if !normal { // a task, or the set-up, has called runtime.Goexit
				s.gone = true
				s.stop.Store(true)
			}
		case <-watch.tick():
			if e := watch.stuck(); e != nil {
				s.lost.Store(true)
				s.stop.Store(true)
				s.add(&Finding{Kind: Stuck, Message: lastWords(e, s.o.watchdog), Signature: Stuck.String(), Strategy: "the watchdog",
					Seen: 1, Elapsed: time.Since(s.begin), Detail: "Tasks may block only in the objects of their scheduler. " +
						"The goroutine that blocks can not be ended and is lost."})
				return
			}
		}
	}
}

// handle makes a finding of what went wrong in the last execution, and reports
// whether the exploration is over.
func (s *session) handle(w *worker, strategy string, n int) (over bool) {
	e := w.e
	sig := e.found.signature(e)
	s.mu.Lock()
	f := s.bySig[sig]
	if f != nil {
		f.Seen++
		if !s.o.all && f.Execution > s.before+n+1 {
			f = nil // what a single worker would have found
		}
	}
	s.mu.Unlock()
	if f == nil {
		elapsed := time.Since(s.begin)
		f = e.investigate(s.fn, sig)
		for _, f := range append(e.late, f) {
			f.Strategy, f.Execution, f.Elapsed, f.Seen = strategy, s.before+n+1, elapsed, 1
			s.add(f)
		}
		e.late = nil
	}
	return !s.o.all
}

func (s *session) add(f *Finding) {
	s.mu.Lock()
	old := s.bySig[f.Signature]
	switch {
	case old == nil:
		s.bySig[f.Signature] = f
		s.findings = append(s.findings, f)
		if len(s.findings) >= s.o.most {
			s.stop.Store(true)
		}
	case f.Execution < old.Execution:
		f.Seen += old.Seen
		*old = *f
	default:
		old.Seen += f.Seen
	}
	s.mu.Unlock()
	if old == nil && s.o.found != nil {
		s.o.found(f)
	}
}

func (s *session) tell(p *Phase, w *worker, begin time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.progress(Progress{Phase: p.name, Executions: w.Executions, Steps: w.Steps, Findings: len(s.findings), Elapsed: time.Since(begin)})
}

// close ends the threads of all tasks. Those that can not be reached end when
// what they block on lets them.
func (s *session) close() {
	if s.lost.Load() {
		return
	}
	for _, e := range s.engines {
		e.close()
	}
	if s.gone {
		runtime.Goexit()
	}
}

func (s *session) result() Result {
	slices.SortStableFunc(s.findings, func(a, b *Finding) int { return a.Execution - b.Execution })
	if !s.o.all && len(s.findings) > 1 {
		s.findings = s.findings[:1]
	}
	c := Certificate{Phases: s.phases, Fine: s.o.fine, Elapsed: time.Since(s.begin), Steps: s.length}
	for i := range s.phases {
		c.Executions += s.phases[i].Executions
	}
	return Result{Findings: s.findings, Certificate: c}
}
