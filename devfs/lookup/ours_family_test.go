//go:build !race

// Not under the race detector: the checks keep books of their own, in plain
// memory that every task of an exploration writes to.

package lookup_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/scenario"
)

var (
	familyActs   = flag.Int("family", 0, "explore every scenario of this many acts to its end")
	familyBudget = flag.Duration("family.budget", 2*time.Second, "time for each of them")
	familyTotal  = flag.Duration("family.total", 10*time.Minute, "time for all of them")
)

// Every pair of the family is explored a little each time the tests run, and to
// its end with -family=2, under all the statements.
func TestOursInTheFamily(t *testing.T) {
	acts, plan := 2, explore.Plan(explore.POS(3))
	if *familyActs > 0 {
		acts, plan = *familyActs, explore.Plan(explore.POS(20), explore.DPOR(*familyBudget))
	}
	var all, exhausted int
	var n, steps uint64
	begin := time.Now()
	seen := map[string]int{}
	// A link that leads nowhere: what the daemon was asked for is where it
	// leads, and the check of answers knows only what the link is called.
	dangling := func(s *scenario.Scenario, v *invariant.Violation) bool {
		return v.Statement == "SF-13" && strings.Contains(s.String(), "symlink(")
	}
	for s := range scenario.Scenarios(scenario.Family{Acts: acts}) {
		if *familyActs > 0 && time.Since(begin) > *familyTotal {
			t.Logf("stopped before %v", s)
			break
		}
		r := scenario.Explore(t.Context(), &lookup.Ours, s, scenario.Options{
			Explore: []explore.Option{plan},
			Known:   func(v *invariant.Violation) bool { return dangling(s, v) },
		})
		all++
		for _, p := range r.Certificate.Phases {
			n += p.Executions
			steps += p.Steps
		}
		if r.Certificate.Exhausted() {
			exhausted++
		} else if *familyActs > 0 {
			t.Logf("not exhausted: %v: %v", s, r.Certificate.String())
		}
		for _, f := range r.Found {
			if seen[f.Signature()]++; seen[f.Signature()] == 1 {
				t.Errorf("%v: %v\n%s\n%s", s, f.Error(), f.Token(), f.Finding.Report(60))
			}
		}
	}
	t.Logf("%d scenarios of %d acts, %d exhausted: %d executions, %d steps in %v", all, acts, exhausted, n, steps,
		time.Since(begin).Round(time.Second/10))
}
