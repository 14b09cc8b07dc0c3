package waitq

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/sched"
)

// polled runs a test in a bubble with n queues, for each scheduler.
func polled(t *testing.T, n int, f func(t *testing.T, p *Poller, qs []*Queue)) {
	t.Helper()
	for name, s := range map[string]sched.Scheduler{"zero": nil, "noise": sched.NewNoise(3, 2), "inner": &grain{inner: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := new(Poller)
				qs := make([]*Queue, n)
				for i := range qs {
					qs[i] = new(Queue)
					if s != nil {
						qs[i].Init(s, "q")
					}
				}
				f(t, p, qs)
				p.Close()
				for i, q := range qs {
					if n := q.n.Peek(); n != 0 && !t.Failed() {
						t.Errorf("%d entries on queue %d after Close", n, i)
					}
				}
			})
		})
	}
}

func TestP1_AWakeOfAnyQueueCounts(t *testing.T) {
	polled(t, 5, func(t *testing.T, p *Poller, qs []*Queue) {
		scans := 0
		var done atomic.Bool
		for _, q := range qs {
			if err := p.Add(q, 0); err != nil {
				t.Error(err)
			}
		}
		c := start(func() error { return p.Wait(bg, func() bool { scans++; return done.Load() }) })
		for i, k := range rand.New(rand.NewPCG(1, 2)).Perm(len(qs)) {
			sleeps(t, "Wait", c)
			if scans != i+1 {
				t.Errorf("%d scans after %d wakes", scans, i)
			}
			qs[k].Wake()
		}
		synctest.Wait()
		done.Store(true)
		qs[0].WakeAll()
		returned(t, "Wait", c, nil)
	})
}

func TestP2_AWakeDuringTheScanIsKept(t *testing.T) {
	polled(t, 2, func(t *testing.T, p *Poller, qs []*Queue) {
		var ready atomic.Bool
		g := newGate(1, ready.Load)
		p.Add(qs[0], 0)
		p.Add(qs[1], 0)
		c := start(func() error { return p.Wait(bg, g.test) })
		<-g.in // it has looked, and holds a stale false
		ready.Store(true)
		qs[1].Wake()
		close(g.open)
		returned(t, "Wait", c, nil)
	})
}

func TestP2_AWakeBeforeWaitIsSeen(t *testing.T) {
	polled(t, 1, func(t *testing.T, p *Poller, qs []*Queue) {
		p.AddExclusive(qs[0], 0)
		var ready atomic.Bool
		ready.Store(true)
		qs[0].Wake() // p is not in Wait
		c := start(func() error { return p.Wait(bg, ready.Load) })
		returned(t, "Wait", c, nil)
	})
}

func TestP3_MasksAreRespected(t *testing.T) {
	const in, out, hup Events = 1, 2, 4
	polled(t, 2, func(t *testing.T, p *Poller, qs []*Queue) {
		p.Add(qs[0], in|hup)
		p.Add(qs[1], 0)
		scans := 0
		ctx, cancel := context.WithCancel(bg)
		c := start(func() error { return p.Wait(ctx, func() bool { scans++; return false }) })
		for _, w := range []struct {
			q     int
			key   any
			scans int
		}{
			{0, out, 0}, {0, in, 1}, {0, hup | out, 1}, {0, Events(0), 1}, {0, nil, 1}, {0, "text", 0},
			{1, out, 1}, {1, Events(0), 1}, {1, nil, 1},
		} {
			synctest.Wait()
			before := scans
			qs[w.q].WakeKey(1, w.key)
			synctest.Wait()
			if scans != before+w.scans {
				t.Errorf("a wake of queue %d with key %v causes %d scans, want %d", w.q, w.key, scans-before, w.scans)
			}
		}
		cancel()
		returned(t, "Wait", c, context.Canceled)
	})
}

func TestP4_CloseUnlinksEverywhere(t *testing.T) {
	for _, u := range unwindings {
		t.Run(u.name, func(t *testing.T) {
			polled(t, 3, func(t *testing.T, p *Poller, qs []*Queue) {
				for _, q := range qs {
					p.AddExclusive(q, 0)
				}
				c := start(func() error {
					return unwound(func() {
						defer p.Close()
						p.Wait(bg, func() bool { u.do(); return false })
					})
				})
				returned(t, "Wait", c, nil)
				for _, q := range qs {
					if n := q.Len(); n != 0 {
						t.Errorf("%d entries are left after a scan that was unwound", n)
					}
				}
				p.Close()
				p.Add(qs[1], 0) // and it may be used again
				if qs[0].Len() != 0 || qs[1].Len() != 1 {
					t.Error("Add after Close")
				}
			})
		})
	}
}

func TestP5_SharedPollersAbsorbNothing(t *testing.T) {
	polled(t, 1, func(t *testing.T, p *Poller, qs []*Queue) {
		var x tokens
		c := start(func() error { return qs[0].WaitExclusive(bg, x.take) })
		synctest.Wait()
		p.Add(qs[0], 0)
		ctx, cancel := context.WithCancel(bg)
		scan := start(func() error { return p.Wait(ctx, never) })
		synctest.Wait()
		x.n.Add(1)
		if n := qs[0].Wake(); n != 1 {
			t.Errorf("Wake = %d, want 1", n)
		}
		returned(t, "the exclusive wait", c, nil)
		cancel()
		returned(t, "the poller", scan, context.Canceled)
	})
}

