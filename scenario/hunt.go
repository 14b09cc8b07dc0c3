package scenario

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
)

// A HuntConfig says what [Hunt] hunts for, and how long.
type HuntConfig struct {
	Generations []*lookup.Generation // at least one
	// Scenarios are explored in this order, again and again with growing
	// numbers of executions. Nil stands for the family: pairs first.
	Scenarios []*Scenario
	Budget    time.Duration // for all generations together; it must be positive
	Workers   int           // 0 stands for GOMAXPROCS
	// Progress, when not nil, is called now and then, never by two
	// goroutines at once.
	Progress func(HuntProgress)
}

// HuntProgress is what [HuntConfig].Progress is told.
type HuntProgress struct {
	Elapsed    time.Duration
	Executions uint64
	Rows       int
	Generation *lookup.Generation
	Scenario   *Scenario
}

// A Row is one distinct failure of one generation.
type Row struct {
	*Found
	Execution uint64        // how many executions of this generation it took
	After     time.Duration // how long, of the time spent on this generation
	Seen      uint64        // executions in which it was seen
}

// A Quarry is what a hunt has found in one generation.
type Quarry struct {
	Generation *lookup.Generation
	Rows       []*Row // the gravest first
	Scenarios  int    // explored
	Executions uint64
	Steps      uint64
	Spent      time.Duration // by all workers together
}

// Hunt explores scenarios against generations until the budget is spent, and
// collects distinct failures. It knows nothing of what any generation does
// wrong. It returns early, with the error of ctx, when ctx ends.
func Hunt(ctx context.Context, c HuntConfig) ([]*Quarry, error) {
	if len(c.Generations) == 0 || c.Budget <= 0 {
		return nil, errors.New("scenario: a hunt needs a generation and a positive budget")
	}
	if c.Scenarios == nil {
		c.Scenarios = HuntingGround(true, true)
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	h := &hunt{HuntConfig: c, begin: time.Now()}
	for _, g := range c.Generations {
		h.packs = append(h.packs, &pack{h: h, Quarry: Quarry{Generation: g}, rows: map[string]*Row{}})
	}
	deadline, stop := context.WithTimeout(ctx, c.Budget)
	defer stop()
	var wg sync.WaitGroup
	for range min(c.Workers, len(c.Scenarios)*len(h.packs)) {
		wg.Go(func() { h.work(deadline) })
	}
	wg.Wait()
	var all []*Quarry
	for _, p := range h.packs {
		for _, r := range p.rows {
			p.Rows = append(p.Rows, r)
		}
		slices.SortFunc(p.Rows, func(a, b *Row) int {
			if a.Effect != b.Effect {
				return int(b.Effect) - int(a.Effect)
			}
			return int(a.Execution) - int(b.Execution)
		})
		all = append(all, &p.Quarry)
	}
	return all, ctx.Err()
}

// HuntingGround returns the scenarios of the family that a hunt goes through, in
// its order: pairs, then pairs with a fault, then triples, each mixed.
func HuntingGround(pairs, triples bool) (list []*Scenario) {
	collect := func(f Family) { list = append(list, shuffled(slices.Collect(Scenarios(f)))...) }
	if pairs {
		collect(Family{Acts: 2})
		collect(Family{Acts: 2, Faults: []Fault{StrayWake, NoMemory}})
	}
	if triples {
		collect(Family{Acts: 3})
	}
	return list
}

// rounds are how many executions a scenario gets, each time it comes up.
var rounds = []int{30, 120, 500, 2000}

type hunt struct {
	HuntConfig
	begin time.Time
	next  atomic.Int64
	packs []*pack

	mu   sync.Mutex // guards Progress
	told time.Time
}

// A pack hunts one generation.
type pack struct {
	h  *hunt
	mu sync.Mutex
	Quarry
	rows map[string]*Row
}

// work explores one scenario after another.
func (h *hunt) work(ctx context.Context) {
	for ctx.Err() == nil {
		n := int(h.next.Add(1) - 1)
		p := h.packs[n%len(h.packs)]
		n /= len(h.packs)
		s, round := h.Scenarios[n%len(h.Scenarios)], n/len(h.Scenarios)
		if round >= len(rounds) {
			return
		}
		p.explore(ctx, s, round)
		h.tell(p, s)
	}
}

// explore explores one scenario.
func (p *pack) explore(ctx context.Context, s *Scenario, round int) {
	p.mu.Lock()
	known := make(map[string]invariant.Effect, len(p.rows))
	for sig, r := range p.rows {
		known[sig] = r.Effect
	}
	before, spent := p.Executions, p.Spent
	p.mu.Unlock()
	begin := time.Now()
	seen := map[string]uint64{}
	var found []*Row
	res := Explore(ctx, p.Generation, s, Options{
		Explore: []explore.Option{explore.Seed(uint64(round + 1)), explore.Watchdog(5 * time.Second),
			explore.Plan(explore.POS(rounds[round]), explore.PCT(3, rounds[round]/3))},
		// What is known does not change while a finding is made, or the
		// program would not repeat itself.
		Known: func(v *invariant.Violation) bool {
			sig := v.Signature()
			e, ok := known[sig]
			if ok {
				seen[sig]++
			}
			return ok && e >= v.Effect
		},
		Found: func(f *Found) {
			known[f.Signature()] = f.Effect
			found = append(found, &Row{Found: f, Execution: before + uint64(f.Finding.Execution),
				After: spent + time.Since(begin)})
		},
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Scenarios++
	p.Spent += time.Since(begin)
	p.Executions += res.Certificate.Executions
	for i := range res.Certificate.Phases {
		p.Steps += res.Certificate.Phases[i].Steps
	}
	for _, r := range found {
		sig := r.Signature()
		if old := p.rows[sig]; old == nil || old.Effect < r.Effect {
			if old != nil {
				r.Seen = old.Seen
			}
			p.rows[sig] = r
		}
	}
	for sig, n := range maps.All(seen) {
		if r := p.rows[sig]; r != nil {
			r.Seen += n
		}
	}
	for _, r := range found {
		p.rows[r.Signature()].Seen++
	}
}

func (h *hunt) tell(p *pack, s *Scenario) {
	if h.Progress == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.told) < 50*time.Millisecond {
		return
	}
	h.told = time.Now()
	u := HuntProgress{Elapsed: time.Since(h.begin), Generation: p.Generation, Scenario: s}
	for _, p := range h.packs {
		p.mu.Lock()
		u.Executions += p.Executions
		u.Rows += len(p.rows)
		p.mu.Unlock()
	}
	h.Progress(u)
}
