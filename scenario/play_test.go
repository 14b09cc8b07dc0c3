package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/scenario"
)

func play(t *testing.T, c scenario.Config) *scenario.Result {
	t.Helper()
	if c.Provider == nil {
		c.Provider = floodgate.Ours
	}
	if c.Rounds == 0 {
		c.Rounds = 100
	}
	res, err := scenario.Play(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if res.Rounds != c.Rounds {
		t.Errorf("%d rounds played, want %d", res.Rounds, c.Rounds)
	}
	if res.Wrong+res.Leaked+res.Routines != 0 {
		t.Errorf("%d wrong answers (%s), %d leaks (%s), %d goroutines left",
			res.Wrong, res.Error, res.Leaked, res.Leak, res.Routines)
	}
	return res
}

// everywhere runs f on every provider, on one processor and on all.
func everywhere(t *testing.T, f func(*testing.T, scenario.MakeProvider)) {
	for _, name := range scenario.Providers() {
		p, err := scenario.ProviderByName(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, procs := range []int{1, runtime.NumCPU()} {
			t.Run(fmt.Sprintf("%s/%d", name, procs), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				f(t, p)
			})
		}
	}
}

// The hang of the mail came every time, and on every machine.
func TestLsRmHangsEveryTime(t *testing.T) {
	everywhere(t, func(t *testing.T, p scenario.MakeProvider) {
		for _, g := range []*lookup.Generation{&lookup.G1, &lookup.G3} {
			res := play(t, scenario.Config{Reproducer: &scenario.LsRm, Generation: g, Provider: p, Gated: true})
			if res.Hung != res.Rounds {
				t.Errorf("%v hung in %d of %d rounds", g, res.Hung, res.Rounds)
			}
			if res.Hang == nil || len(res.Hang.Cycle) != 2 {
				t.Errorf("%v: no circle of two in\n%v", g, res.Hang)
			}
		}
	})
}

func TestLsRmEndsWithTheCombinedPatch(t *testing.T) {
	everywhere(t, func(t *testing.T, p scenario.MakeProvider) {
		for _, g := range []*lookup.Generation{&lookup.G2, &lookup.G4, lookup.Best()} {
			if res := play(t, scenario.Config{Reproducer: &scenario.LsRm, Generation: g, Provider: p, Gated: true}); res.Hung != 0 {
				t.Errorf("%v: %v", g, res.Hang)
			}
		}
	})
}

// The corruption of the other mail: a woken sleeper unlinks itself from a head
// that is gone.
func TestManyLsTouchTheDeadFrame(t *testing.T) {
	everywhere(t, func(t *testing.T, p scenario.MakeProvider) {
		for _, g := range []*lookup.Generation{&lookup.G1, &lookup.G2} {
			res := play(t, scenario.Config{Reproducer: &scenario.ManyLs, Generation: g, Provider: p, Gated: true})
			if res.Touched != res.Rounds {
				t.Errorf("%v touched the dead frame in %d of %d rounds", g, res.Touched, res.Rounds)
			}
		}
		for _, g := range []*lookup.Generation{&lookup.G3, &lookup.G4, lookup.Best()} {
			if res := play(t, scenario.Config{Reproducer: &scenario.ManyLs, Generation: g, Provider: p, Gated: true}); !res.Clean() {
				t.Errorf("%v: %+v", g, res)
			}
		}
	})
}

func TestTheDefaultIsCleanInEveryReproducer(t *testing.T) {
	for _, rep := range scenario.Reproducers() {
		t.Run(rep.ID, func(t *testing.T) {
			if res := play(t, scenario.Config{Reproducer: rep, Generation: lookup.Best(), Gated: true}); !res.Clean() {
				t.Errorf("%+v", res)
			}
		})
	}
}

func TestHelpersHangWithoutTheAncestorTest(t *testing.T) {
	res := play(t, scenario.Config{Reproducer: &scenario.Helpers, Generation: &lookup.G4})
	if res.Hung != res.Rounds {
		t.Errorf("hung in %d of %d rounds", res.Hung, res.Rounds)
	}
}

func TestNoiseIsPlayed(t *testing.T) {
	play(t, scenario.Config{Reproducer: &scenario.ManyLs, Generation: &lookup.G4, Noise: 4})
}

func TestPlayEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	res, err := scenario.Play(ctx, scenario.Config{
		Reproducer: &scenario.LsRm, Generation: &lookup.G4, Provider: floodgate.Ours, Rounds: 1 << 30,
		Progress: func(rounds int) {
			if rounds >= 10 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) || res.Rounds < 10 || res.Routines != 0 {
		t.Errorf("%v after %d rounds, %d goroutines left", err, res.Rounds, res.Routines)
	}
}

func TestPlayEndsInTime(t *testing.T) {
	res, err := scenario.Play(context.Background(), scenario.Config{
		Reproducer: &scenario.LsRm, Generation: &lookup.G4, Provider: floodgate.Ours, Duration: 10 * time.Millisecond,
	})
	if err != nil || res.Rounds == 0 {
		t.Errorf("%d rounds, %v", res.Rounds, err)
	}
}

func TestBadConfigsAreRefused(t *testing.T) {
	good := scenario.Config{Reproducer: &scenario.LsRm, Generation: &lookup.G4, Provider: floodgate.Ours, Rounds: 1}
	for name, spoil := range map[string]func(*scenario.Config){
		"no reproducer":     func(c *scenario.Config) { c.Reproducer = nil },
		"no generation":     func(c *scenario.Config) { c.Generation = nil },
		"no provider":       func(c *scenario.Config) { c.Provider = nil },
		"no rounds":         func(c *scenario.Config) { c.Rounds = 0 },
		"negative rounds":   func(c *scenario.Config) { c.Rounds = -1 },
		"negative duration": func(c *scenario.Config) { c.Duration = -1 },
		"negative noise":    func(c *scenario.Config) { c.Noise = -1 },
	} {
		c := good
		spoil(&c)
		if res, err := scenario.Play(context.Background(), c); err == nil || res != nil {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
}

func TestNamesAreFoundOrListed(t *testing.T) {
	for _, id := range []string{"R-a", "r-A", "a"} {
		if r, err := scenario.ReproducerByID(id); r != &scenario.LsRm {
			t.Errorf("%q: %v, %v", id, r, err)
		}
	}
	if _, err := scenario.ReproducerByID("R-z"); err == nil {
		t.Error("R-z was found")
	}
	if _, err := scenario.ProviderByName("pthread"); err == nil {
		t.Error("pthread was found")
	}
}
