package waitq

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is matched by the error of each wait on a closed queue.
var ErrClosed = errors.New("waitq: queue is closed")

// ErrBusy is returned by [Queue.AddPriority] when a second exclusive waiter
// asks for the front place (-EBUSY of add_wait_queue_priority_exclusive).
var ErrBusy = errors.New("waitq: the front place is taken")

// A MisuseError is the panic value of a call that breaks the rules of this
// package. Nothing has been changed when it is thrown.
type MisuseError struct {
	Object string // the queue, completion or waiter, by type and name
	Op     string // the method called
	Reason string
}

// Error names the object, the call and the rule.
func (e *MisuseError) Error() string {
	return fmt.Sprintf("waitq: %s of %s: %s", e.Op, e.Object, e.Reason)
}

// endError is the end of a context that was given a cause of its own.
type endError struct{ err, cause error }

func (e *endError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *endError) Unwrap() []error { return []error{e.err, e.cause} }

// contextError returns the error of a wait that the end of ctx has ended: it
// matches ctx.Err() and context.Cause(ctx).
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || cause == err {
		return err
	}
	return &endError{err, cause}
}

// closedError is the error of a queue that was closed with a reason.
type closedError struct{ reason error }

func (e *closedError) Error() string   { return ErrClosed.Error() + ": " + e.reason.Error() }
func (e *closedError) Unwrap() []error { return []error{ErrClosed, e.reason} }
