package waitq

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestG1_ZeroValuesWork(t *testing.T) {
	const n = 64
	t.Run("queue", func(t *testing.T) {
		var q Queue
		var x tokens
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				switch i % 4 {
				case 0:
					x.n.Add(1)
					q.Wake()
				case 1:
					if err := q.WaitExclusive(bg, x.take); err != nil {
						t.Error(err)
					}
				case 2:
					q.WakeAll()
					q.Len()
					q.HasWaiters()
				case 3:
					q.WaitFor(time.Microsecond, never)
				}
			})
		}
		wg.Wait()
		if q.Len() != 0 || x.n.Load() != 0 {
			t.Errorf("%d waiters and %d tokens are left", q.Len(), x.n.Load())
		}
	})
	t.Run("completion", func(t *testing.T) {
		var c Completion
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if i%2 == 0 {
					c.Complete()
				} else if err := c.Wait(bg); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if c.Completed() {
			t.Error("a completion is left")
		}
	})
	t.Run("single", func(t *testing.T) {
		var x Single
		var ready atomic.Bool
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if i == n/2 {
					if err := x.Wait(bg, ready.Load); err != nil {
						t.Error(err)
					}
					return
				}
				ready.Store(true)
				x.Wake()
			})
		}
		wg.Wait()
	})
	t.Run("bit", func(t *testing.T) {
		var word atomic.Uint64
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				if err := LockBit(bg, &word, 3); err != nil {
					t.Error(err)
				}
				ClearBit(&word, 3)
			})
		}
		wg.Wait()
	})
	t.Run("poller", func(t *testing.T) {
		var p Poller
		if err := p.Wait(bg, always); err != nil {
			t.Error(err)
		}
		p.Close()
		ctx, cancel := context.WithCancel(bg)
		cancel()
		if err := p.Wait(ctx, never); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait of a poller without queues = %v", err)
		}
	})
	t.Run("batch", func(t *testing.T) {
		var b Batch
		if n := b.Flush(); n != 0 {
			t.Errorf("Flush = %d", n)
		}
	})
}

// clone copies *p as nobody should.
func clone[T any](p *T) *T {
	var box any = *p // through an interface
	c := box.(T)     // and by assignment
	return &c
}

