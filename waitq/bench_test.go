package waitq_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

var bg = context.Background()

func BenchmarkWakeEmpty(b *testing.B) {
	b.Run("impl=waitq", func(b *testing.B) {
		var q waitq.Queue
		for b.Loop() {
			q.Wake()
		}
	})
	b.Run("impl=waitq-used", func(b *testing.B) {
		var q waitq.Queue
		w := waitq.NewWaiter()
		q.Prepare(w, false)
		q.Finish(w)
		for b.Loop() {
			q.Wake()
		}
	})
	b.Run("impl=cond", func(b *testing.B) {
		c := sync.NewCond(new(sync.Mutex))
		for b.Loop() {
			c.Signal()
		}
	})
}

func BenchmarkWaitTrue(b *testing.B) {
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	var ready atomic.Bool
	ready.Store(true)
	b.Run("impl=waitq", func(b *testing.B) {
		var q waitq.Queue
		for b.Loop() {
			q.Wait(ctx, ready.Load)
		}
	})
	b.Run("impl=cond", func(b *testing.B) {
		c := sync.NewCond(new(sync.Mutex))
		for b.Loop() {
			c.L.Lock()
			for !ready.Load() {
				c.Wait()
			}
			c.L.Unlock()
		}
	})
}

// A table is played at by two, who take turns.
type table interface {
	wait(me int64) // until it is my turn
	pass(to int64) // make it the other's turn
}

func pingPong(b *testing.B, t table) {
	b.ReportAllocs()
	done := make(chan bool)
	started := make(chan bool)
	n := b.N
	go func() {
		close(started)
		for range n {
			t.wait(1)
			t.pass(0)
		}
		close(done)
	}()
	<-started
	b.ResetTimer()
	for range n {
		t.pass(1)
		t.wait(0)
	}
	<-done
}

type queueTable struct {
	q     [2]waitq.Queue
	turn  atomic.Int64
	ctx   context.Context
	conds [2]func() bool
}

func newQueueTable(ctx context.Context) *queueTable {
	t := &queueTable{ctx: ctx}
	for i := range t.conds {
		t.conds[i] = func() bool { return t.turn.Load() == int64(i) }
	}
	return t
}

func (t *queueTable) wait(me int64) { t.q[me].Wait(t.ctx, t.conds[me]) }
func (t *queueTable) pass(to int64) { t.turn.Store(to); t.q[to].Wake() }

type waiterTable struct {
	queueTable
	w [2]waitq.Waiter
}

func (t *waiterTable) wait(me int64) {
	q, w := &t.q[me], &t.w[me]
	for {
		q.Prepare(w, false)
		if t.turn.Load() == me || w.Park(t.ctx) != nil {
			break
		}
	}
	q.Finish(w)
}

type condTable struct {
	mu   sync.Mutex
	c    [2]*sync.Cond
	turn int64
}

func (t *condTable) wait(me int64) {
	t.mu.Lock()
	for t.turn != me {
		t.c[me].Wait()
	}
	t.mu.Unlock()
}

func (t *condTable) pass(to int64) {
	t.mu.Lock()
	t.turn = to
	t.mu.Unlock()
	t.c[to].Signal()
}

type chanTable [2]chan struct{}

func (t *chanTable) wait(me int64) { <-t[me] }
func (t *chanTable) pass(to int64) { t[to] <- struct{}{} }

type selectTable struct {
	chanTable
	ctx context.Context
}

