package waitq

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/sched"
)

func singles(t *testing.T, f func(t *testing.T, x *Single)) {
	t.Helper()
	for name, s := range map[string]sched.Scheduler{"zero": nil, "noise": sched.NewNoise(3, 2), "inner": &grain{inner: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := new(Single)
				if s != nil {
					x.Init(s, "x")
				}
				f(t, x)
			})
		})
	}
}

func TestW1_AnEarlyWakeIsNotKept(t *testing.T) {
	singles(t, func(t *testing.T, x *Single) {
		for range 3 {
			if x.Wake() {
				t.Error("Wake says that it woke somebody")
			}
		}
		var ready atomic.Bool
		c := start(func() error { return x.Wait(bg, ready.Load) })
		sleeps(t, "Wait", c)
		misused(t, "a second Wait", func() { x.Wait(bg, always) })
		ready.Store(true)
		if !x.Wake() {
			t.Error("Wake says that it woke nobody")
		}
		returned(t, "Wait", c, nil)
		if err := x.Wait(bg, ready.Load); err != nil { // what came before made it true
			t.Error(err)
		}
	})
}

func TestW2_WakeSaysWhetherItWoke(t *testing.T) {
	singles(t, func(t *testing.T, x *Single) {
		var ready atomic.Bool
		tests := 0
		c := start(func() error { return x.Wait(bg, func() bool { tests++; return ready.Load() }) })
		for i := range 5 {
			sleeps(t, "Wait", c)
			if tests != 2+2*i {
				t.Errorf("%d tests after %d stray wakes", tests, i)
			}
			if !x.Wake() {
				t.Error("Wake of a sleeper says that it woke nobody")
			}
		}
		synctest.Wait()
		ready.Store(true)
		x.Wake()
		returned(t, "Wait", c, nil)
		if x.Wake() {
			t.Error("Wake after the wait says that it woke somebody")
		}
		g := newGate(3, never)
		ctx, cancel := context.WithCancel(bg)
		c = start(func() error { return x.Wait(ctx, g.test) })
		synctest.Wait()
		x.Wake()
		<-g.in // awake, and not asleep again
		if x.Wake() {
			t.Error("a second Wake of the same sleep says that it woke somebody")
		}
		cancel()
		close(g.open)
		returned(t, "Wait", c, context.Canceled)
	})
}

func TestW2_NoWakeIsLostAndSuccessWins(t *testing.T) {
	for at := 1; at <= 3; at++ {
		singles(t, func(t *testing.T, x *Single) { // Q1
			var ready atomic.Bool
			g := newGate(at, ready.Load)
			c := start(func() error { return x.Wait(bg, g.test) })
			for synctest.Wait(); g.calls < at; synctest.Wait() {
				x.Wake()
			}
			ready.Store(true)
			x.Wake()
			close(g.open)
			returned(t, "Wait", c, nil)
		})
	}
	singles(t, func(t *testing.T, x *Single) { // Q17
		var ready atomic.Bool
		g := newGate(2, ready.Load)
		ctx, cancel := context.WithCancel(bg)
		c := start(func() error { return x.Wait(ctx, g.test) })
		<-g.in
		ready.Store(true)
		cancel()
		close(g.open)
		returned(t, "Wait", c, nil)
	})
	singles(t, func(t *testing.T, x *Single) { // a cancelled wait leaves nothing
		for range 3 {
			ctx, cancel := context.WithCancel(bg)
			c := start(func() error { return x.Wait(ctx, never) })
			sleeps(t, "Wait", c)
			cancel()
			returned(t, "Wait", c, context.Canceled)
		}
		if x.Wake() {
			t.Error("Wake found somebody")
		}
	})
	for _, u := range unwindings {
		singles(t, func(t *testing.T, x *Single) {
			c := start(func() error {
				return unwound(func() {
					n := 0
					x.Wait(bg, func() bool {
						if n++; n == 2 {
							u.do()
						}
						return false
					})
				})
			})
			returned(t, "Wait", c, nil)
			if x.Wake() {
				t.Error("Wake found somebody")
			}
			if err := x.Wait(bg, always); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestW2_AnOldWakeDoesNotReachTheNextWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The waker has claimed the waiter and has yet to notify it, when
		// the wait is cancelled and the next begins.
		g := &grain{}
		var x Single
		x.Init(g, "x")
		ctx, cancel := context.WithCancel(bg)
		gate := newGate(2, never)
		c := start(func() error { return x.Wait(ctx, gate.test) })
		<-gate.in
		in, open := make(chan bool), make(chan bool)
		g.at = unparkHook(func() { close(in); <-open })
		waker := start(func() error { x.Wake(); return nil })
		<-in
		cancel()
		close(gate.open)
		returned(t, "the cancelled wait", c, context.Canceled)
		tests := 0
		ctx, cancel = context.WithCancel(bg)
		c = start(func() error { return x.Wait(ctx, func() bool { tests++; return false }) })
		sleeps(t, "the next wait", c)
		close(open)
		returned(t, "Wake", waker, nil)
		sleeps(t, "the next wait", c)
		if tests != 2 {
			t.Errorf("%d tests of the next wait before any wake, want 2", tests)
		}
		cancel()
		returned(t, "the next wait", c, context.Canceled)
	})
}
