package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/floodgate-go/floodgate/sched"
)

// The limits of paths, as in Linux. Both count bytes.
const (
	NameMax = 255  // one component
	PathMax = 4095 // a whole path
	MaxLink = 40   // symbolic links followed in one walk
)

// InputError is what is wrong with an argument, on top of the errno that the
// kernel would return for it. It matches that errno with [errors.Is].
type InputError struct {
	Errno  syscall.Errno
	Reason string // what was wrong, and what is allowed
}

// Error returns the reason and the errno's text.
func (e *InputError) Error() string { return e.Reason + ": " + e.Errno.Error() }

// Unwrap returns the errno.
func (e *InputError) Unwrap() error { return e.Errno }

// Badf makes an [InputError].
func Badf(errno syscall.Errno, format string, args ...any) error {
	return &InputError{Errno: errno, Reason: fmt.Sprintf(format, args...)}
}

// pathError puts the operation and the path around err. Each call of this
// package returns its errors in this form.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := err.(*fs.PathError); ok {
		return err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// Errno returns the errno in err, and 0 if there is none.
func Errno(err error) syscall.Errno {
	var e syscall.Errno
	errors.As(err, &e)
	return e
}

// CheckName checks one component of a path.
func CheckName(name string) error {
	switch {
	case name == "":
		return Badf(syscall.EINVAL, "empty name: a name has 1 to %d bytes", NameMax)
	case len(name) > NameMax:
		return Badf(syscall.ENAMETOOLONG, "name of %d bytes: at most %d are allowed", len(name), NameMax)
	}
	for i := range len(name) {
		switch name[i] {
		case '/':
			return Badf(syscall.EINVAL, "name %q: a slash separates names and is not part of one", name)
		case 0:
			return Badf(syscall.EINVAL, "name %q: the NUL byte is not allowed", name)
		}
	}
	return nil
}

// checkPath checks a path as a whole.
func checkPath(path string) error {
	switch {
	case path == "":
		return Badf(syscall.ENOENT, "empty path: the root is \"/\"")
	case len(path) > PathMax:
		return Badf(syscall.ENAMETOOLONG, "path of %d bytes: at most %d are allowed", len(path), PathMax)
	}
	for i := range len(path) {
		if path[i] == 0 {
			return Badf(syscall.EINVAL, "NUL byte at offset %d of the path", i)
		}
	}
	return nil
}

var errNilTask = Badf(syscall.EINVAL, "nil task: somebody must do it, see sched.NewTask")

// A BugError is a condition that makes the kernel crash (BUG, or a jump
// through a nil pointer): the state of the tree can no longer be trusted. It is
// given to the scheduler of the tree if that is a [sched.Reporter]; otherwise
// the task panics with it.
type BugError struct {
	Op   string      // what was being done, such as "d_instantiate"
	Name string      // the dentry or entry that it was done to
	What string      // what is wrong
	Task *sched.Task // who did it, where known
}

// Error names the operation, the object and the task.
func (e *BugError) Error() string {
	by := ""
	if e.Task != nil {
		by = fmt.Sprintf(" by %v", e.Task)
	}
	return fmt.Sprintf("vfs: BUG in %s(%q)%s: %s", e.Op, e.Name, by, e.What)
}

// Bug reports a [BugError] to s, and panics with it if nobody takes it.
func Bug(s sched.Scheduler, e *BugError) {
	if s == nil || !sched.Report(s, e) {
		panic(e)
	}
}
