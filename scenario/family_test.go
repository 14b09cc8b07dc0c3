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
