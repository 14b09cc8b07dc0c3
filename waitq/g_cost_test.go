package waitq

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

func TestG7_NoGoroutinePerWait(t *testing.T) {
	const n = 10_000
	before := runtime.NumGoroutine()
	var q Queue
	var wg sync.WaitGroup
	ctx, cancel := context.WithTimeout(bg, time.Hour)
	for i := range n {
		wg.Go(func() {
			switch i % 3 {
			case 0:
				q.Wait(ctx, never)
			case 1:
				q.WaitExclusive(bg, func() bool { return ctx.Err() != nil })
			case 2:
				q.WaitFor(time.Hour, func() bool { return ctx.Err() != nil })
			}
		})
	}
	for q.Len() < n {
		runtime.Gosched()
	}
	if got := runtime.NumGoroutine(); got > before+n {
		t.Errorf("%d waiters make %d goroutines", n, got-before)
	}
	cancel()
	q.WakeAll()
	wg.Wait()
}

// nextAfter is a condition that closes linked when the queue has got an entry,
// and holds from the next test on, which a wake must bring about.
func nextAfter(linked chan bool, entries func() int) func() bool {
	next := false
	return func() bool {
		if next {
			return true
		}
		if next = entries() > 0; next {
			close(linked)
		}
		return false
	}
}

// timers is a scheduler that counts the timers that run.
type timers struct {
	sched.Goroutines
	running atomic.Int64
	started atomic.Int64
}

func (c *timers) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.running.Add(1)
	c.started.Add(1)
	timer := time.AfterFunc(d, func() { c.running.Add(-1); f() })
	return func() bool {
		ok := timer.Stop()
		if ok {
			c.running.Add(-1)
		}
		return ok
	}
}

func TestG8_NoTimerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(timers)
		var q Queue
		q.Init(s, "q")
		var c Completion
		c.Init(s, "c")
		for i := range 1000 {
			n := 0
			if _, ok := q.WaitFor(time.Hour, func() bool { n++; return n > i%3 }); i%3 < 2 && !ok {
				t.Fatal("WaitFor failed")
			}
			done := start(func() error {
				if _, ok := c.WaitFor(time.Hour); !ok {
					t.Error("WaitFor failed")
				}
				return nil
			})
			if i%2 == 0 {
				synctest.Wait()
			}
			c.Complete()
			returned(t, "WaitFor", done, nil)
			unwound(func() {
				n := 0
				q.WaitFor(time.Hour, func() bool {
					if n++; n == 3 {
						panic(errCause)
					} else if n == 2 {
						defer q.Wake()
					}
					return false
				})
			})
			if left := s.running.Load(); left != 0 {
				t.Fatalf("%d timers are left by waits that have ended", left)
			}
		}
		if s.started.Load() == 0 {
			t.Error("no timer was used at all")
		}
	})
}

