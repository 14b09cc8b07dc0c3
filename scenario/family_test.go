//go:build !race

// Not under the race detector: the checks keep books of their own, in plain
// memory that every task of an exploration writes to.

package scenario

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
)

func TestTheNameOfAScenarioIsReadBack(t *testing.T) {
	n := 0
	for s := range Scenarios(Family{Acts: 2, Faults: []Fault{"", StrayWake, NoMemory}}) {
		text := s.String()
		again, err := ParseScenario(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again.String() != text {
			t.Fatalf("%s is read as %s", text, again)
		}
		n++
	}
	if n < 10_000 {
		t.Errorf("%d pairs, want a family", n)
	}
}

func TestBadScenariosAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "stat(a)", "/nop", "stat(a)/nobody", "stat(q)/nop", "chmod(a)/nop", "stat(a/nop", "stat a/nop",
		"mv(a)/nop", "stat(a,b)/nop", "x.stat(a)/nop", "e.reg(a)/nop", "stat(a)/nop,luck", "stat(a)+/nop",
		strings.Repeat("stat(a)+", 8) + "stat(a)/nop",
	} {
		if s, err := ParseScenario(text); !errors.Is(err, ErrScenario) {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

func TestNoScenarioIsEnumeratedTwice(t *testing.T) {
	seen := map[string]bool{}
	for s := range Scenarios(Family{Acts: 2, Daemons: []DaemonKind{Nothing}}) {
		k := min(key(s.Acts), key(swapped(s.Acts)))
		if seen[k] {
			t.Errorf("%s comes twice", s)
		}
		seen[k] = true
	}
	triples := 0
	for range Scenarios(Family{Acts: 3, Daemons: []DaemonKind{Nothing}}) {
		triples++
	}
	if triples < 10*len(seen) {
		t.Errorf("%d pairs and %d triples", len(seen), triples)
	}
}

// What is known from the time must be found from a cold start, by sampling
// alone, and replay.
func TestTheKnownBugsAreFoundFromACold(t *testing.T) {
	for _, c := range []struct {
		what, scenario, statement, words string
		in                               []*lookup.Generation
	}{
		{"deadlock", "stat(a)+unlink(a)/nop", "LV-2", "looker at L9", []*lookup.Generation{&lookup.G0, &lookup.G1, &lookup.G3}},
		{"dead head", "stat(a)+stat(a)/nop", "SF-2", "revalidator at R14", []*lookup.Generation{&lookup.G1, &lookup.G2}},
		{"double instantiation", "stat(a)+e.stat(a)/reg", "SF-1", "revalidator at R7", []*lookup.Generation{&lookup.G5}},
	} {
		s, err := ParseScenario(c.scenario)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range c.in {
			t.Run(c.what+"/"+g.ID, func(t *testing.T) {
				begin := time.Now()
				known := map[string]bool{}
				var hit *Found
				Explore(context.Background(), g, s, Options{
					Explore: []explore.Option{explore.Plan(explore.POS(400))},
					Known:   func(v *invariant.Violation) bool { return known[v.Signature()] },
					Found: func(f *Found) {
						known[f.Signature()] = true
						if hit == nil && f.Statement == c.statement && strings.Contains(f.Signature(), c.words) {
							hit = f
						}
					},
				})
				if hit == nil {
					t.Fatalf("not found in 400 executions; found %v", known)
				}
				t.Logf("execution %d, %v for all 400: %s", hit.Finding.Execution, time.Since(begin).Round(time.Millisecond), hit.Token())
				r, err := Replay(hit.Token())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(r.Found, func(v *invariant.Violation) bool { return v.Signature() == hit.Signature() }) {
					t.Errorf("the token shows %v instead", r.Found)
				}
			})
		}
	}
}

func TestTokensThatDoNotFitAreRefused(t *testing.T) {
	for _, token := range []string{"", "g1", "g1:stat(a)/nop", "g9:stat(a)/nop:000000", "g1:stat(q)/nop:000000", "g1:stat(a)/nop:xyz"} {
		if _, err := Replay(token); !errors.Is(err, ErrToken) {
			t.Errorf("%q: %v, want an error that matches ErrToken", token, err)
		}
	}
	if _, err := Replay("g1:stat(a)/nop:000000"); !errors.Is(err, explore.ErrStale) {
		t.Errorf("the print of another program: %v, want ErrStale", err)
	}
}

// With known violations passed over, a hunt finds what lies behind them, and
// rows are told apart by cause, not by scenario.
func TestHuntGroupsByCause(t *testing.T) {
	var list []*Scenario
	for _, text := range []string{"stat(a)+unlink(a)/nop", "stat(a)+mkdir(a)/nop", "stat(a)+rmdir(a)/nop", "open(a)+mknod(a)/nop"} {
		s, err := ParseScenario(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	found, err := Hunt(context.Background(), HuntConfig{Generations: []*lookup.Generation{&lookup.G1}, Scenarios: list, Budget: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	hangs := 0
	for _, r := range found[0].Rows {
		if r.Statement == "LV-2" {
			hangs++
		}
		if r.Seen == 0 {
			t.Errorf("%s was never seen", r.Signature())
		}
	}
	if hangs != 1 {
		t.Errorf("%d rows of LV-2 for one deadlock in four scenarios", hangs)
	}
}

func TestAHuntEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Hunt(ctx, HuntConfig{Generations: lookup.All(), Budget: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	if _, err := Hunt(context.Background(), HuntConfig{Budget: time.Minute}); err == nil {
		t.Error("a hunt without generations is no error")
	}
}
