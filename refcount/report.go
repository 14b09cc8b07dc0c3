package refcount

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Handler is told of a fault: a *[Fault] of a counter, a *[UseAfterEnd] of a
// struct, a *[ReleasedError] of a tracked reference. It runs on the goroutine that ran
// into the fault, after the object has reached its final state, with no lock
// held; it may use the object, and it may panic. A fault that a handler makes
// itself is counted and logged, but not handed to a handler again.
type Handler func(fault error)

var (
	handler atomic.Pointer[Handler]
	faults  atomic.Int64
	logged  sync.Map // of string: what has been logged
	nLogged atomic.Int64
)

// maxLogged bounds the memory of what has been logged; beyond it faults are
// only counted.
const maxLogged = 1024

// SetHandler makes h the handler of the faults that no scheduler takes, and
// returns a function that brings the one before back. A fault goes to the
// scheduler of its object if that is a [sched.Reporter], else to h. With h nil,
// which is the default, it is logged with package log/slog, once per kind and
// name.
func SetHandler(h Handler) (restore func()) {
	var p *Handler
	if h != nil {
		p = &h
	}
	before := handler.Swap(p)
	return func() { handler.Store(before) }
}

// Faults returns the number of faults in this process that no scheduler took.
func Faults() int64 { return faults.Load() }

// report delivers a fault. Key says which faults are logged only once.
func report(s sched.Scheduler, key string, fault error) {
	if s != nil && sched.Report(s, fault) {
		return
	}
	faults.Add(1)
	if h := handler.Load(); h != nil && !inHandler() {
		callHandler(*h, fault)
		return
	}
	if nLogged.Load() >= maxLogged {
		return
	}
	if _, again := logged.LoadOrStore(key, true); !again {
		nLogged.Add(1)
		slog.Error(fault.Error())
	}
}

// callHandler has a name of its own so that inHandler finds it on the stack.
//
//go:noinline
func callHandler(h Handler, fault error) { h(fault) }

// inHandler reports whether this goroutine is in callHandler already.
func inHandler() bool { return onStack(pkgPrefix + "callHandler") }