func TestG9_FastPathsDoNotAllocate(t *testing.T) {
	var q Queue
	var c Completion
	var x Single
	var word, other atomic.Uint64
	var v int
	var mu sync.Mutex
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	other.Store(1)
	w := &Waiter{Sticky: true}
	q.Add(w)
	q.Remove(w)
	for name, f := range map[string]func(){
		"Wait":          func() { q.Wait(ctx, always) },
		"WaitFor":       func() { q.WaitFor(time.Hour, always) },
		"WaitLocked":    func() { q.WaitLocked(ctx, &mu, always) },
		"Wake":          func() { q.Wake() },
		"WakeAll":       func() { q.WakeAll() },
		"WakeKey":       func() { q.WakeKey(1, &v) },
		"HasWaiters":    func() { q.HasWaiters() },
		"Complete+Wait": func() { c.Complete(); c.Wait(ctx) },
		"Single.Wake":   func() { x.Wake() },
		"LockBit":       func() { LockBit(ctx, &word, 1); ClearBit(&word, 1) },
		"WakeVar":       func() { WakeVar(&v) },
		"StoreAndWake":  func() { StoreAndWake(&word, 0) },
		"Prepare, Wake, Park, Finish": func() {
			q.Prepare(w, true)
			q.Wake()
			w.Park(ctx)
			q.Finish(w)
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestG9_SleepsDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets things under the race detector")
	}
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	for name, wait := range map[string]func(q *Queue, cond func() bool) error{
		"uncancellable": func(q *Queue, cond func() bool) error { return q.WaitExclusive(bg, cond) },
		"own waiter, cancellable": func(q *Queue, cond func() bool) error {
			w := NewWaiter() // one per 1000 rounds
			for range 1000 {
				for {
					q.Prepare(w, true)
					if cond() {
						break
					}
					if err := w.Park(ctx); err != nil {
						return err
					}
				}
				q.Finish(w)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			rounds := 1
			if name != "uncancellable" {
				rounds = 1000
			}
			var ping, pong Queue
			var a, b atomic.Int64
			stop := make(chan bool)
			take := func(x *atomic.Int64) func() bool {
				return func() bool { n := x.Load(); return n > 0 && x.CompareAndSwap(n, n-1) }
			}
			takeA, takeB := take(&a), take(&b)
			go func() {
				defer close(stop)
				for {
					if pong.Wait(bg, takeB) != nil {
						return
					}
					a.Add(1)
					ping.Wake()
				}
			}()
			b.Add(1) // the ball
			pong.Wake()
			cond := func() bool {
				if !takeA() {
					return false
				}
				b.Add(1)
				pong.Wake()
				return true
			}
			n := testing.AllocsPerRun(200, func() {
				if err := wait(&ping, cond); err != nil {
					t.Error(err)
				}
			}) / float64(rounds)
			if n > 0.02 { // the collector may empty the pool
				t.Errorf("%v allocations per sleep", n)
			}
			pong.Close(nil)
			<-stop
		})
	}
}

// The callbacks of waits are in TestQ15, TestQ23, TestQ25; here, those of wakes
// and scans.
func unwindingWakeFunction(t *testing.T, u unwinding) {
	queues(t, func(t *testing.T, q *Queue) {
		var x tokens
		q.AddPriority(&Waiter{Func: func(any) Action { u.do(); return Woke }}, true)
		sharedC := start(func() error { return q.Wait(bg, func() bool { return x.n.Load()+x.taken.Load() > 0 }) })
		exclusiveC := start(func() error { return q.WaitExclusive(bg, x.take) })
		var p Poller
		p.AddExclusive(q, 0)
		synctest.Wait()
		x.n.Add(1)
		waker := start(func() error { return unwound(func() { q.Wake() }) })
		returned(t, "the waker", waker, nil)
		returned(t, "the shared waiter behind", sharedC, nil)
		returned(t, "the exclusive waiter behind", exclusiveC, nil)
		if n := q.Len(); n != 1 {
			t.Errorf("%d entries are left, want the poller's", n)
		}
		scans := 0
		scanner := start(func() error {
			return unwound(func() {
				p.Wait(bg, func() bool {
					if scans++; scans == 2 {
						u.do()
					}
					return false
				})
			})
		})
		synctest.Wait()
		next := start(func() error { return q.WaitExclusive(bg, x.take) })
		synctest.Wait()
		x.n.Add(1)
		q.Wake()
		returned(t, "the poller", scanner, nil)
		returned(t, "the exclusive waiter behind the poller", next, nil)
		p.Close()
	})
}

func TestG10_PanicInACallback(t *testing.T)  { unwindingWakeFunction(t, unwindings[0]) }
func TestG11_GoexitInACallback(t *testing.T) { unwindingWakeFunction(t, unwindings[1]) }

// Of these, one serves the whole program.
var (
	globalQueue      Queue
	globalCompletion Completion
	globalSingle     Single
	globalWord       atomic.Uint64
	globalVar        int
)

func TestG12_ObjectsAndPoolsCrossBubbles(t *testing.T) {
	round := func(t *testing.T) {
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		for range 20 {
			var ready atomic.Bool
			var wg sync.WaitGroup
			for _, wait := range []func() error{
				func() error { return globalQueue.Wait(bg, ready.Load) },
				func() error { return globalQueue.Wait(ctx, ready.Load) },
				func() error { return globalQueue.WaitExclusive(ctx, ready.Load) },
				func() error { return globalCompletion.Wait(bg) },
				func() error { return globalCompletion.Wait(ctx) },
				func() error { return globalSingle.Wait(ctx, ready.Load) },
				func() error { return WaitVar(ctx, &globalVar, ready.Load) },
				func() error {
					if err := LockBit(ctx, &globalWord, 1); err != nil {
						return err
					}
					ClearBit(&globalWord, 1)
					return nil
				},
				func() error { globalQueue.WaitFor(time.Millisecond, never); return nil },
				func() error {
					ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
					defer cancel()
					globalQueue.Wait(ctx, never)
					return nil
				},
			} {
				wg.Go(func() {
					if err := wait(); err != nil {
						t.Error(err)
					}
				})
			}
			for globalQueue.Len() < 3 || globalSingle.p.Peek() == nil {
				runtime.Gosched()
			}
			ready.Store(true)
			globalQueue.WakeAll()
			globalSingle.Wake()
			WakeVar(&globalVar)
			globalCompletion.Complete()
			globalCompletion.Complete()
			wg.Wait()
		}
	}
	round(t)
	synctest.Test(t, round)
	synctest.Test(t, round)
	round(t)
}

func TestG12_WaitersAreDurablyBlocked(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, q *Queue, c *Completion, x *Single){
		"Wait":              func(_ context.Context, q *Queue, _ *Completion, _ *Single) { q.Wait(bg, never) },
		"Wait, cancellable": func(ctx context.Context, q *Queue, _ *Completion, _ *Single) { q.Wait(ctx, never) },
		"Park": func(_ context.Context, q *Queue, _ *Completion, _ *Single) {
			w := NewWaiter()
			q.Prepare(w, false)
			w.Park(bg)
		},
		"Park, cancellable": func(ctx context.Context, q *Queue, _ *Completion, _ *Single) {
			w := NewWaiter()
			q.Prepare(w, false)
			w.Park(ctx)
		},
		"C": func(_ context.Context, q *Queue, _ *Completion, _ *Single) {
			w := NewWaiter()
			q.Prepare(w, false)
			<-w.C()
		},
		"Completion":         func(_ context.Context, _ *Queue, c *Completion, _ *Single) { c.Wait(bg) },
		"Completion, c.able": func(ctx context.Context, _ *Queue, c *Completion, _ *Single) { c.Wait(ctx) },
		"Single":             func(ctx context.Context, _ *Queue, _ *Completion, x *Single) { x.Wait(ctx, never) },
		"Poller": func(ctx context.Context, q *Queue, _ *Completion, _ *Single) {
			var p Poller
			p.Add(q, 0)
			p.Wait(ctx, never)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var q Queue
				var c Completion
				var x Single
				ctx, cancel := context.WithTimeout(bg, time.Hour)
				defer cancel()
				done := make(chan bool)
				begin := time.Now()
				go func() { defer close(done); wait(ctx, &q, &c, &x) }()
				synctest.Wait()         // returns only if it is durably blocked,
				time.Sleep(time.Minute) // and so does the clock
				if got := time.Since(begin); got != time.Minute {
					t.Errorf("the clock moved by %v", got)
				}
				q.Close(nil)
				c.Complete()
				cancel()
				<-done
			})
		})
	}
}