func TestG2_CopiesAreCaught(t *testing.T) {
	var q, queueOfOthers Queue
	w := NewWaiter()
	q.Prepare(w, false)
	qc := clone(&q)
	for name, f := range map[string]func(){
		"Wait":          func() { qc.Wait(bg, always) },
		"WaitExclusive": func() { qc.WaitExclusive(bg, always) },
		"WaitFor":       func() { qc.WaitFor(1, always) },
		"WaitLocked":    func() { qc.WaitLocked(bg, new(sync.Mutex), always) },
		"Wake":          func() { qc.Wake() },
		"WakeN":         func() { qc.WakeN(1) },
		"WakeAll":       func() { qc.WakeAll() },
		"WakeKey":       func() { qc.WakeKey(1, nil) },
		"HasWaiters":    func() { qc.HasWaiters() },
		"Len":           func() { qc.Len() },
		"Close":         func() { qc.Close(nil) },
		"Err":           func() { qc.Err() },
		"Waiters":       func() { qc.Waiters() },
		"Debug":         func() { qc.Debug(true) },
		"Init":          func() { qc.Init(nil, "") },
		"Add":           func() { qc.Add(NewWaiter()) },
		"AddExclusive":  func() { qc.AddExclusive(NewWaiter()) },
		"AddPriority":   func() { qc.AddPriority(NewWaiter(), false) },
		"Prepare":       func() { qc.Prepare(NewWaiter(), false) },
		"Finish":        func() { qc.Finish(NewWaiter()) },
		"Remove":        func() { qc.Remove(NewWaiter()) },
		"Abort":         func() { qc.Abort(NewWaiter()) },
		"Collect":       func() { new(Batch).Collect(qc, 1, nil) },
	} {
		misused(t, name+" on a copied queue", f)
	}
	q.Remove(w)
	misused(t, "Wake on a copied empty queue", func() { clone(&q).Wake() })

	wc := clone(w)
	misused(t, "Prepare of a copied waiter", func() { q.Prepare(wc, false) })
	misused(t, "Add of a copied waiter", func() { q.Add(wc) })
	misused(t, "Finish of a copied waiter", func() { q.Finish(wc) })
	misused(t, "Park of a copied waiter", func() { wc.Park(bg) })
	misused(t, "C of a copied waiter", func() { wc.C() })

	var c Completion
	c.Complete()
	cc := clone(&c)
	for name, f := range map[string]func(){
		"Complete":    cc.Complete,
		"CompleteAll": cc.CompleteAll,
		"Completed":   func() { cc.Completed() },
		"Wait":        func() { cc.Wait(bg) },
		"WaitFor":     func() { cc.WaitFor(1) },
		"TryWait":     func() { cc.TryWait() },
		"Reinit":      cc.Reinit,
		"Init":        func() { cc.Init(nil, "") },
	} {
		misused(t, name+" of a copied completion", f)
	}

	var x Single
	x.Wait(bg, always)
	xc := clone(&x)
	misused(t, "Wait of a copied single", func() { xc.Wait(bg, always) })
	misused(t, "Wake of a copied single", func() { xc.Wake() })

	var p Poller
	p.Add(&queueOfOthers, 0)
	pc := clone(&p)
	misused(t, "Add of a copied poller", func() { pc.Add(&queueOfOthers, 0) })
	misused(t, "Wait of a copied poller", func() { pc.Wait(bg, always) })
	misused(t, "Close of a copied poller", func() { pc.Close() })
	p.Close()

	var b Batch
	b.Collect(&queueOfOthers, 1, nil)
	misused(t, "Collect of a copied batch", func() { clone(&b).Collect(&queueOfOthers, 1, nil) })
	misused(t, "Flush of a copied batch", func() { clone(&b).Flush() })
}

func TestG2_VetFindsCopies(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go vet")
	}
	out, _ := exec.Command("go", "vet", "-copylocks", "./testdata/copies").CombinedOutput()
	for _, typ := range []string{"Queue", "Completion", "Single", "Poller", "Batch", "Waiter"} {
		for _, how := range []string{"assignment copies", "literal copies"} {
			found := false
			for line := range strings.Lines(string(out)) {
				found = found || strings.Contains(line, how) && strings.Contains(line, "waitq."+typ)
			}
			if !found {
				t.Errorf("vet does not say %q of a %s", how, typ)
			}
		}
	}
	if t.Failed() {
		t.Logf("go vet:\n%s", out)
	}
}

