package waitq

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A table is the hashed wait queues that bit and variable waits share. Keys
// that fall into one queue meet there, but no wake for one reaches the other.
type table struct {
	seed   maphash.Seed
	queues []Queue // a power of two
}

// tableSize is the number of queues of the shared table (WAIT_TABLE_SIZE).
const tableSize = 256

// sharedTable is the table of the package functions. Tests put another in its place.
var sharedTable atomic.Pointer[table]

func init() { sharedTable.Store(newTable(tableSize, nil)) }

func newTable(size int, s sched.Scheduler) *table {
	t := &table{seed: maphash.MakeSeed(), queues: make([]Queue, size)}
	if s != nil {
		for i := range t.queues {
			t.queues[i].Init(s, "table")
		}
	}
	return t
}

// A tableKey is a pointer and a bit number, or noBit for the variable as such:
// bit and variable waits on one address do not meet.
type tableKey struct {
	p   any
	bit uint8
}

const noBit = 64

func (t *table) queue(k tableKey) *Queue {
	return &t.queues[maphash.Comparable(t.seed, k)&uint64(len(t.queues)-1)]
}
