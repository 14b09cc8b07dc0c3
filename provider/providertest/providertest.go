// Package providertest is what a floodgate.Provider must pass.
//
//	func TestProvider(t *testing.T) {
//		providertest.Run(t, func(s sched.Scheduler) floodgate.Provider { return mine.New(s) })
//	}
//
// What a provider says it lacks is tested for, too: the suite knows what its
// locks do instead.
package providertest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/sched"
)

// A Maker returns a provider whose locks stand on s, where nil is plain
// goroutines.
type Maker func(s sched.Scheduler) floodgate.Provider

// Run runs the suite on plain goroutines, under noise, under a scheduler that
// checks what the locks announce, and under an explorer.
func Run(t *testing.T, mk Maker) {
	for _, on := range []struct {
		name string
		s    func() sched.Scheduler
	}{
		{"goroutines", func() sched.Scheduler { return nil }},
		{"noise", func() sched.Scheduler { return sched.NewNoise(1, 4) }},
		{"watched", func() sched.Scheduler { return new(Recorder) }},
	} {
		t.Run(on.name, func(t *testing.T) {
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) { test.run(t, mk(on.s())) })
			}
		})
	}
	t.Run("announces", func(t *testing.T) { testAnnounces(t, mk) })
	t.Run("explored", func(t *testing.T) { testExplored(t, mk) })
}

var tests = []struct {
	name string
	run  func(*testing.T, floodgate.Provider)
}{
	{"Describes", testDescribes},
	{"Exclusion", testExclusion},
	{"Permits", testPermits},
	{"NegativeCount", testNegativeCount},
	{"TryDown", testTryDown},
	{"FailedTryDowns", testFailedTryDowns},
	{"UpElsewhere", testUpElsewhere},
	{"UpBeyond", testUpBeyond},
	{"EndedContext", testEndedContext},
	{"Cancel", testCancel},
	{"CancelStorm", testCancelStorm},
	{"FIFO", testFIFO},
	{"RWLock", testRWLock},
	{"RWLockStorm", testRWLockStorm},
	{"Queue", testQueue},
	{"HangTornDown", testHangTornDown},
}

var background = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testDescribes(t *testing.T, p floodgate.Provider) {
	if p.Name() == "" {
		t.Error("no name")
	}
	all := floodgate.Cancel | floodgate.Counting | floodgate.FIFO | floodgate.Queue
	if p.Lacks()&^all != 0 {
		t.Errorf("lacks %b, which is none of the capabilities", p.Lacks())
	}
}

// testExclusion: no more than n are in at once, and what one writes inside the
// next one sees. The counter is not atomic, so the race detector looks on.
func testExclusion(t *testing.T, p floodgate.Provider) {
	s := p.NewSemaphore("exclusion", 1)
	const tasks, rounds = 8, 200
	counter := 0
	var wg sync.WaitGroup
	for i := range tasks {
		wg.Go(func() {
			for j := range rounds {
				if (i+j)%5 == 0 {
					for !s.TryDown() {
						runtime.Gosched()
					}
				} else if err := s.Down(background); err != nil {
					t.Error(err)
					return
				}
				counter++
				s.Up()
			}
		})
	}
	wg.Wait()
	if counter != tasks*rounds {
		t.Errorf("counter is %d, want %d", counter, tasks*rounds)
	}
}

func testPermits(t *testing.T, p floodgate.Provider) {
	const n = 3
	s := p.NewSemaphore("permits", n)
	var in, most atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := s.Down(background); err != nil {
					t.Error(err)
					return
				}
				if now := in.Add(1); now > most.Load() {
					most.Store(now)
				}
				runtime.Gosched()
				in.Add(-1)
				s.Up()
			}
		})
	}
	wg.Wait()
	if most.Load() > n {
		t.Errorf("%d were in, want at most %d", most.Load(), n)
	}
	if got := drain(s); got != n {
		t.Errorf("%d permits are left, want %d", got, n)
	}
}

// drain takes all permits of s, and counts them.
func drain(s floodgate.Semaphore) (n int) {
	for s.TryDown() {
		n++
	}
	return n
}

func testNegativeCount(t *testing.T, p floodgate.Provider) {
	defer func() {
		if recover() == nil {
			t.Error("a semaphore with -1 permits was made")
		}
	}()
	p.NewSemaphore("negative", -1)
}

func testTryDown(t *testing.T, p floodgate.Provider) {
	for _, n := range []int{0, 1, 2, 7} {
		s := p.NewSemaphore("try", n)
		if got := drain(s); got != n {
			t.Errorf("%d TryDowns of %d succeeded", got, n)
		}
		if n == 0 {
			continue
		}
		s.Up()
		if !s.TryDown() {
			t.Errorf("no permit after Up, of %d", n)
		}
	}
}