func TestG3_NilArgumentsChangeNothing(t *testing.T) {
	var q Queue
	var c Completion
	var x Single
	var p Poller
	var word atomic.Uint64
	var v int
	var none context.Context
	for name, f := range map[string]func(){
		"Wait without a context":          func() { q.Wait(none, never) },
		"Wait without a condition":        func() { q.Wait(bg, nil) },
		"WaitExclusive without a context": func() { q.WaitExclusive(none, never) },
		"WaitFor without a condition":     func() { q.WaitFor(1, nil) },
		"WaitLocked without a locker":     func() { q.WaitLocked(bg, nil, never) },
		"WaitLocked without a condition":  func() { q.WaitLocked(bg, new(sync.Mutex), nil) },
		"WaitOpts without a context":      func() { q.WaitOpts(none, never, Options{}) },
		"Completion.Wait":                 func() { c.Wait(none) },
		"Single.Wait without a context":   func() { x.Wait(none, never) },
		"Single.Wait without a condition": func() { x.Wait(bg, nil) },
		"Poller.Wait without a context":   func() { p.Wait(none, never) },
		"Poller.Wait without a scan":      func() { p.Wait(bg, nil) },
		"Poller.Add without a queue":      func() { p.Add(nil, 0) },
		"WaitBit without a context":       func() { word.Store(1); WaitBit(none, &word, 0) },
		"WaitBit without a word":          func() { WaitBit(bg, nil, 0) },
		"LockBit without a word":          func() { LockBit(bg, nil, 0) },
		"ClearBit without a word":         func() { ClearBit(nil, 0) },
		"WakeBit without a word":          func() { WakeBit(nil, 0) },
		"WaitVar without a context":       func() { WaitVar(none, &v, never) },
		"WaitVar without a condition":     func() { WaitVar(bg, &v, nil) },
		"WaitVar without a variable":      func() { WaitVar[int](bg, nil, never) },
		"WakeVar without a variable":      func() { WakeVar[int](nil) },
		"WaitVarLocked without a locker":  func() { WaitVarLocked(bg, &v, nil, never) },
		"StoreAndWake without a variable": func() { StoreAndWake((*atomic.Int64)(nil), 1) },
		"DecAndWake without a variable":   func() { DecAndWake((*atomic.Int32)(nil)) },
	} {
		misused(t, name, f)
	}
	w := NewWaiter()
	q.Prepare(w, false)
	misused(t, "Park without a context", func() { w.Park(none) })
	q.Finish(w)
	if n := q.Len(); n != 0 {
		t.Errorf("%d entries after misuse", n)
	}
	synctest.Test(t, func(t *testing.T) {
		var ready atomic.Bool
		done := start(func() error { return q.Wait(bg, ready.Load) })
		sleeps(t, "Wait", done)
		ready.Store(true)
		q.Wake()
		returned(t, "Wait", done, nil)
		done = start(func() error { return c.Wait(bg) })
		sleeps(t, "Completion.Wait", done)
		c.Complete()
		returned(t, "Completion.Wait", done, nil)
	})
}

func TestG4_AnEndedContextIsNeverLinked(t *testing.T) {
	forms(t, func(t *testing.T, q *form) {
		ctx, cancel := context.WithCancel(bg)
		cancel()
		var lens []int
		sample := func(result bool) func() bool {
			return func() bool { lens = append(lens, q.Len()); return result }
		}
		if err := q.Wait(ctx, sample(true)); err != nil {
			t.Errorf("Wait for true = %v", err)
		}
		if err := q.Wait(ctx, sample(false)); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait for false = %v", err)
		}
		for _, n := range lens {
			if n != 0 {
				t.Errorf("entries seen by the condition: %v", lens)
			}
		}
		if f := q.Queue; f != nil && f.seq != 0 {
			t.Errorf("%d entries were linked", f.seq)
		}
	})
}

func TestG5_ErrorsMatchTheirCauses(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context) error{
		"queue":      func(ctx context.Context) error { return new(Queue).Wait(ctx, never) },
		"completion": func(ctx context.Context) error { return new(Completion).Wait(ctx) },
		"single":     func(ctx context.Context) error { return new(Single).Wait(ctx, never) },
		"poller":     func(ctx context.Context) error { return new(Poller).Wait(ctx, never) },
		"waiter": func(ctx context.Context) error {
			var q Queue
			w := NewWaiter()
			q.Prepare(w, false)
			defer q.Finish(w)
			return w.Park(ctx)
		},
		"bit": func(ctx context.Context) error {
			var word atomic.Uint64
			word.Store(1)
			return LockBit(ctx, &word, 0)
		},
		"variable": func(ctx context.Context) error { return WaitVar(ctx, new(int), never) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for when, end := range map[string]func(cancel context.CancelCauseFunc){
					"before": func(cancel context.CancelCauseFunc) { cancel(errCause) },
					"asleep": func(cancel context.CancelCauseFunc) { time.AfterFunc(time.Second, func() { cancel(errCause) }) },
				} {
					ctx, cancel := context.WithCancelCause(bg)
					end(cancel)
					if err := wait(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, errCause) || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("cancelled %s: %v", when, err)
					} else if !strings.Contains(err.Error(), errCause.Error()) {
						t.Errorf("cancelled %s: %q does not name the cause", when, err)
					}
				}
				ctx, cancel := context.WithTimeoutCause(bg, time.Second, errCause)
				defer cancel()
				if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errCause) || errors.Is(err, context.Canceled) {
					t.Errorf("timed out: %v", err)
				}
				ctx, cancel = context.WithTimeout(bg, time.Second)
				defer cancel()
				if err := wait(ctx); err != context.DeadlineExceeded {
					t.Errorf("timed out without a cause: %v", err)
				}
				cctx, ccancel := context.WithCancelCause(ctx)
				ccancel(errCause) // of a context that has ended: too late
				if err := wait(cctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("timed out, then cancelled: %v", err)
				}
			})
		})
	}
}

