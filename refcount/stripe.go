package refcount

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/floodgate-go/floodgate/sched"
)

// Which stripe a goroutine uses should be a matter of which processor it is on,
// so that processors do not share cache lines, and must cost less than the
// shared word that stripes avoid. Go does not tell the processor. A token kept
// in a sync.Pool is a good proxy but costs more than the count itself. So a
// stripe goes with the goroutine: the address of its stack, hashed, selects a
// hint, and the hint names the stripe. Two goroutines that run at the same time
// on one stripe find out when a compare-and-swap fails, and one of them moves
// its hint on. A stack that has moved only finds another hint.

const (
	hintBits = 10
	// stackShift is the size of the smallest stack, in bits.
	stackShift = 11
)

var hints [1 << hintBits]atomic.Uint32

func init() {
	for i := range hints {
		hints[i].Store(uint32(i))
	}
}

// stripeHint returns the calling goroutine's hint.
func stripeHint() *atomic.Uint32 {
	var here byte
	h := uint64(uintptr(unsafe.Pointer(&here))>>stackShift) * 0x9e3779b97f4a7c15
	return &hints[h>>(64-hintBits)]
}

// stripeCount is the number of stripes of a count: a power of two, twice as
// many as processors, so that a goroutine that moves finds a free one; two where
// a scheduler watches, see addWatched.
func stripeCount(s sched.Scheduler) int {
	if s != nil {
		return 2
	}
	return max(4, 2<<bits.Len(uint(runtime.GOMAXPROCS(0)-1)))
}
