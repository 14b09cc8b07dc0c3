package refcount

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mustPanic calls f and returns what it panicked with.
func mustPanic(t *testing.T, f func()) (e any) {
	t.Helper()
	defer func() {
		if e = recover(); e == nil {
			t.Helper()
			t.Error("no panic")
		}
	}()
	f()
	return nil
}

// at runs f once, when the next step of that kind is announced: the exact
// window before an atomic or a lock of a primitive takes effect.
func (r *recorder) at(match func(op opSeen) bool, f func()) {
	n := 0
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = func(op schedOp) {
		if !match(opSeen{op, n}) {
			n++
			return
		}
		r.mu.Lock()
		r.hook = nil
		r.mu.Unlock()
		f()
	}
}