func TestG6_WakesPublishPlainWrites(t *testing.T) {
	// The race detector is the judge: x is plain, and the wake is all that
	// orders its accesses.
	for name, pass := range map[string]func(before, after func()){
		"Prepare, Wake, Park": func(before, after func()) {
			var q Queue
			w := NewWaiter()
			q.Prepare(w, true)
			go func() { before(); q.Wake() }()
			w.Park(bg)
			after()
			q.Finish(w)
		},
		"sticky, cancellable": func(before, after func()) {
			var q Queue
			w := &Waiter{Sticky: true}
			q.Add(w)
			ctx, cancel := context.WithCancel(bg)
			defer cancel()
			go func() { before(); q.WakeAll() }()
			w.Park(ctx)
			after()
			q.Finish(w)
		},
		"C": func(before, after func()) {
			var q Queue
			w := NewWaiter()
			q.Prepare(w, false)
			go func() { before(); q.WakeKey(1, "k") }()
			<-w.C()
			after()
			q.Finish(w)
		},
		"Batch": func(before, after func()) {
			var q Queue
			w := NewWaiter()
			q.Prepare(w, false)
			go func() { before(); var b Batch; b.Collect(&q, 1, nil); b.Flush() }()
			w.Park(bg)
			after()
			q.Finish(w)
		},
		"Wait": func(before, after func()) {
			var q Queue
			linked := make(chan bool)
			go func() { <-linked; before(); q.Wake() }()
			q.Wait(bg, nextAfter(linked, q.Len))
			after()
		},
		"Close": func(before, after func()) {
			var q Queue
			linked := make(chan bool)
			go func() { <-linked; before(); q.Close(nil) }()
			test := nextAfter(linked, q.Len)
			q.Wait(bg, func() bool { test(); return false })
			after()
		},
		"Complete": func(before, after func()) {
			var c Completion
			go func() { before(); c.Complete() }()
			c.Wait(bg)
			after()
		},
		"CompleteAll": func(before, after func()) {
			var c Completion
			go func() { before(); c.CompleteAll() }()
			c.Wait(bg)
			after()
		},
		"TryWait": func(before, after func()) {
			var c Completion
			go func() { before(); c.Complete() }()
			for !c.TryWait() {
				runtime.Gosched()
			}
			after()
		},
		"Completed": func(before, after func()) {
			var c Completion
			go func() { before(); c.Complete() }()
			for !c.Completed() {
				runtime.Gosched()
			}
			after()
		},
		"Single": func(before, after func()) {
			var x Single
			n := 0
			in := make(chan bool)
			go func() { <-in; before(); x.Wake() }()
			x.Wait(bg, func() bool {
				if n++; n == 2 {
					close(in)
				}
				return n == 3
			})
			after()
		},
		"Poller": func(before, after func()) {
			var q Queue
			var p Poller
			p.Add(&q, 0)
			defer p.Close()
			n := 0
			in := make(chan bool)
			go func() { <-in; before(); q.Wake() }()
			p.Wait(bg, func() bool {
				if n++; n == 1 {
					close(in)
				}
				return n == 2
			})
			after()
		},
		"WakeVar": func(before, after func()) {
			table := useTable(t, 1, nil)
			v := 0
			linked := make(chan bool)
			go func() { <-linked; before(); WakeVar(&v) }()
			WaitVar(bg, &v, nextAfter(linked, table.queues[0].Len))
			after()
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				x := 0
				pass(func() { x = 1 }, func() {
					if x != 1 {
						t.Error("the write before the wake is not seen after it")
					}
				})
			}
		})
	}
}
