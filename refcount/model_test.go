package refcount

import "github.com/floodgate-go/floodgate/sched"

type schedOp = sched.Op

// opSeen is a step and how many steps were seen before it.
type opSeen struct {
	sched.Op
	n int
}

// model is refcount_t as the kernel computes it, in 32 bits that wrap, with the
// repair after the fact; and with the two holes of dec_not_one closed.
type model struct {
	v     int32
	fault FaultKind // of the last operation
}

func (m *model) saturate(k FaultKind) { m.v, m.fault = Saturated, k }

func (m *model) add(n int32) {
	m.fault = none
	old := m.v
	m.v = old + n
	if old == 0 {
		m.saturate(AddUAF)
	} else if old < 0 || m.v < 0 {
		m.saturate(AddOvf)
	}
}

func (m *model) addNotZero(n int32) bool {
	m.fault = none
	old := m.v
	if old == 0 {
		return false
	}
	m.v = old + n
	if old < 0 || m.v < 0 {
		m.saturate(AddNotZeroOvf)
	}
	return true
}

func (m *model) addLimit(n, limit int32) bool {
	m.fault = none
	if m.v <= 0 || limit-m.v < n {
		return false
	}
	m.v += n
	return true
}

func (m *model) subAndTest(n int32) bool {
	m.fault = none
	old := m.v
	m.v = old - n
	if old > 0 && old == n {
		return true
	}
	if old <= 0 || m.v < 0 {
		m.saturate(SubUAF)
	}
	return false
}

func (m *model) dec() {
	m.fault = none
	old := m.v
	m.v = old - 1
	if old <= 1 {
		m.saturate(DecLeak)
	}
}

func (m *model) decIfOne() bool {
	m.fault = none
	if m.v == 1 {
		m.v = 0
		return true
	}
	return false
}

func (m *model) decNotOne() bool {
	m.fault = none
	switch {
	case m.v == 1:
		return false
	case m.v == 0:
		m.saturate(SubUAF)
	case m.v < 0:
		m.saturate(none)
	default:
		m.v--
	}
	return true
}

// A call is an operation of a counter with its amount, for tables, fuzzing and
// histories.
type call struct {
	op    string
	n     int
	limit int
}

// calls are the names of the operations that a program of a fuzzer picks from.
var calls = []string{"Inc", "Add", "IncNotZero", "AddNotZero", "AddNotZeroLimit",
	"DecAndTest", "SubAndTest", "Dec", "DecIfOne", "DecNotOne", "Read"}

// do makes the call on a real counter; the result is 1 for true, the value for
// Read, else 0.
func (k call) do(c *Count) int {
	b := false
	switch k.op {
	case "Inc":
		c.Inc()
	case "Add":
		c.Add(k.n)
	case "IncNotZero":
		b = c.IncNotZero()
	case "AddNotZero":
		b = c.AddNotZero(k.n)
	case "AddNotZeroLimit":
		b = c.AddNotZeroLimit(k.n, k.limit)
	case "DecAndTest":
		b = c.DecAndTest()
	case "SubAndTest":
		b = c.SubAndTest(k.n)
	case "Dec":
		c.Dec()
	case "DecIfOne":
		b = c.DecIfOne()
	case "DecNotOne":
		b = c.DecNotOne()
	case "Read":
		return c.Read()
	case "Set":
		c.Set(k.n)
	default:
		panic(k.op)
	}
	return int(truth(b))
}

// model makes the call on the model.
func (k call) model(m *model) int {
	b := false
	switch k.op {
	case "Inc":
		m.add(1)
	case "Add":
		m.add(int32(k.n))
	case "IncNotZero":
		b = m.addNotZero(1)
	case "AddNotZero":
		b = m.addNotZero(int32(k.n))
	case "AddNotZeroLimit":
		b = m.addLimit(int32(k.n), int32(k.limit))
	case "DecAndTest":
		b = m.subAndTest(1)
	case "SubAndTest":
		b = m.subAndTest(int32(k.n))
	case "Dec":
		m.dec()
	case "DecIfOne":
		b = m.decIfOne()
	case "DecNotOne":
		b = m.decNotOne()
	case "Read":
		m.fault = none
		return int(m.v)
	case "Set":
		m.v, m.fault = int32(k.n), none
	default:
		panic(k.op)
	}
	return int(truth(b))
}
