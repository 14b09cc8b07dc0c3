package refcount

import (
	"errors"
	"fmt"
)

// AmountError is the panic value of an operation with an amount that is not
// positive or is over [Max]. The counter has not changed.
type AmountError struct {
	Op     string
	Name   string
	Amount int
}

// Error names the operation and the amount.
func (e *AmountError) Error() string {
	return fmt.Sprintf("refcount: %s(%d) of counter %q: amount out of range", e.Op, e.Amount, e.Name)
}

// CopiedError is the panic value of a method of a value that was copied after
// first use.
type CopiedError struct {
	Type string
	Name string
}

// Error names the type and the object.
func (e *CopiedError) Error() string {
	return fmt.Sprintf("refcount: %s %q was copied after first use", e.Type, e.Name)
}

// LiveError is the panic value of an Init of an object that is live, or of a
// Track that comes too late.
type LiveError struct {
	Name  string
	Count int
}

// Error names the object and its count.
func (e *LiveError) Error() string {
	return fmt.Sprintf("refcount: %q begins a life with %d references", e.Name, e.Count)
}

// StateError is the panic value of an operation that a [Sharded] or a [Dir]
// does not allow in its state, such as a second Kill.
type StateError struct {
	Op    string
	Name  string
	State string // "killed", "live", "in use", "exited", "switching"
}

// Error names the operation and the state.
func (e *StateError) Error() string {
	return fmt.Sprintf("refcount: %s of %q, which is %s", e.Op, e.Name, e.State)
}

// ErrReleased is what a *[ReleasedError] matches.
var ErrReleased = errors.New("refcount: reference released twice")

// ErrForeign is returned when a token is freed in a directory that did not
// make it. The token stays live.
var ErrForeign = errors.New("refcount: token of another directory")

// ReleasedError reports that a token was freed twice.
type ReleasedError struct {
	Dir   string
	Made  Place // where the reference was taken
	Freed Place // where it was dropped first
	Again Place // where it was dropped again
}

// Error names the three places.
func (e *ReleasedError) Error() string {
	return fmt.Sprintf("refcount: reference on %q released twice: in %v, after %v; taken in %v",
		e.Dir, e.Again, e.Freed, e.Made)
}

// Is reports whether target is [ErrReleased].
func (e *ReleasedError) Is(target error) bool { return target == ErrReleased }
