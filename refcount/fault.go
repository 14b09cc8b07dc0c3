package refcount

import (
	"fmt"
	"math"

	"github.com/floodgate-go/floodgate/sched"
)

// The range of a counter (REFCOUNT_MAX, REFCOUNT_SATURATED).
const (
	// Max is the largest good value, the kernel's INT_MAX.
	Max = math.MaxInt32
	// Saturated is the value of a counter that has gone wrong, the kernel's
	// INT_MIN/2. It stays there, so that the object leaks and is never
	// released early.
	Saturated = math.MinInt32 / 2
)

// FaultKind tells what went wrong with a counter (enum refcount_saturation_type).
type FaultKind uint8

// The kinds of faults. After each of them but LiveSet the counter is Saturated.
const (
	none          FaultKind = iota
	AddNotZeroOvf           // IncNotZero or AddNotZero went over Max: the object leaks
	AddOvf                  // Inc or Add went over Max: the object leaks
	AddUAF                  // Inc or Add at zero: the object was dead
	SubUAF                  // DecAndTest, SubAndTest or DecNotOne below zero: one put too many
	DecLeak                 // Dec reached or passed zero: the release never happens
	LiveSet                 // Set on a counter that was live; see Count.Set
	afterExit               // not a fault but a misuse, see Sharded.end
	numFaultKinds = iota
)

var faultKindNames = [numFaultKinds]string{
	"none", "ADD_NOT_ZERO_OVF", "ADD_OVF", "ADD_UAF", "SUB_UAF", "DEC_LEAK", "LIVE_SET", "",
}

var faultKindTexts = [numFaultKinds]string{
	"", "overflow, leaking memory", "overflow, leaking memory", "addition on 0, use after free",
	"underflow, use after free", "decrement hit 0, leaking memory", "set while live", "",
}

// String returns the kernel's name of the kind, such as "ADD_UAF".
func (k FaultKind) String() string {
	if int(k) < len(faultKindNames) {
		return faultKindNames[k]
	}
	return "FAULT"
}

// A Fault reports that a counter was misused. It is handed to the counter's
// scheduler or to the [Handler] after the counter has its final value.
type Fault struct {
	Kind   FaultKind
	Op     string // the method: "Inc", "DecAndTest"
	Name   string // of the counter; empty for one that was not given a name
	Old    int    // the value that the operation found
	Amount int    // the amount added, subtracted or set
	Where  Place  // the call
}

// Error says what happened to which counter.
func (f *Fault) Error() string {
	name := f.Name
	if name == "" {
		name = "counter"
	}
	return fmt.Sprintf("refcount: %s: %s (%v) in %s(%d) at %d in %v",
		name, faultKindTexts[f.Kind], f.Kind, f.Op, f.Amount, f.Old, f.Where)
}

// op is an operation of a counter.
type op uint8

const (
	opInc op = iota
	opIncNotZero
	opIncNotZeroLimit
	opDecAndTest
	opDec
	opDecIfOne
	opDecNotOne
)

var opNames = [...]string{"Inc", "IncNotZero", "AddNotZeroLimit", "DecAndTest", "Dec", "DecIfOne", "DecNotOne"}
var opNamesN = [...]string{"Add", "AddNotZero", "AddNotZeroLimit", "SubAndTest", "Dec", "DecIfOne", "DecNotOne"}

// name is the name of the method that does o.
func (o op) name(n int64) string {
	if n == 1 {
		return opNames[o]
	}
	return opNamesN[o]
}

// stepKind is what o is to a scheduler.
func (o op) stepKind() sched.OpKind {
	if o <= opIncNotZeroLimit {
		return sched.Get
	}
	return sched.Put
}

// apply is the transition table: what o with amount n > 0 makes of the value
// old, what it returns, and the fault. All arithmetic is in 64 bits, so no sum
// wraps, and a bad value is repaired in the step that meets it.
func (o op) apply(old, n, limit int64) (v int64, ok bool, fault FaultKind) {
	switch o {
	case opInc:
		switch {
		case old == 0:
			return Saturated, false, AddUAF
		case old < 0 || old+n > Max:
			return Saturated, false, AddOvf
		}
		return old + n, false, none
	case opIncNotZero:
		switch {
		case old == 0:
			return old, false, none
		case old < 0 || old+n > Max:
			return Saturated, true, AddNotZeroOvf
		}
		return old + n, true, none
	case opIncNotZeroLimit:
		if old <= 0 || old+n > limit {
			return old, false, none
		}
		return old + n, true, none
	case opDecAndTest:
		if old < n { // zero, bad, or too few
			return Saturated, false, SubUAF
		}
		return old - n, old == n, none
	case opDec:
		if old <= n {
			return Saturated, false, DecLeak
		}
		return old - n, false, none
	case opDecIfOne:
		if old != 1 {
			return old, false, none
		}
		return 0, true, none
	case opDecNotOne:
		switch {
		case old == 1:
			return old, false, none
		case old == 0:
			return Saturated, true, SubUAF
		case old < 0:
			return Saturated, true, none
		}
		return old - 1, true, none
	}
	panic("refcount: unknown operation")
}