// testFailedTryDowns: attempts that fail do not disturb the one who holds the
// permit, nor the one who waits.
func testFailedTryDowns(t *testing.T, p floodgate.Provider) {
	s := p.NewSemaphore("tried", 1)
	for range 50 {
		must(t, s.Down(background))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 10 {
					if s.TryDown() {
						t.Error("TryDown took a permit that is held")
					}
				}
			})
		}
		wg.Wait()
		got := make(chan error)
		go func() { got <- s.Down(background) }()
		s.Up()
		must(t, <-got)
		s.Up()
	}
	if got := drain(s); got != 1 {
		t.Errorf("%d permits are left, want 1", got)
	}
}

func testUpElsewhere(t *testing.T, p floodgate.Provider) {
	s := p.NewSemaphore("elsewhere", 1)
	shared := 0 // what Up publishes
	for _, up := range []func(){
		func() { go func() { shared++; s.Up() }() },
		func() { time.AfterFunc(0, func() { shared++; s.Up() }) },
		func() {
			ctx, cancel := context.WithCancel(background)
			context.AfterFunc(ctx, func() { shared++; s.Up() })
			cancel()
		},
	} {
		must(t, s.Down(background))
		up()
		must(t, s.Down(background)) // as who took it sleeps here, somebody else must give it
		s.Up()
	}
	if shared != 3 {
		t.Errorf("shared is %d, want 3", shared)
	}
}

func testUpBeyond(t *testing.T, p floodgate.Provider) {
	s := p.NewSemaphore("beyond", 1)
	if p.Lacks().Has(floodgate.Counting) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("Up beyond the initial count passed, of a provider that lacks Counting")
				}
			}()
			s.Up()
		}()
		if got := drain(s); got != 1 {
			t.Errorf("%d permits after the failed Up, want 1", got)
		}
		return
	}
	s.Up()
	s.Up()
	if got := drain(s); got != 3 {
		t.Errorf("%d permits, want 3", got)
	}
}

// testEndedContext: a context that has ended never makes Down sleep, and a
// failed Down takes nothing.
func testEndedContext(t *testing.T, p floodgate.Provider) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	s := p.NewSemaphore("ended", 1)
	must(t, s.Down(ctx)) // success wins
	if err := s.Down(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Down = %v, want canceled", err)
	}
	s.Up()
	if got := drain(s); got != 1 {
		t.Errorf("%d permits, want 1", got)
	}
}

// testCancel: a sleeping Down ends with its context, at once or, when the
// provider can not do that, with the next Up; and it holds nothing.
func testCancel(t *testing.T, p floodgate.Provider) {
	if p.Lacks().Has(floodgate.Cancel) {
		s := p.NewSemaphore("cancel", 1)
		for range 50 {
			ctx, cancel := context.WithCancel(background)
			must(t, s.Down(background))
			got := make(chan error)
			go func() { got <- s.Down(ctx) }()
			runtime.Gosched()
			cancel()
			s.Up()
			if err := <-got; err == nil {
				s.Up() // the Up came before the look at ctx
			} else if !errors.Is(err, context.Canceled) {
				t.Fatalf("Down = %v, want canceled", err)
			}
		}
		if got := drain(s); got != 1 {
			t.Errorf("%d permits, want 1", got)
		}
		return
	}
	synctest.Test(t, func(t *testing.T) {
		s := p.NewSemaphore("cancel", 0)
		for _, c := range []struct {
			end  func() (context.Context, func())
			want error
		}{
			{func() (context.Context, func()) { ctx, f := context.WithCancel(background); return ctx, f }, context.Canceled},
			{func() (context.Context, func()) {
				ctx, f := context.WithTimeout(background, time.Hour)
				return ctx, func() { time.Sleep(time.Hour); synctest.Wait(); f() }
			}, context.DeadlineExceeded},
		} {
			ctx, end := c.end()
			got := make(chan error, 2)
			go func() { got <- s.Down(ctx) }()
			synctest.Wait()
			go func() { got <- s.Down(background) }()
			synctest.Wait() // both sleep, in this order
			end()
			if err := <-got; !errors.Is(err, c.want) {
				t.Errorf("Down = %v, want %v", err, c.want)
			}
			s.Up()
			must(t, <-got) // the other one is not delayed by who has left
			if s.TryDown() {
				t.Error("the cancelled Down left a permit behind")
			}
		}
	})
}

