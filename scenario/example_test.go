package scenario_test

import (
	"context"
	"fmt"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/scenario"
)

// The hang of July 2003, and its cure.
func Example() {
	for _, g := range []*lookup.Generation{&lookup.G1, &lookup.G4} {
		res, err := scenario.Play(context.Background(), scenario.Config{
			Reproducer: &scenario.LsRm, Generation: g, Provider: floodgate.Ours, Gated: true, Rounds: 50,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %d of %d rounds hung\n", res.Generation, res.Hung, res.Rounds)
		if res.Hang != nil {
			for _, e := range res.Hang.Cycle {
				fmt.Printf("  %s sleeps on %v\n", e.From.Name, e.Object)
			}
		}
	}
	// Output:
	// G1: 50 of 50 rounds hung
	//   rm sleeps on record.wait foo
	//   ls sleeps on i_sem #1
	// G4: 0 of 50 rounds hung
}
