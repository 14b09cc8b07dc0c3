package sched_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

func expect(t *testing.T, r *recorder, want ...string) {
	t.Helper()
	if got := r.take(); !slices.Equal(got, want) {
		t.Errorf("steps:\n%q\nwant\n%q", got, want)
	}
}

func TestInt64Steps(t *testing.T) {
	r := &recorder{}
	var x sched.Int64
	x.Init(r, sched.Spec{Name: "x"})
	x.Store(3)
	if got := x.Add(-3); got != 0 {
		t.Errorf("Add = %d, want 0", got)
	}
	if x.CompareAndSwap(1, 2) {
		t.Error("CompareAndSwap(1, 2) on 0 succeeded")
	}
	if !x.CompareAndSwap(0, 2) {
		t.Error("CompareAndSwap(0, 2) on 0 failed")
	}
	if got := x.Swap(7); got != 2 {
		t.Errorf("Swap = %d, want 2", got)
	}
	if got := x.Load(); got != 7 {
		t.Errorf("Load = %d, want 7", got)
	}
	expect(t, r,
		"store x", "store x = 3",
		"update x", "update x = 0",
		"update x", "update x = 0 failed",
		"update x", "update x = 1",
		"update x", "update x = 7",
		"load x", "load x = 7")
	if got := x.Peek(); got != 7 {
		t.Errorf("Peek = %d, want 7", got)
	}
	expect(t, r) // Peek is no step
}

func TestPointerAndVarSteps(t *testing.T) {
	r := &recorder{}
	var p sched.Pointer[int]
	p.Init(r, sched.Spec{Name: "p"})
	one, two := new(int), new(int)
	p.Store(one)
	if p.CompareAndSwap(two, nil) {
		t.Error("CompareAndSwap of another pointer succeeded")
	}
	if !p.CompareAndSwap(one, nil) || p.Load() != nil {
		t.Error("CompareAndSwap to nil failed")
	}
	expect(t, r,
		"store p", "store p = 1",
		"update p", "update p = 0 failed",
		"update p", "update p = 1",
		"load p", "load p = 0")

	var v sched.Var[string]
	v.Init(r, sched.Spec{Name: "v"})
	if v.Load() != "" {
		t.Error("zero Var is not empty")
	}
	v.Store("plain")
	if v.Load() != "plain" || v.Peek() != "plain" {
		t.Error("Var lost its value")
	}
	expect(t, r, "load v", "load v = 0", "store v", "store v = 1", "load v", "load v = 1")
}

func TestInnerCellsAreHiddenFromACoarseScheduler(t *testing.T) {
	coarse, fine := &recorder{}, &recorder{inner: true}
	for _, r := range []*recorder{coarse, fine} {
		var x sched.Int64
		x.Init(r, sched.Spec{Name: "count", Inner: true})
		x.Add(1)
	}
	expect(t, coarse)
	expect(t, fine, "update count", "update count = 1")
}

func TestMutexGate(t *testing.T) {
	r := &recorder{}
	var m sched.Mutex
	m.Init(r, sched.Spec{Name: "m"})
	m.Lock()
	if m.TryLock() {
		t.Error("TryLock of a held mutex succeeded")
	}
	m.Unlock()
	if !m.TryLock() {
		t.Error("TryLock of a free mutex failed")
	}
	m.Unlock()
	expect(t, r,
		"lock m ready=true", "lock m = 1",
		"trylock m", "trylock m = 0 failed",
		"unlock m", "unlock m = 0",
		"trylock m", "trylock m = 1",
		"unlock m", "unlock m = 0")
}

func TestParkerKeepsOneWake(t *testing.T) {
	r := &recorder{}
	var p sched.Parker
	p.Init(r, sched.Spec{Name: "p"})
	if !p.Unpark() {
		t.Error("first Unpark says that a wake was there")
	}
	if p.Unpark() {
		t.Error("second Unpark says that none was there")
	}
	if err := p.Park(context.Background(), nil); err != nil {
		t.Errorf("Park with a wake = %v", err)
	}
	expect(t, r,
		"unpark p", "unpark p = 1",
		"unpark p", "unpark p = 0 failed",
		"park p ready=true", "park p = 1")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Park(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Park in an ended context = %v", err)
	}
	expect(t, r, "park p ready=true", "park p = 0 failed")
}

func TestParkerPrefersTheWake(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 100 { // select chooses at random
		var p sched.Parker
		p.Init(nil, sched.Spec{})
		p.Unpark()
		if err := p.Park(ctx, nil); err != nil {
			t.Fatalf("Park with a wake and an ended context = %v, want nil", err)
		}
	}
}

func TestParkerReset(t *testing.T) {
	var p sched.Parker
	p.Init(nil, sched.Spec{})
	p.Unpark()
	p.Reset()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Park(ctx, nil); err == nil {
		t.Error("Park found a wake that Reset should have forgotten")
	}
}

func TestUnseenCellsDoNotAllocate(t *testing.T) {
	var x sched.Int64
	var m sched.Mutex
	var p sched.Parker
	p.Init(nil, sched.Spec{})
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		m.Lock()
		x.Add(1)
		m.Unlock()
		p.Unpark()
		_ = p.Park(ctx, nil)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
