package waitq

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/floodgate-go/floodgate/sched"
)

func TestB1_CollidingKeysAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := useTable(t, 1, nil)
		const n = 1000
		words := make([]atomic.Uint64, n)
		vars := make([]int64, n)
		var tests [n]int
		var locks, vs []<-chan error
		var ready atomic.Int64
		ready.Store(-1)
		for i := range n {
			words[i].Store(1)
			locks = append(locks, start(func() error { return LockBit(ctxOf(t), &words[i], 0) }))
			vs = append(vs, start(func() error {
				return WaitVar(ctxOf(t), &vars[i], func() bool { tests[i]++; return ready.Load() == int64(i) })
			}))
		}
		synctest.Wait()
		before := tests
		if got := table.queues[0].Len(); got != 2*n {
			t.Fatalf("%d entries, want all in one queue", got)
		}
		ready.Store(500)
		WakeVar(&vars[500])
		returned(t, "the wait for variable 500", vs[500], nil)
		for i, k := range tests {
			if i != 500 && k != before[i] {
				t.Fatalf("variable %d was tested %d times, and %d before the wake of another", i, k, before[i])
			}
		}
		if !ClearBit(&words[700], 0) {
			t.Error("the bit was clear")
		}
		returned(t, "the lock of bit 700", locks[700], nil)
		if got := table.queues[0].Len(); got != 2*n-2 {
			t.Errorf("%d entries are left, want all but two", got)
		}
		// A bit and the word as a variable are different keys.
		x := start(func() error { return WaitVar(ctxOf(t), &words[3], never) })
		synctest.Wait()
		WakeVar(&words[3])
		sleeps(t, "the lock of a bit after a wake of its word", locks[3])
		sleeps(t, "the wait for a word", x)
	})
}

func TestB2_OneHolderPerBit(t *testing.T) {
	for _, size := range []int{1, tableSize} {
		useTable(t, size, nil)
		var word atomic.Uint64
		var in [2]int // plain: the lock orders its users
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				bit := uint(i % 2)
				for range 100 {
					if err := LockBit(bg, &word, bit); err != nil {
						t.Error(err)
					}
					if in[bit]++; in[bit] != 1 {
						t.Errorf("%d holders of bit %d", in[bit], bit)
					}
					if i%3 == 0 {
						runtime.Gosched()
					}
					in[bit]--
					ClearBit(&word, bit)
				}
			})
		}
		wg.Wait()
		if w := word.Load(); w != 0 {
			t.Errorf("the word is %b", w)
		}
	}
}

func TestB3_AWakeWhileTheBitIsSetDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &grain{}
		useTable(t, 1, g)
		var word atomic.Uint64
		word.Store(1)
		a := start(func() error { return WaitBit(bg, &word, 0) })
		synctest.Wait()
		b := start(func() error { return LockBit(bg, &word, 0) })
		synctest.Wait()
		again := false
		g.at = func(op sched.Op) {
			if op.Kind == sched.Wake && !again {
				again = true
				word.Store(1) // set again before the walk
			}
		}
		if !ClearBit(&word, 0) {
			t.Error("the bit was clear")
		}
		if !again {
			t.Fatal("the hook was not called")
		}
		sleeps(t, "WaitBit", a)
		sleeps(t, "LockBit", b)
		if n := WakeBit(&word, 0); n != 0 {
			t.Errorf("WakeBit of a set bit woke %d", n)
		}
		ClearBit(&word, 0)
		synctest.Wait()
		returned(t, "LockBit", b, nil)
		ClearBit(&word, 0)
		returned(t, "WaitBit", a, nil)
	})
}

func TestB4_CancelMeetsClear(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			// The cancelled waiter is held when it is about to leave the
			// queue; the bit is cleared, and it is chosen.
			g := &grain{}
			useTable(t, 1, g)
			var word atomic.Uint64
			word.Store(1)
			ctx, cancel := context.WithCancel(bg)
			a := start(func() error { return LockBit(ctx, &word, 0) })
			synctest.Wait()
			b := start(func() error { return LockBit(bg, &word, 0) })
			synctest.Wait()
			in, open := make(chan bool), make(chan bool)
			var once sync.Once
			g.at = func(op sched.Op) {
				if op.Kind == sched.Dequeue {
					once.Do(func() { close(in); <-open })
				}
			}
			cancel()
			<-in
			ClearBit(&word, 0)
			close(open)
			synctest.Wait()
			switch err := <-a; {
			case err == nil:
				sleeps(t, "the second LockBit", b)
				ClearBit(&word, 0)
			case !errors.Is(err, context.Canceled):
				t.Errorf("LockBit = %v", err)
			}
			returned(t, "the second LockBit", b, nil)
			if word.Load() != 1 {
				t.Error("the bit is not held")
			}
		})
	}
}

