package sched

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// Noise is a scheduler of real goroutines that yields the processor before
// some steps, at random. Races that a machine almost never shows by itself
// show up under noise every thousand runs or so. Make one with [NewNoise].
type Noise struct {
	Goroutines
	every uint64
	seed  uint64
	n     atomic.Uint64
}

// NewNoise returns a scheduler that yields before one step in every, chosen by
// seed and the order in which the steps come. Every must be positive. It sees
// programs at the grain of whole primitives.
func NewNoise(seed uint64, every int) *Noise {
	if every <= 0 {
		panic("sched: NewNoise needs a positive rate")
	}
	return &Noise{every: uint64(every), seed: seed}
}

// Object registers every object that is not inner.
func (n *Noise) Object(spec Spec) *Object {
	if spec.Inner {
		return nil
	}
	return &Object{Spec: spec, Sched: n}
}

// Step yields the processor, or does not.
func (n *Noise) Step(op Op) {
	if op.Kind == Yield || rand.NewPCG(n.seed, n.n.Add(1)).Uint64()%n.every == 0 {
		runtime.Gosched()
	}
}