// testCancelStorm: whatever ends a Down, permits are neither lost nor made.
func testCancelStorm(t *testing.T, p floodgate.Provider) {
	const tasks, rounds = 8, 150
	s := p.NewSemaphore("storm", 1)
	inside := 0
	var wg sync.WaitGroup
	for i := range tasks {
		wg.Go(func() {
			for j := range rounds {
				ctx, cancel := context.WithCancel(background)
				switch (i*7 + j) % 4 {
				case 0:
					go cancel()
				case 1:
					cancel()
				}
				if err := s.Down(ctx); err == nil {
					inside++
					if inside != 1 {
						t.Error("not alone inside")
					}
					inside--
					s.Up()
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if got := drain(s); got != 1 {
		t.Errorf("%d permits are left, want 1", got)
	}
}

func testFIFO(t *testing.T, p floodgate.Provider) {
	if p.Lacks().Has(floodgate.FIFO) {
		t.Skip("lacks FIFO")
	}
	synctest.Test(t, func(t *testing.T) {
		s := p.NewSemaphore("fifo", 0)
		const n = 20
		order := make(chan int, n)
		for i := range n {
			go func() {
				if s.Down(background) == nil {
					order <- i
				}
			}()
			synctest.Wait()
		}
		for i := range n {
			s.Up()
			if s.TryDown() {
				t.Fatal("TryDown took what somebody waits for")
			}
			if got := <-order; got != i {
				t.Fatalf("grant %d went to waiter %d", i, got)
			}
		}
	})
}

func testRWLock(t *testing.T, p floodgate.Provider) {
	l := p.NewRWLock("rw")
	// Readers are in together: each waits inside for the other.
	l.RLock()
	in := make(chan bool)
	go func() {
		l.RLock()
		in <- true
		l.RUnlock()
	}()
	<-in
	l.RUnlock()
	// A writer is alone, and sees what the one before wrote.
	shared := 0
	l.Lock()
	go func() {
		l.Lock()
		shared++
		l.Unlock()
		in <- true
	}()
	shared++
	l.Unlock()
	<-in
	l.RLock()
	if shared != 2 {
		t.Errorf("shared is %d, want 2", shared)
	}
	l.RUnlock()
}

func testRWLockStorm(t *testing.T, p floodgate.Provider) {
	l := p.NewRWLock("rw storm")
	var a, b int
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for j := range 200 {
				if (i+j)%4 == 0 {
					l.Lock()
					a++
					b++
					l.Unlock()
				} else {
					l.RLock()
					if a != b {
						t.Errorf("a reader saw %d and %d", a, b)
					}
					l.RUnlock()
				}
			}
		})
	}
	wg.Wait()
	if a != 6*50 {
		t.Errorf("%d writes, want %d", a, 6*50)
	}
}

func testQueue(t *testing.T, p floodgate.Provider) {
	q := p.NewQueue("queue")
	var ready atomic.Bool
	got := make(chan error)
	go func() { got <- q.Wait(background, ready.Load) }()
	ready.Store(true)
	q.WakeAll()
	must(t, <-got)
}

// testHangTornDown is the shape of the hang of 2003: one holds the semaphore
// and sleeps on a queue, and the other must take the semaphore before it wakes
// the queue. Nobody can go on. Killing both ends both, whatever the provider
// lacks, because the holder gives its permit as it unwinds.
func testHangTornDown(t *testing.T, p floodgate.Provider) {
	for range 20 {
		s, q := p.NewSemaphore("i_sem", 1), p.NewQueue("wait")
		holds := make(chan struct{})
		sleeper := sched.NewTask("sleeper", sched.TaskConfig{})
		waker := sched.NewTask("waker", sched.TaskConfig{})
		ended := make(chan struct{}, 2)
		start := func(task *sched.Task, f func()) {
			sched.Go(p.Scheduler(), task, func() {
				defer func() { ended <- struct{}{} }()
				f()
			})
		}
		var never, torn atomic.Bool
		start(sleeper, func() {
			task := sleeper
			task.Must(s.Down(task.Uninterruptible()))
			defer s.Up()
			close(holds)
			task.Must(q.Wait(task.Uninterruptible(), never.Load))
			t.Error("the sleeper was woken")
		})
		start(waker, func() {
			task := waker
			<-holds
			task.Must(s.Down(task.Uninterruptible()))
			defer s.Up()
			if !torn.Load() {
				t.Error("the waker got the semaphore")
			}
		})
		<-holds
		for !q.HasWaiters() {
			runtime.Gosched()
		}
		torn.Store(true)
		waker.Kill(nil)
		sleeper.Kill(nil)
		<-ended
		<-ended
		if got := drain(s); got != 1 {
			t.Fatalf("%d permits are left, want 1", got)
		}
	}
}
