package lockdep

import "github.com/floodgate-go/floodgate/sched"

// An Order learns in which order tasks take locks.
type Order struct{}

type class struct{}
type duty struct{}
type reports struct{}

func (reports) deliver() {}

func (w *Watch) takeReports() reports { return reports{} }

func (*Order) acquiring(*Watch, *task, *object, sched.Op) {}
func (*Order) acquired(*Watch, *task, *object, sched.Op)  {}
func (*Order) releasing(*Watch, *task, *object, sched.Op) {}
func (*Order) waking(*Watch, *task, *object)              {}
func (*Order) closing(*Watch, *task, *object)             {}
func (*Order) ending(*Watch, *task)                       {}

// Waker notes who is to wake the sleepers of an object ([sched.SetWaker]).
func (w *Watch) Waker(*sched.Object, *sched.Task) {}
