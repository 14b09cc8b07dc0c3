package waitq

import (
	"context"
	"fmt"
	"sync/atomic"
)

// WaitBit sleeps until the bit of word is clear (wait_on_bit). It returns an
// error as [Queue.Wait] does. Whoever clears the bit must call [WakeBit] after
// that, or use [ClearBit]. Bits are numbered from 0 to 63; another number
// panics.
//
// The waiters of all words sleep in one table of queues, so a word needs none
// of its own. The table keeps no word alive. It is of plain goroutines.
func WaitBit(ctx context.Context, word *atomic.Uint64, bit uint) error {
	m := mask("WaitBit", word, bit)
	return waitBit(ctx, word, bit, false, func() bool { return word.Load()&m == 0 })
}

// LockBit sleeps until it can set the bit of word, and has set it on success
// (wait_on_bit_lock). Its holder releases it with [ClearBit], which happens
// before the return of the next LockBit. Waiters are exclusive.
func LockBit(ctx context.Context, word *atomic.Uint64, bit uint) error {
	m := mask("LockBit", word, bit)
	return waitBit(ctx, word, bit, true, func() bool { return word.Or(m)&m == 0 })
}

// ClearBit clears the bit of word, wakes its waiters if it was set, and reports
// whether it was (clear_and_wake_up_bit, test_and_clear_wake_up_bit).
func ClearBit(word *atomic.Uint64, bit uint) (wasSet bool) {
	m := mask("ClearBit", word, bit)
	if wasSet = word.And(^m)&m != 0; wasSet {
		WakeBit(word, bit)
	}
	return wasSet
}

// WakeBit wakes those in [WaitBit] and one in [LockBit] on the bit of word, if
// the bit is clear (wake_up_bit), and returns the number of the latter.
func WakeBit(word *atomic.Uint64, bit uint) int {
	mask("WakeBit", word, bit)
	q := sharedTable.Load().queue(tableKey{word, uint8(bit)})
	if q.idle() {
		return 0
	}
	return q.signal("WakeBit", &request{budget: 1, key: word, word: word, bit: uint8(bit)})
}

func waitBit(ctx context.Context, word *atomic.Uint64, bit uint, ex bool, cond func() bool) error {
	if ctx != nil && cond() {
		return nil
	}
	q := sharedTable.Load().queue(tableKey{word, uint8(bit)})
	return q.wait(ctx, cond, &options{Options: Options{Exclusive: ex, Key: word}, word: word, bit: uint8(bit)})
}

func mask(op string, word *atomic.Uint64, bit uint) uint64 {
	switch {
	case word == nil:
		panic(&MisuseError{Object: "bit", Op: op, Reason: "nil word"})
	case bit >= 64:
		panic(&MisuseError{Object: fmt.Sprintf("bit %d", bit), Op: op, Reason: "a word has 64 bits"})
	}
	return 1 << bit
}
