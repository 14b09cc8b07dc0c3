package sched_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/sched"
)

// A parking calls Park in one of the ways it can sleep.
var parkings = map[string]func(*sched.Parker) error{
	"uncancellable": func(p *sched.Parker) error { return p.Park(context.Background(), nil) },
	"cancellable": func(p *sched.Parker) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return p.Park(ctx, nil)
	},
	"channel":        func(p *sched.Parker) error { <-p.C(); return nil },
	"channel opened": func(p *sched.Parker) error { p.C(); return p.Park(context.Background(), nil) },
}

func TestParkerSleepsUntilAWake(t *testing.T) {
	for name, park := range parkings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p sched.Parker
				var x, woken int
				go func() {
					for range 3 {
						if err := park(&p); err != nil {
							t.Error(err)
						}
						woken += x
					}
				}()
				for i := range 3 {
					synctest.Wait() // durably blocked, whatever it sleeps in
					if woken != i {
						t.Fatalf("woken %d times by %d wakes", woken, i)
					}
					x = 1
					if !p.Unpark() {
						t.Error("Unpark of a sleeper says that a wake was there")
					}
				}
				synctest.Wait()
				if woken != 3 {
					t.Errorf("woken %d times by 3 wakes", woken)
				}
			})
		})
	}
}

func TestParkerCrossesBubbles(t *testing.T) {
	var p sched.Parker // of no bubble
	round := func(t *testing.T) {
		for _, name := range []string{"uncancellable", "cancellable"} {
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := parkings[name](&p); err != nil {
					t.Error(err)
				}
			})
			p.Unpark()
			wg.Wait()
		}
	}
	round(t)
	synctest.Test(t, round)
	synctest.Test(t, round)
	round(t)
}

func TestParkerWakeMeetsCancel(t *testing.T) {
	for _, opened := range []bool{false, true} {
		for range 2000 {
			var p sched.Parker
			if opened {
				p.C()
			}
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			var unparked bool
			wg.Go(func() { unparked = p.Unpark() })
			wg.Go(cancel)
			err := p.Park(ctx, nil)
			wg.Wait()
			if !unparked {
				t.Fatal("Unpark found a wake that nobody gave")
			}
			if left := p.Reset(); left == (err == nil) {
				t.Fatalf("Park = %v, and a wake is left: %v", err, left)
			}
		}
	}
}

func TestParkerChannelGetsAnEarlierWake(t *testing.T) {
	var p sched.Parker
	p.Unpark()
	select {
	case <-p.C():
	default:
		t.Fatal("the wake before C is not in the channel")
	}
	if p.Reset() {
		t.Error("the wake is there twice")
	}
	if !p.Unpark() || p.Unpark() {
		t.Error("the channel does not keep exactly one wake")
	}
}