// deadlocks are programs that wait for ever, each on one goroutine. TestMain
// runs one of them in a process of its own.
var deadlocks = map[string]func(){
	"Wait":       func() { new(Queue).Wait(bg, never) },
	"WaitFor":    func() { new(Queue).WaitFor(1<<63-1, never) },
	"Park":       func() { var q Queue; w := NewWaiter(); q.Prepare(w, false); w.Park(bg) },
	"Completion": func() { new(Completion).Wait(bg) },
	"Single":     func() { ctx, cancel := context.WithCancel(bg); defer cancel(); new(Single).Wait(ctx, never) },
	"Poller":     func() { var q Queue; var p Poller; p.Add(&q, 0); p.Wait(bg, never) },
	"LockBit":    func() { var word atomic.Uint64; LockBit(bg, &word, 0); LockBit(bg, &word, 0) },
	"WaitVar":    func() { WaitVar(bg, new(int), never) },
}

func TestG13_DeadlocksAreNotMasked(t *testing.T) {
	if raceEnabled {
		t.Skip("the runtime does not look for deadlocks under the race detector")
	}
	for name := range deadlocks {
		t.Run(name, func(t *testing.T) {
			out, err := child(t, "deadlock:"+name)
			if err == nil || !strings.Contains(out, "all goroutines are asleep - deadlock!") {
				t.Errorf("the program ended with %v:\n%s", err, out)
			}
		})
	}
}

func TestG14_DebugChangesNoOutcome(t *testing.T) {
	// All tests of queues run in both modes; here, random programs have the
	// same transcript in both.
	for seed := range 300 {
		var transcripts [2]string
		for i, debug := range []bool{false, true} {
			transcripts[i] = fmt.Sprint(runProgram(randomProgram(uint64(seed), 200), debug))
		}
		if transcripts[0] != transcripts[1] {
			t.Fatalf("program %d: without debug mode\n%s\nwith it\n%s", seed, transcripts[0], transcripts[1])
		}
	}
}
