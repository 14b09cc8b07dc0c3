package waitq

import (
	"context"
	"fmt"
	"reflect"
	"sync"
)

// WaitVar sleeps until cond holds (wait_var_event), and tests it again on each
// [WakeVar] of p. It is [Queue.Wait] in all else. The key is the address with
// its type: in Go, &s and &s.first are different keys. T must have a size, as
// variables without one share addresses.
//
// The waiters of all variables sleep in one table of queues, so a variable
// needs none of its own. The table keeps no variable alive. It is of plain
// goroutines.
func WaitVar[T any](ctx context.Context, p *T, cond func() bool) error {
	checkVar("WaitVar", p)
	return waitVar(ctx, p, nil, cond)
}

// WaitVarLocked is [WaitVar] for a condition that l guards
// (wait_var_event_mutex). See [Queue.WaitLocked].
func WaitVarLocked[T any](ctx context.Context, p *T, l sync.Locker, cond func() bool) error {
	checkVar("WaitVarLocked", p)
	if l == nil {
		panic(&MisuseError{Object: varName(p), Op: "WaitVarLocked", Reason: "nil locker"})
	}
	return waitVar(ctx, p, l, cond)
}

// WakeVar wakes all who wait for the variable (wake_up_var).
func WakeVar[T any](p *T) {
	checkVar("WakeVar", p)
	wakeVar(p)
}

// StoreAndWake stores v and wakes all who wait for the variable
// (store_release_wake_up). P is a pointer to a type with a Store method, such as
// those of package sync/atomic.
func StoreAndWake[P interface {
	*A
	Store(T)
}, A, T any](p P, v T) {
	checkVar("StoreAndWake", (*A)(p))
	p.Store(v)
	wakeVar((*A)(p))
}

// DecAndWake subtracts one, and wakes all who wait for the variable if it is 0
// now, which it reports (atomic_dec_and_wake_up). P is a pointer to a type with
// an Add method, such as *[atomic.Int64].
func DecAndWake[P interface {
	*A
	Add(T) T
}, A any, T int32 | int64](p P) (zero bool) {
	checkVar("DecAndWake", (*A)(p))
	if p.Add(-1) != 0 {
		return false
	}
	wakeVar((*A)(p))
	return true
}

// The generic functions above only turn the pointer into a key.

func waitVar(ctx context.Context, key any, l sync.Locker, cond func() bool) error {
	q := sharedTable.Load().queue(tableKey{key, noBit})
	return q.wait(ctx, cond, &options{Options: Options{Key: key, Locker: l}, bit: noBit})
}

func wakeVar(key any) {
	q := sharedTable.Load().queue(tableKey{key, noBit})
	if !q.idle() {
		q.signal("WakeVar", &request{key: key, bit: noBit})
	}
}

func checkVar[T any](op string, p *T) {
	switch {
	case p == nil:
		panic(&MisuseError{Object: varName(p), Op: op, Reason: "nil pointer"})
	case reflect.TypeFor[T]().Size() == 0:
		panic(&MisuseError{Object: varName(p), Op: op, Reason: "variables without a size share addresses"})
	}
}

func varName[T any](*T) string { return fmt.Sprintf("variable of type %v", reflect.TypeFor[T]()) }
