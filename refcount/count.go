package refcount

import (
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Count is a reference counter that saturates (refcount_t). Its values are 0,
// dead; 1 to [Max], live; and [Saturated], pinned: a counter that overflows,
// goes below zero or is raised from the dead takes that value, reports a
// [Fault], and keeps it, so that the object leaks and is never released while
// somebody still has it.
//
// The zero Count is 0 on plain goroutines; Init or Set gives it a value. All
// methods but Init may be called concurrently. A Count must not be copied
// after first use; its methods panic with a *[CopiedError] on a copy.
//
// Each operation is one atomic read-modify-write: nobody ever sees a value that
// is to be repaired later. What a goroutine did before an operation that lowers
// the counter happens before the return of the one that lowers it to zero.
// Amounts must be positive and at most [Max]; others panic with an
// *[AmountError] and change nothing.
type Count struct {
	v sched.Int64
	// self is the counter itself once it is in use on plain goroutines: one
	// comparison tells the fast path that nobody watches, and that this is
	// no copy.
	self atomic.Pointer[Count]
	meta *countMeta // nil: never given to Init
}

// countMeta is what a counter knows about itself beyond its value.
type countMeta struct {
	s     sched.Scheduler
	obj   *sched.Object // nil: nobody watches whole operations
	name  string
	owner *Count
}

// Init gives the counter the value n and registers it with s (refcount_set,
// REFCOUNT_INIT). S may be nil; the name is for reports. It must come before
// first use. It panics with an *AmountError if n is negative or over Max.
func (c *Count) Init(s sched.Scheduler, name string, n int) {
	if s == nil && name == "" {
		c.init(nil, nil, "", n)
		return
	}
	c.init(new(countMeta), s, name, n)
}

// init is Init with the memory for what the counter is to know.
func (c *Count) init(m *countMeta, s sched.Scheduler, name string, n int) {
	if n < 0 || n > Max {
		panic(&AmountError{Op: "Init", Name: name, Amount: n})
	}
	c.meta = m
	c.self.Store(nil)
	c.v.Store(int64(n)) // before it is seen: a value at birth is no step
	if m != nil {
		m.s, m.name, m.owner = s, name, c
		m.obj = sched.Register(s, sched.Spec{Kind: sched.KindCount, Name: name})
		c.v.Init(s, sched.Spec{Name: name, Inner: true})
	}
	if m == nil || m.obj == nil {
		c.self.Store(c)
	}
}

// object checks that c is not a copy and returns what watches it.
func (c *Count) object() *sched.Object {
	if self := c.self.Load(); self != c {
		if self != nil || c.meta != nil && c.meta.owner != c {
			panic(&CopiedError{Type: "Count", Name: c.name()})
		}
		if c.meta == nil || c.meta.obj == nil {
			c.self.CompareAndSwap(nil, c)
		}
	}
	if c.meta == nil {
		return nil
	}
	return c.meta.obj
}

func (c *Count) scheduler() sched.Scheduler {
	if c.meta == nil {
		return nil
	}
	return c.meta.s
}

func (c *Count) name() string {
	if c.meta == nil {
		return ""
	}
	return c.meta.name
}

// do is the whole of each operation: one step, one transition of the table.
func (c *Count) do(o op, n, limit int64, t *sched.Task) (ok bool, fault FaultKind) {
	ok, old, fault := c.try(o, n, limit, t)
	if fault != none {
		c.fault(fault, o.name(n), old, n, t)
	}
	return ok, fault
}

// try is do without the report.
func (c *Count) try(o op, n, limit int64, t *sched.Task) (ok bool, old int64, fault FaultKind) {
	obj := c.object()
	step := sched.Op{Kind: o.stepKind(), Arg: n, Task: t}
	if obj != nil {
		obj.Step(step)
	}
	var v int64
	for {
		old = c.v.Load()
		v, ok, fault = o.apply(old, n, limit)
		if v == old || c.v.CompareAndSwap(old, v) {
			break
		}
	}
	if obj != nil {
		step.Failed = v == old
		obj.Done(step, v)
	}
	return ok, old, fault
}

func (c *Count) fault(k FaultKind, op string, old, n int64, t *sched.Task) {
	f := &Fault{Kind: k, Op: op, Name: c.name(), Old: int(old), Amount: int(n), Where: here(t)}
	report(c.scheduler(), "count "+k.String()+" "+f.Name, f)
}

func (c *Count) amount(op string, n int) int64 {
	if n <= 0 || n > Max {
		panic(&AmountError{Op: op, Name: c.name(), Amount: n})
	}
	return int64(n)
}

// Read returns the value (refcount_read): 0 to Max, or Saturated. It is a hint,
// old when the caller sees it.
func (c *Count) Read() int {
	obj := c.object()
	if obj != nil {
		obj.Step(sched.Op{Kind: sched.Inspect})
	}
	v := c.v.Load()
	if obj != nil {
		obj.Done(sched.Op{Kind: sched.Inspect}, v)
	}
	return int(v)
}

// Peek returns the value without a step, for reports and checks.
func (c *Count) Peek() int { return int(c.v.Peek()) }

// Set makes the value n whatever it was (refcount_set). Only this revives a
// counter that is 0 or Saturated. It is for an object that nobody else has: a
// Set on a live counter is a LiveSet fault, where the counter has a scheduler
// and after [CheckLives]. It panics with an *AmountError if n is negative or
// over Max.
func (c *Count) Set(n int) {
	if n < 0 || n > Max {
		panic(&AmountError{Op: "Set", Name: c.name(), Amount: n})
	}
	obj := c.object()
	step := sched.Op{Kind: sched.Store, Arg: int64(n)}
	if obj != nil {
		obj.Step(step)
	}
	old := c.v.Swap(int64(n))
	if obj != nil {
		obj.Done(step, int64(n))
	}
	if old > 0 && (c.scheduler() != nil || checkLives.Load()) {
		c.fault(LiveSet, "Set", old, int64(n), nil)
	}
}

// Inc adds one reference (refcount_inc). The caller must have one already. At
// zero it is an AddUAF fault, beyond Max an AddOvf fault.
func (c *Count) Inc() {
	if c.self.Load() == c {
		if old := c.v.Load(); old > 0 && old < Max && c.v.CompareAndSwap(old, old+1) {
			return
		}
	}
	c.do(opInc, 1, 0, nil)
}

// Add adds n references (refcount_add). See [Count.Inc].
func (c *Count) Add(n int) { c.do(opInc, c.amount("Add", n), 0, nil) }

// IncNotZero adds a reference unless the counter is zero, and reports whether
// it did (refcount_inc_not_zero). It is for look-ups that have no reference of
// their own. Beyond Max it is an AddNotZeroOvf fault and reports true.
func (c *Count) IncNotZero() bool {
	if c.self.Load() == c {
		if old := c.v.Load(); old > 0 && old < Max && c.v.CompareAndSwap(old, old+1) {
			return true
		}
	}
	ok, _ := c.do(opIncNotZero, 1, 0, nil)
	return ok
}

// AddNotZero adds n references unless the counter is zero, and reports whether
// it did (refcount_add_not_zero). See [Count.IncNotZero].
func (c *Count) AddNotZero(n int) bool {
	ok, _ := c.do(opIncNotZero, c.amount("AddNotZero", n), 0, nil)
	return ok
}

// AddNotZeroLimit adds n references unless the counter is zero or saturated or
// the sum would pass limit, and reports whether it did
// (refcount_add_not_zero_limited_acquire). It never saturates and never
// faults. Limit is at most Max; a larger one counts as Max.
func (c *Count) AddNotZeroLimit(n, limit int) bool {
	ok, _ := c.do(opIncNotZeroLimit, c.amount("AddNotZeroLimit", n), int64(min(limit, Max)), nil)
	return ok
}

// DecAndTest drops a reference and reports true if it was the last one
// (refcount_dec_and_test). Exactly one call reports true in each life of the
// counter. At zero or Saturated it is a SubUAF fault and reports false.
func (c *Count) DecAndTest() bool {
	if c.self.Load() == c {
		if old := c.v.Load(); old > 0 && c.v.CompareAndSwap(old, old-1) {
			return old == 1
		}
	}
	ok, _ := c.do(opDecAndTest, 1, 0, nil)
	return ok
}

// SubAndTest drops n references and reports true if they were the last ones
// (refcount_sub_and_test). See [Count.DecAndTest].
func (c *Count) SubAndTest(n int) bool {
	ok, _ := c.do(opDecAndTest, c.amount("SubAndTest", n), 0, nil)
	return ok
}

// Dec drops a reference that is known not to be the last one (refcount_dec). If
// it is, that is a DecLeak fault.
func (c *Count) Dec() { c.do(opDec, 1, 0, nil) }

// DecIfOne drops the last reference if only one is left, and reports whether it
// did (refcount_dec_if_one). It never faults.
func (c *Count) DecIfOne() bool {
	ok, _ := c.do(opDecIfOne, 1, 0, nil)
	return ok
}

// DecNotOne drops a reference unless it is the last one, and reports whether it
// did (refcount_dec_not_one). At zero it is a SubUAF fault, and at Saturated
// nothing changes; both report true, as the caller has nothing to release.
func (c *Count) DecNotOne() bool {
	if c.self.Load() == c {
		if old := c.v.Load(); old > 1 && c.v.CompareAndSwap(old, old-1) {
			return true
		}
	}
	ok, _ := c.do(opDecNotOne, 1, 0, nil)
	return ok
}

// DecAndLock drops a reference. If it is the last one, it takes l first, and
// reports true with l held and the counter at zero; else l is not held
// (refcount_dec_and_lock, refcount_dec_and_mutex_lock). A look-up that holds l
// never finds the counter at zero, which it would after DecAndTest and Lock.
// While the counter is over one, at zero (a SubUAF fault) or Saturated, l is
// not touched. It panics if l is nil.
func (c *Count) DecAndLock(l sync.Locker) bool {
	if l == nil {
		panic("refcount: DecAndLock with a nil lock")
	}
	if c.DecNotOne() {
		return false
	}
	l.Lock()
	if !c.DecAndTest() { // somebody who held l has taken a reference
		l.Unlock()
		return false
	}
	return true
}
