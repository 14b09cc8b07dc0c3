package main

import "slices"

// A question is a row of sub-benchmarks that differ in impl= only.
type question struct {
	name  string // of the benchmark, without "Benchmark" and "/impl=…"
	about string // what one operation is
	pairs []pair
}

// A pair is measured in turns: ours, rival, ours, rival.
type pair struct{ ours, rival string }

// vs pairs one of ours with each of its rivals.
func vs(ours string, rivals ...string) []pair {
	var ps []pair
	for _, r := range rivals {
		ps = append(ps, pair{ours, r})
	}
	return ps
}

// grid is everything that is measured. The benchmarks of this package and the
// grid name the same things; a test holds them together.
var grid = []question{
	{"Uncontended/op=wake", "wake a queue in which nobody waits",
		slices.Concat(vs("floodgate", "cond", "chan", "callback"), vs("floodgate-single", "cond"))},
	{"Uncontended/op=wait", "wait for what is true already", vs("floodgate", "cond")},
	{"Uncontended/op=down+up", "take a free lock and give it back",
		vs("floodgate", "mutex", "xsync", "chan", "deadlock")},
	{"Uncontended/op=read", "take a free read-write lock to read and give it back", vs("floodgate", "rwmutex")},
	{"Uncontended/op=write", "take a free read-write lock to write and give it back", vs("floodgate", "rwmutex")},

	{"Contended/slack=1/work=0", "down and up of one lock, a goroutine per processor", vs("floodgate", contenders...)},
	{"Contended/slack=10/work=0", "the same, ten goroutines per processor", vs("floodgate", contenders...)},
	{"Contended/slack=10/work=100", "the same, with some work between up and down", vs("floodgate", contenders...)},

	{"PingPong/wait=plain", "two goroutines wake each other: a round trip",
		slices.Concat(vs("floodgate", "cond", "chan", "floor"), vs("floodgate-single", "cond"), vs("floodgate-sem", "cond"))},
	{"PingPong/wait=cancellable", "the same, and a context could end each wait",
		slices.Concat(vs("floodgate", "chan", "xsync"), vs("floodgate-waiter", "chan"), vs("floodgate-sem", "chan"))},
	{"Ring/wait=plain", "a token goes once round 16 goroutines: a round",
		slices.Concat(vs("floodgate", "cond", "chan", "floor"), vs("floodgate-single", "cond"), vs("floodgate-sem", "cond"))},
	{"Ring/wait=cancellable", "the same, and a context could end each wait",
		slices.Concat(vs("floodgate", "chan", "xsync"), vs("floodgate-waiter", "chan"), vs("floodgate-sem", "chan"))},

	{"WakeOne/parked=1", aboutWakeOne, wakeOne},
	{"WakeOne/parked=10", aboutWakeOne, wakeOne},
	{"WakeOne/parked=100", aboutWakeOne, wakeOne},
	{"WakeOne/parked=1000", aboutWakeOne, wakeOne},
	{"WakeOne/parked=10000", aboutWakeOne, wakeOne},

	{"WakeAll/parked=10", aboutWakeAll, wakeAll},
	{"WakeAll/parked=1000", aboutWakeAll, wakeAll},
	{"WakeAll/parked=10000", aboutWakeAll, wakeAll},

	{"Cancel/parked=1", aboutCancel, cancels},
	{"Cancel/parked=1000", aboutCancel, cancels},

	{"GetPut/cpus=1", "take a reference and drop it, one goroutine",
		slices.Concat(vs("floodgate", "atomic", "mutex", "waitgroup"), vs("floodgate-shared", "atomic"), vs("floodgate-sharded", "atomic"))},
	{"GetPut/cpus=all", "the same on every processor, one object",
		slices.Concat(vs("floodgate", "atomic", "mutex", "waitgroup"), vs("floodgate-sharded", "atomic"))},

	{"Load/tasks=8/wait=plain", aboutLoad, vs("floodgate", "xsync", "chan", "mutex")},
	{"Load/tasks=8/wait=cancellable", aboutLoad, vs("floodgate", "xsync", "chan")},
	{"Load/tasks=64/wait=plain", aboutLoad, vs("floodgate", "xsync", "chan", "mutex")},
}

const (
	aboutWakeOne = "wake one of so many, who runs and parks again behind the others"
	aboutWakeAll = "wake so many, until the last has run; parking them is not timed"
	aboutCancel  = "end the context of so many waits, until the last has returned; parking is not timed"
	aboutLoad    = "down and up of one lock by so many goroutines that do nothing else"
)

var (
	contenders = []string{"mutex", "xsync", "chan", "deadlock"}
	wakeOne    = slices.Concat(vs("floodgate", "cond", "chan", "xsync", "floor"), vs("floodgate-sem", "xsync"))
	wakeAll    = slices.Concat(vs("floodgate", "cond", "chan", "callback", "floor"), vs("floodgate-completion", "chan"))
	cancels    = slices.Concat(vs("floodgate", "chan", "xsync"), vs("floodgate-sem", "xsync"))
)

// An aim is what a pair is to reach: the ratio of ours to the rival.
type aim struct {
	what  string
	bench string
	pair  pair
	most  float64
	fair  bool // and no less fair than the rival
}

// aims are those that the project has set itself.
var aims = []aim{
	{what: "wake on an empty queue", bench: "Uncontended/op=wake", pair: pair{"floodgate", "cond"}, most: 0.9},
	{what: "sleep and wake round trip", bench: "PingPong/wait=plain", pair: pair{"floodgate", "cond"}, most: 0.85},
	{what: "sleep and wake round trip, cancellable", bench: "PingPong/wait=cancellable", pair: pair{"floodgate", "chan"}, most: 0.9},
	{what: "wake one among 1 000 parked", bench: "WakeOne/parked=1000", pair: pair{"floodgate", "cond"}, most: 1},
	{what: "wake all of 1 000", bench: "WakeAll/parked=1000", pair: pair{"floodgate", "cond"}, most: 1},
	{what: "wake all of 1 000", bench: "WakeAll/parked=1000", pair: pair{"floodgate", "chan"}, most: 1.1},
	{what: "down+up, no contention", bench: "Uncontended/op=down+up", pair: pair{"floodgate", "mutex"}, most: 1.1},
	{what: "down+up, no contention", bench: "Uncontended/op=down+up", pair: pair{"floodgate", "xsync"}, most: 0.5},
	{what: "down+up, 8 goroutines, at equal fairness", bench: "Load/tasks=8/wait=plain", pair: pair{"floodgate", "xsync"}, most: 0.5, fair: true},
	{what: "get+put, one goroutine", bench: "GetPut/cpus=1", pair: pair{"floodgate", "atomic"}, most: 1.3},
	{what: "get+put from all CPUs, sharded", bench: "GetPut/cpus=all", pair: pair{"floodgate-sharded", "atomic"}, most: 0.5},
}

// aimOf returns what p is to reach in the benchmark, or nil.
func aimOf(bench string, p pair) *aim {
	for i := range aims {
		if a := &aims[i]; a.bench == bench && a.pair == p {
			return a
		}
	}
	return nil
}
