package explore

import (
	"fmt"
	"time"
)

// settings are what options set.
type settings struct {
	fine     bool
	maxSteps int
	seed     uint64
	plan     []Phase
	budget   time.Duration
	all      bool
	most     int
	workers  int
	watchdog time.Duration
	progress func(Progress)
	found    func(*Finding)
}

func newSettings(opts []Option) *settings {
	o := &settings{maxSteps: 10_000, seed: 1, budget: 2 * time.Second, most: 1000, workers: 1, watchdog: 10 * time.Second}
	for _, opt := range opts {
		opt.apply(o)
	}
	if raceBuild {
		o.workers = 1 // a report could not be told to belong to one of several
	}
	if o.plan == nil {
		o.plan = []Phase{POS(300), PCT(3, 300), DPOR(o.budget)}
	}
	return o
}

// An Option changes how a program is explored.
type Option interface{ apply(*settings) }

type option func(*settings)

func (f option) apply(o *settings) { f(o) }

// Fine makes each atomic and each lock inside a primitive a step, which is how
// the primitives themselves are explored. Without it one operation of a
// primitive is one step.
func Fine() Option { return option(func(o *settings) { o.fine = true }) }

// MaxSteps is how many steps an execution may take, 10 000 if not given. One
// that takes more is a finding, [Endless].
func MaxSteps(n int) Option {
	if n <= 0 {
		panic("explore: MaxSteps needs a positive number")
	}
	return option(func(o *settings) { o.maxSteps = n })
}

// Seed is what the samples are drawn from, 1 if not given. The same seed draws
// the same executions on every machine.
func Seed(seed uint64) Option { return option(func(o *settings) { o.seed = seed }) }

// Budget is the time for the search that the default plan ends with, 2 seconds
// if not given.
func Budget(d time.Duration) Option { return option(func(o *settings) { o.budget = d }) }

// Plan replaces the default plan, which is POS(300), PCT(3, 300), DPOR(budget).
// The phases are run in this order.
func Plan(phases ...Phase) Option { return option(func(o *settings) { o.plan = phases }) }

// CollectAll goes on after a finding, up to the budget of each phase, and
// collects all that are distinct. Without it the first ends the exploration.
func CollectAll() Option { return option(func(o *settings) { o.all = true }) }

// Workers lets n goroutines explore at the same time, 1 if not given. The
// program is then called by several goroutines at once, each with a [Run] of
// its own, and must not share anything between them. What is sampled does not
// depend on n. A tree search divides the tree as it goes, so that with several
// workers the numbers of executions, and which schedule shows a finding first,
// differ from run to run; an exhausted tree has the same findings. Under the
// race detector there is always one worker.
func Workers(n int) Option {
	if n <= 0 {
		panic("explore: Workers needs a positive number")
	}
	return option(func(o *settings) { o.workers = n })
}

// Watchdog is after what real time without a step a task is declared [Stuck]
// outside the scheduler, 10 seconds if not given; 0 is never.
func Watchdog(d time.Duration) Option { return option(func(o *settings) { o.watchdog = d }) }

// OnProgress calls f now and then while executions run, on one goroutine.
func OnProgress(f func(Progress)) Option { return option(func(o *settings) { o.progress = f }) }

// OnFinding calls f for each distinct finding as soon as it is made.
func OnFinding(f func(*Finding)) Option { return option(func(o *settings) { o.found = f }) }

// A Phase is a strategy with a limit.
type Phase struct {
	name       string
	executions int           // 0: no limit
	time       time.Duration // 0: no limit
	make       func(lane) strategy
	tree       bool
	bound      string // what an exhausted search has covered
}

// String returns the strategy's name.
func (p Phase) String() string { return p.name }

// For limits the phase to the time d as well.
func (p Phase) For(d time.Duration) Phase {
	p.time = d
	return p
}

// Most limits the phase to n executions as well.
func (p Phase) Most(n int) Phase {
	p.executions = n
	return p
}

// Uniform draws n executions by choosing each next task uniformly. It is the
// weakest of the samplers, and the one that needs no explanation.
func Uniform(n int) Phase {
	return Phase{name: "uniform", executions: n, make: func(l lane) strategy { return &uniform{sampler{lane: l}} }}
}

// POS draws n executions by partial order sampling: each pending step has a
// random priority, drawn again when a step that it depends on is taken. It is
// the best sampler for programs of many tasks and has no parameter.
func POS(n int) Phase {
	return Phase{name: "POS", executions: n, make: func(l lane) strategy { return &pos{sampler: sampler{lane: l}} }}
}

// PCT draws n executions with random priorities of tasks and depth-1 points at
// which the running task falls behind all others. It finds a bug that needs
// depth ordered steps with a probability that is known.
func PCT(depth, n int) Phase {
	if depth < 1 {
		panic("explore: PCT needs a positive depth")
	}
	return Phase{name: fmt.Sprintf("PCT(%d)", depth), executions: n, make: func(l lane) strategy {
		return &pct{sampler: sampler{lane: l}, depth: depth}
	}}
}

// DPOR searches all executions that are not the same up to the order of
// independent steps, until the time is over; 0 is no limit.
func DPOR(d time.Duration) Phase {
	return Phase{name: "DPOR", time: d, tree: true, bound: "every order of dependent steps", make: treeOf(source, -1)}
}

// SleepSets is the same search with sleep sets alone. It visits more and is
// there to check the other against.
func SleepSets(d time.Duration) Phase {
	return Phase{name: "sleep sets", time: d, tree: true, bound: "every order of dependent steps", make: treeOf(sleep, -1)}
}

// Exhaustive searches all executions, those included that differ only in the
// order of independent steps.
func Exhaustive(d time.Duration) Phase {
	return Phase{name: "exhaustive", time: d, tree: true, bound: "every order of steps", make: treeOf(plain, -1)}
}

// Preemptions searches all executions in which at most n times a task that
// could go on is interrupted by another one.
func Preemptions(n int, d time.Duration) Phase {
	if n < 0 {
		panic("explore: Preemptions needs a number that is not negative")
	}
	return Phase{name: fmt.Sprintf("preemptions ≤ %d", n), time: d, tree: true,
		bound: fmt.Sprintf("every order of steps with at most %d preemptions", n), make: treeOf(plain, n)}
}

func treeOf(r reduction, bound int) func(lane) strategy {
	return func(lane) strategy { return newTree(r, bound) }
}
