package explore_test

import (
	"testing"
	"math/rand/v2"
	"github.com/floodgate-go/floodgate/explore"
)

func TestDbg(t *testing.T) {
	p := randomProgram(rand.New(rand.NewPCG(308, 1)))
	for _, q := range []program{p,
	 {sems: []int{0,0}, tasks: [][]string{{"store x"},{"spin x","add x","load x"},{"add x","load x"}}},
	 {sems: []int{0,0}, tasks: [][]string{{"lock m", "store x","unlock m"},{"spin x","add x","load x"},{"add x","load x"}}},
	 {sems: []int{0,0}, tasks: [][]string{{"lock m", "store x","unlock m"},{"spin x","add x","lock m","load x","unlock m"},{"add x","lock m","load x","unlock m"}}},
	 {sems: []int{0,0}, tasks: [][]string{{"store y", "store x"},{"spin x","add x","load x"},{"add x","load x"}}},
	 } {
	want, _ := q.outcomes(t, explore.Exhaustive(0))
	got, r := q.outcomes(t, explore.DPOR(0))
	slp, _ := q.outcomes(t, explore.SleepSets(0))
	t.Log(q, len(want), len(got), len(slp), r.Executions)
	for w := range want { if !got[w] { t.Log("missing", w) } }
	}
}
