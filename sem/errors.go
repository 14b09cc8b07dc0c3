package sem

import (
	"context"
	"errors"
	"fmt"

	"github.com/floodgate-go/floodgate/sched"
)

// The outcomes of a Down that are neither a permit nor the end of a context.
var (
	// ErrTimeout is returned by DownFor when the time is over (-ETIME).
	ErrTimeout error = timeoutError{}
	// ErrClosed is returned to those who wait when the semaphore is closed,
	// and to all who come later.
	ErrClosed = errors.New("sem: semaphore is closed")
	// ErrNeverGranted is returned when more permits are asked for than the
	// limit of the semaphore lets it ever have.
	ErrNeverGranted = errors.New("sem: more permits asked for than there can ever be")
)

// What can be wrong with a call; see [MisuseError].
var (
	// ErrOverRelease: an Up would raise the count above the limit.
	ErrOverRelease = errors.New("more permits given than the limit allows")
	// ErrRecursive: a task that holds a strict semaphore takes it again.
	ErrRecursive = errors.New("the task holds it already")
	// ErrForeign: a task gives a permit of a strict semaphore that it does
	// not hold.
	ErrForeign = errors.New("the task does not hold it")
	// ErrNoTask: a call on a strict semaphore by nobody.
	ErrNoTask = errors.New("it is strict and the call names no task")
	// ErrNotHeld: an unlock of an RW that is not locked in that way.
	ErrNotHeld = errors.New("it is not held in this mode")
	// ErrCopied: a method of a copy.
	ErrCopied = errors.New("it was copied after first use")
	// ErrInUse: an Init after first use.
	ErrInUse = errors.New("it is in use")
	// ErrBadCount: a number of permits that makes no sense.
	ErrBadCount = errors.New("the number of permits is out of range")
	// ErrNilContext: a nil context.
	ErrNilContext = errors.New("the context is nil")
)

// A MisuseError is the value that a method panics with when the program is
// wrong. It names the semaphore, and matches one of the errors above. The
// semaphore is as it was before the call.
type MisuseError struct {
	Name string      // of the semaphore, if it has one
	Op   string      // the method
	Err  error       // what was wrong
	Task *sched.Task // who called, where known
	Held *sched.Task // who held the semaphore last, where known
}

// Error says who did what to which semaphore.
func (e *MisuseError) Error() string {
	name := e.Name
	if name == "" {
		name = "a semaphore"
	}
	msg := fmt.Sprintf("sem: %s of %s: %v", e.Op, name, e.Err)
	if e.Task != nil {
		msg += fmt.Sprintf(" (by %v)", e.Task)
	}
	if e.Held != nil {
		msg += fmt.Sprintf(" (last held by %v)", e.Held)
	}
	return msg
}

// Unwrap returns what was wrong.
func (e *MisuseError) Unwrap() error { return e.Err }

// misuse makes the panic value of a wrong call by t.
func (s *Semaphore) misuse(op string, err error, t *sched.Task) *MisuseError {
	return &MisuseError{Name: s.label(), Op: op, Err: err, Task: t}
}

type timeoutError struct{}

func (timeoutError) Error() string { return "sem: timeout" }
func (timeoutError) Timeout() bool { return true }

// An endError is the end of a context that was given a cause.
type endError struct{ err, cause error }

func (e *endError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *endError) Unwrap() []error { return []error{e.err, e.cause} }

// contextError returns nil while ctx lives, and then what Down returns: an
// error that matches both ctx.Err() and the cause.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	switch cause := context.Cause(ctx); cause {
	case nil, err:
		return err
	case ErrTimeout: // DownFor's own
		return ErrTimeout
	default:
		return &endError{err, cause}
	}
}