// The bit is taken by a third between the wake and the last look of the
// cancelled waiter, and released again: the second waiter must get it.
func TestB4_ACancelledWaiterPassesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &grain{}
		useTable(t, 1, g)
		var word atomic.Uint64
		word.Store(1)
		ctx, cancel := context.WithCancel(bg)
		a := start(func() error { return LockBit(ctx, &word, 0) })
		synctest.Wait()
		b := start(func() error { return LockBit(bg, &word, 0) })
		synctest.Wait()
		in, open := make(chan bool), make(chan bool)
		var once sync.Once
		g.at = func(op sched.Op) {
			if op.Kind == sched.Dequeue {
				once.Do(func() { close(in); <-open })
			}
		}
		cancel()
		<-in
		ClearBit(&word, 0)
		word.Or(1) // a third was faster,
		close(open)
		returned(t, "the cancelled LockBit", a, context.Canceled)
		sleeps(t, "the second LockBit", b)
		ClearBit(&word, 0) // and is done
		returned(t, "the second LockBit", b, nil)
	})
}

func TestB5_OtherBitsStay(t *testing.T) {
	var word atomic.Uint64
	var want uint64
	for _, op := range randomProgram(5, 5000) {
		bit := uint(op & 63)
		if want&(1<<bit) == 0 {
			if err := LockBit(bg, &word, bit); err != nil {
				t.Fatal(err)
			}
			want |= 1 << bit
		} else {
			if !ClearBit(&word, bit) {
				t.Errorf("bit %d was clear", bit)
			}
			want &^= 1 << bit
			if ClearBit(&word, bit) {
				t.Errorf("bit %d was set", bit)
			}
		}
		if got := word.Load(); got != want {
			t.Fatalf("the word is %b, want %b", got, want)
		}
	}
}

func TestB6_ClearBitPublishes(t *testing.T) {
	for _, wait := range []func(*atomic.Uint64) error{
		func(w *atomic.Uint64) error { return WaitBit(bg, w, 63) },
		func(w *atomic.Uint64) error { return LockBit(bg, w, 63) },
	} {
		for range 200 {
			var word atomic.Uint64
			word.Store(1 << 63)
			x := 0
			go func() {
				x = 1
				ClearBit(&word, 63)
			}()
			if err := wait(&word); err != nil || x != 1 {
				t.Fatalf("wait = %v, x = %d", err, x)
			}
		}
	}
}

func TestB7_Keys(t *testing.T) {
	var word atomic.Uint64
	for _, bit := range []uint{64, 65, 1 << 31} {
		misused(t, "WaitBit", func() { WaitBit(bg, &word, bit) })
		misused(t, "LockBit", func() { LockBit(bg, &word, bit) })
		misused(t, "ClearBit", func() { ClearBit(&word, bit) })
		misused(t, "WakeBit", func() { WakeBit(&word, bit) })
	}
	var none struct{}
	misused(t, "WaitVar of nothing", func() { WaitVar(bg, &none, always) })
	misused(t, "WakeVar of nothing", func() { WakeVar(&none) })
	misused(t, "WakeVar of an empty array", func() { WakeVar(new([0]int)) })

	synctest.Test(t, func(t *testing.T) {
		useTable(t, 1, nil)
		var s struct{ first, second int }
		tests := 0
		c := start(func() error { return WaitVar(ctxOf(t), &s, func() bool { tests++; return false }) })
		synctest.Wait()
		before := tests
		WakeVar(&s.first)
		sleeps(t, "WaitVar", c)
		if tests != before {
			t.Errorf("%d tests after a wake of the first field, want %d", tests, before)
		}
		WakeVar(&s)
		sleeps(t, "WaitVar", c)
		if tests != before+2 {
			t.Errorf("%d tests after a wake of the struct, want %d", tests, before+2)
		}
	})
}