func TestP6_AnExclusivePollerPassesOn(t *testing.T) {
	for _, u := range append([]unwinding{{"cancel", nil}, {"another queue", nil}}, unwindings...) {
		t.Run(u.name, func(t *testing.T) {
			polled(t, 2, func(t *testing.T, p *Poller, qs []*Queue) {
				q := qs[0]
				var x, y tokens
				ctx, cancel := context.WithCancel(bg)
				defer cancel()
				p.AddExclusive(q, 1)
				p.AddExclusive(qs[1], 1)
				in, open := make(chan bool), make(chan bool)
				scans := 0
				first := start(func() error {
					scan := func() error {
						return p.Wait(ctx, func() bool {
							if scans++; scans == 1 {
								close(in)
								<-open
								return false
							}
							switch u.name {
							case "another queue":
								return y.take()
							case "cancel":
								return false
							}
							u.do()
							return false
						})
					}
					if u.do != nil {
						return unwound(func() { scan() })
					}
					return scan()
				})
				<-in
				var other Poller
				other.AddExclusive(q, 3)
				second := start(func() error { return other.Wait(bg, x.take) })
				synctest.Wait()
				x.n.Add(1)
				if u.name == "another queue" {
					y.n.Add(1)
				}
				if n := q.WakeKey(1, Events(1)); n != 1 { // the first, while it is in its scan
					t.Errorf("WakeKey = %d, want 1", n)
				}
				sleeps(t, "the second poller", second)
				if u.name == "cancel" {
					cancel()
				}
				close(open)
				synctest.Wait()
				if u.name == "cancel" {
					// Its last scan comes after the wake: what it does not
					// see then, it can not use.
					returned(t, "the first poller", first, context.Canceled)
				} else {
					returned(t, "the first poller", first, nil)
				}
				if u.name == "cancel" && x.taken.Load() == 0 {
					t.Error("the token lies there and the second poller sleeps")
				}
				returned(t, "the second poller", second, nil)
				other.Close()
			})
		})
	}
}

func TestP6_AnIdleExclusivePollerIsNotChosen(t *testing.T) {
	polled(t, 1, func(t *testing.T, p *Poller, qs []*Queue) {
		p.AddExclusive(qs[0], 0)
		var x tokens
		c := start(func() error { return qs[0].WaitExclusive(bg, x.take) })
		synctest.Wait()
		x.n.Add(1)
		if n := qs[0].Wake(); n != 1 {
			t.Errorf("Wake = %d, want 1", n)
		}
		returned(t, "the exclusive wait", c, nil)
	})
}

func TestP7_AClosedQueueIsReported(t *testing.T) {
	polled(t, 3, func(t *testing.T, p *Poller, qs []*Queue) {
		for _, q := range qs {
			p.Add(q, 0)
		}
		c := start(func() error { return p.Wait(bg, never) })
		sleeps(t, "Wait", c)
		qs[1].Close(errCause)
		synctest.Wait()
		if err := <-c; !errors.Is(err, ErrClosed) || !errors.Is(err, errCause) {
			t.Errorf("Wait = %v", err)
		}
		if n := qs[1].Len(); n != 0 {
			t.Errorf("%d entries on the closed queue", n)
		}
		if err := p.Add(qs[1], 0); !errors.Is(err, errCause) {
			t.Errorf("Add of a closed queue = %v", err)
		}
		var ready atomic.Bool
		c = start(func() error { return p.Wait(bg, ready.Load) }) // the others go on
		sleeps(t, "Wait", c)
		ready.Store(true)
		qs[2].Wake()
		returned(t, "Wait", c, nil)
		qs[0].Close(nil)
		if err := p.Add(qs[0], 0); !errors.Is(err, ErrClosed) { // known, but closed
			t.Errorf("Add of a queue that was closed since = %v", err)
		}
		if err := p.Wait(bg, always); err != nil {
			t.Errorf("success does not win: %v", err)
		}
		if err := p.Wait(bg, never); !errors.Is(err, ErrClosed) {
			t.Errorf("Wait = %v", err)
		}
	})
}

func TestP8_AddingTwiceIsHarmless(t *testing.T) {
	const in, out, hup Events = 1, 2, 4
	polled(t, 1, func(t *testing.T, p *Poller, qs []*Queue) {
		q := qs[0]
		p.Add(q, in)
		p.Add(q, out)
		if n := q.Len(); n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
		scans := 0
		ctx, cancel := context.WithCancel(bg)
		g := newGate(2, func() bool { scans++; return false })
		c := start(func() error { return p.Wait(ctx, g.test) })
		synctest.Wait()
		q.WakeKey(1, hup)
		synctest.Wait()
		if scans != 1 {
			t.Errorf("%d scans before any wake that counts, want 1", scans)
		}
		q.WakeKey(1, out) // added later
		<-g.in
		for range 10 { // a burst during the scan
			q.WakeKey(1, out)
			q.WakeAll()
		}
		close(g.open)
		synctest.Wait()
		if scans != 3 {
			t.Errorf("%d scans, want one for the wake and one for the burst after the first", scans)
		}
		cancel()
		returned(t, "Wait", c, context.Canceled)
		p.Add(q, 0)
		p.Add(q, in)
		if k := p.entries[0].Key; k != Events(0) {
			t.Errorf("after Add of all events and of some the mask is %v", k)
		}
		p.Close()
		p.Close()
	})
}
