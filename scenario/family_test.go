package scenario

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
)

func TestTry(t *testing.T) {
	if os.Getenv("TRY") == "" {
		t.Skip()
	}
	for _, g := range lookup.All() {
		s, err := ParseScenario(os.Getenv("TRY"))
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		r := Explore(context.Background(), g, s, Options{
			Explore: []explore.Option{explore.Plan(explore.POS(300), explore.PCT(3, 300), explore.DPOR(3*time.Second))},
			Known:   func(v *invariant.Violation) bool { return known[v.Signature()] },
			Found:   func(f *Found) { known[f.Signature()] = true },
		})
		t.Logf("%s: %s", g, r.Certificate.String())
		for _, f := range r.Found {
			t.Logf("   %d %v %s [%s]", f.Finding.Execution, f.Effect, f.Error(), f.Token())
			if os.Getenv("LONG") != "" {
				t.Logf("%s", f.Finding.Timeline.Text(0))
			}
		}
	}
}

func TestTryHunt(t *testing.T) {
	if os.Getenv("HUNT") == "" {
		t.Skip()
	}
	d, _ := time.ParseDuration(os.Getenv("HUNT"))
	gens := lookup.All()
	if id := os.Getenv("GEN"); id != "" {
		g, _ := lookup.ByID(id)
		gens = []*lookup.Generation{g}
	}
	q, err := Hunt(context.Background(), HuntConfig{Generations: gens, Budget: d})
	t.Log(err, len(HuntingGround(true, false)), len(HuntingGround(true, true)))
	for _, q := range q {
		t.Logf("%s: %d rows, %d scenarios, %d executions, %v", q.Generation, len(q.Rows), q.Scenarios, q.Executions, q.Spent)
		for _, r := range q.Rows {
			t.Logf("    %-12v %7d %8v %7d %s   [%s]", r.Effect, r.Execution, r.After.Round(time.Millisecond), r.Seen, r.Signature(), r.Token())
		}
	}
}