func TestB8_NoKeyIsKept(t *testing.T) {
	type thing struct {
		word atomic.Uint64
		v    [4]int
	}
	var old []weak.Pointer[thing]
	for range 20 {
		x := new(thing)
		x.word.Store(2)
		ctx, cancel := context.WithCancel(bg)
		done := make(chan bool, 3)
		go func() { LockBit(bg, &x.word, 1); ClearBit(&x.word, 1); done <- true }()
		go func() { WaitBit(ctx, &x.word, 1); done <- true }()
		go func() { WaitVar(ctx, &x.v, never); done <- true }()
		ClearBit(&x.word, 1)
		WakeVar(&x.v)
		cancel()
		for range 3 {
			<-done
		}
		old = append(old, weak.Make(x))
	}
	for i := 0; len(old) > 0; i++ {
		runtime.GC()
		if old[0].Value() == nil {
			old = old[1:]
		} else if i > 1000 {
			t.Fatalf("%d things are still reachable", len(old))
		}
	}
}

func TestB8_ThePoolKeepsNothing(t *testing.T) {
	for range 20 {
		var q Queue
		err := q.WaitOpts(bg, func() bool { return q.Len() > 0 }, Options{Key: "key"})
		w := q.newSleeper()
		if err != nil || w.Key != nil || w.by != nil {
			t.Fatalf("Wait = %v; a waiter from the pool has keys %v, %v", err, w.Key, w.by)
		}
		w.release(false)
	}
}

func TestB9_DecAndWakeWakesAtZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		useTable(t, 1, nil)
		var n atomic.Int64
		n.Store(100)
		tests := 0
		c := start(func() error { return WaitVar(bg, &n, func() bool { tests++; return n.Load() == 0 }) })
		synctest.Wait()
		before := tests
		var zero atomic.Int64
		var wg sync.WaitGroup
		for range 99 {
			wg.Go(func() {
				if DecAndWake(&n) {
					zero.Add(1)
				}
			})
		}
		wg.Wait()
		sleeps(t, "WaitVar", c)
		if tests != before || zero.Load() != 0 {
			t.Errorf("%d tests and %d zeros before zero, want %d and 0", tests, zero.Load(), before)
		}
		if !DecAndWake(&n) {
			t.Error("the decrement to zero does not say so")
		}
		returned(t, "WaitVar", c, nil)
		if DecAndWake(&n) {
			t.Error("a decrement to -1 says that it was to zero")
		}

		var m atomic.Int32
		m.Store(64)
		for range 64 {
			wg.Go(func() {
				if DecAndWake(&m) {
					zero.Add(1)
				}
			})
		}
		wg.Wait()
		if zero.Load() != 1 {
			t.Errorf("%d of 64 decrements say that they were to zero", zero.Load())
		}
	})
}

func TestB11_WakeVarNeedsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x atomic.Bool
		tests := 0
		c := start(func() error { return WaitVar(bg, &x, func() bool { tests++; return x.Load() }) })
		sleeps(t, "WaitVar", c)
		before := tests
		for i := range 10 {
			sleeps(t, "WaitVar", c)
			if tests != before+2*i {
				t.Errorf("%d tests after %d wakes, want %d", tests, i, before+2*i)
			}
			WakeVar(&x)
		}
		sleeps(t, "WaitVar", c)
		StoreAndWake(&x, true)
		returned(t, "WaitVar", c, nil)
	})
}

// The queue suite runs through WaitVar on a table with one slot in the form
// "variable" of the tests of Q properties; here, that this form is what it says.
func TestB10_OneSlotServesAll(t *testing.T) {
	ran := false
	forms(t, func(t *testing.T, q *form) {
		if q.Queue != nil {
			return
		}
		ran = true
		if n := len(sharedTable.Load().queues); n != 1 {
			t.Errorf("the table has %d slots", n)
		}
		if n := sharedTable.Load().queues[0].Len(); n != 1 {
			t.Errorf("%d foreign waiters share the slot, want 1", n)
		}
		const n = 50
		var ready [n]atomic.Bool
		var vars [n]int
		var cs [n]<-chan error
		for i := range n {
			cs[i] = start(func() error { return WaitVar(bg, &vars[i], ready[i].Load) })
		}
		synctest.Wait()
		for i := range n {
			ready[i].Store(true)
			WakeVar(&vars[i])
			returned(t, "WaitVar", cs[i], nil)
		}
	})
	if !ran {
		t.Error("forms does not cover variables")
	}
}