func (t *selectTable) wait(me int64) {
	select {
	case <-t.chanTable[me]:
	case <-t.ctx.Done():
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	b.Run("impl=waitq", func(b *testing.B) { pingPong(b, newQueueTable(bg)) })
	b.Run("impl=cond", func(b *testing.B) {
		t := new(condTable)
		t.c[0], t.c[1] = sync.NewCond(&t.mu), sync.NewCond(&t.mu)
		pingPong(b, t)
	})
	b.Run("impl=chan", func(b *testing.B) {
		pingPong(b, &chanTable{make(chan struct{}, 1), make(chan struct{}, 1)})
	})
}

func BenchmarkRoundTripCancellable(b *testing.B) {
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	b.Run("impl=waitq", func(b *testing.B) { pingPong(b, newQueueTable(ctx)) })
	b.Run("impl=waitq-waiter", func(b *testing.B) {
		pingPong(b, &waiterTable{queueTable: queueTable{ctx: ctx}})
	})
	b.Run("impl=select", func(b *testing.B) {
		pingPong(b, &selectTable{chanTable{make(chan struct{}, 1), make(chan struct{}, 1)}, ctx})
	})
}

// A crowd is n sleepers that are woken one by one or all together.
type crowd interface {
	sleep()      // of one of them, once
	asleep() int // how many are
	wakeOne()
	wakeAll()
	reset()
}

// wake parks n sleepers before the clock runs, and stops it when all of them
// have returned.
func wake(b *testing.B, n int, c crowd, all bool) {
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		c.reset()
		for range n {
			wg.Go(c.sleep)
		}
		for c.asleep() < n {
			runtime.Gosched()
		}
		for range 3 { // linked; let them fall asleep
			runtime.Gosched()
		}
		b.StartTimer()
		if all {
			c.wakeAll()
		} else {
			for range n {
				c.wakeOne()
			}
		}
		wg.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/waiter")
}

type queueCrowd struct {
	q      waitq.Queue
	tokens atomic.Int64
	ready  atomic.Bool
	ctx    context.Context
	all    bool
}

func (c *queueCrowd) take() bool {
	for {
		n := c.tokens.Load()
		if n == 0 {
			return false
		}
		if c.tokens.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

func (c *queueCrowd) sleep() {
	if c.all {
		c.q.Wait(c.ctx, c.ready.Load)
	} else {
		c.q.WaitExclusive(c.ctx, c.take)
	}
}

func (c *queueCrowd) asleep() int { return c.q.Len() }
func (c *queueCrowd) wakeOne()    { c.tokens.Add(1); c.q.Wake() }
func (c *queueCrowd) wakeAll()    { c.ready.Store(true); c.q.WakeAll() }
func (c *queueCrowd) reset()      { c.ready.Store(false) }

type condCrowd struct {
	mu     sync.Mutex
	c      *sync.Cond
	tokens int
	n      int
	ready  bool
	all    bool
}

func (c *condCrowd) sleep() {
	c.mu.Lock()
	c.n++
	if c.all {
		for !c.ready {
			c.c.Wait()
		}
	} else {
		for c.tokens == 0 {
			c.c.Wait()
		}
		c.tokens--
	}
	c.mu.Unlock()
}

func (c *condCrowd) asleep() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *condCrowd) wakeOne() {
	c.mu.Lock()
	c.tokens++
	c.mu.Unlock()
	c.c.Signal()
}

func (c *condCrowd) wakeAll() {
	c.mu.Lock()
	c.ready = true
	c.mu.Unlock()
	c.c.Broadcast()
}

func (c *condCrowd) reset() { c.n, c.ready = 0, false }

type chanCrowd struct {
	c chan struct{}
	n atomic.Int64
}

func (c *chanCrowd) sleep()      { c.n.Add(1); <-c.c }
func (c *chanCrowd) asleep() int { return int(c.n.Load()) }
func (c *chanCrowd) wakeOne()    { c.c <- struct{}{} }
func (c *chanCrowd) wakeAll()    { close(c.c) }
func (c *chanCrowd) reset()      { c.n.Store(0); c.c = make(chan struct{}) }

// slotCrowd is the floor: a slot for each sleeper, woken in turn, and nothing
// else: no queue, no condition.
type slotCrowd struct {
	slots   []sched.Parker
	n, next atomic.Int64
}

func (c *slotCrowd) sleep()      { c.slots[c.n.Add(1)-1].ParkAtOnce(bg, nil) }
func (c *slotCrowd) asleep() int { return int(c.n.Load()) }
func (c *slotCrowd) wakeOne()    { c.slots[c.next.Add(1)-1].Unpark() }
func (c *slotCrowd) wakeAll() {
	for i := range c.slots {
		c.slots[i].Unpark()
	}
}
func (c *slotCrowd) reset() { c.n.Store(0); c.next.Store(0) }

func BenchmarkWakeOne(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10_000} {
		benchmarkWake(b, n, false)
	}
}

func BenchmarkWakeAll(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10_000} {
		benchmarkWake(b, n, true)
	}
}

func benchmarkWake(b *testing.B, n int, all bool) {
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	size := fmt.Sprintf("n=%d/", n)
	b.Run(size+"impl=waitq", func(b *testing.B) { wake(b, n, &queueCrowd{ctx: bg, all: all}, all) })
	b.Run(size+"impl=waitq-ctx", func(b *testing.B) { wake(b, n, &queueCrowd{ctx: ctx, all: all}, all) })
	b.Run(size+"impl=cond", func(b *testing.B) {
		c := &condCrowd{all: all}
		c.c = sync.NewCond(&c.mu)
		wake(b, n, c, all)
	})
	b.Run(size+"impl=chan", func(b *testing.B) { wake(b, n, &chanCrowd{}, all) })
	b.Run(size+"impl=slots", func(b *testing.B) { wake(b, n, &slotCrowd{slots: make([]sched.Parker, n)}, all) })
}

func BenchmarkCompletion(b *testing.B) {
	b.Run("impl=waitq", func(b *testing.B) {
		var c waitq.Completion
		for b.Loop() {
			c.Complete()
			c.Wait(bg)
		}
	})
	b.Run("impl=chan", func(b *testing.B) {
		c := make(chan struct{}, 1)
		for b.Loop() {
			c <- struct{}{}
			<-c
		}
	})
}

func BenchmarkLockBit(b *testing.B) {
	var word atomic.Uint64
	for b.Loop() {
		waitq.LockBit(bg, &word, 1)
		waitq.ClearBit(&word, 1)
	}
}
