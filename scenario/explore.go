package scenario

import (
	"context"
	"fmt"
	"strings"

	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
)

// Options say how [Explore] explores a scenario.
type Options struct {
	// Explore are the explorer's, such as a plan and a budget.
	Explore []explore.Option
	// Known, when not nil, says of a violation that it is to be passed over,
	// so that what happens after it can be seen. An execution is still over
	// with a violation that is fatal.
	Known func(*invariant.Violation) bool
	// Found is called for each finding as soon as it is made.
	Found func(*Found)
}

// A Found is a violation of a statement by a generation in a scenario, with the
// schedule that shows it.
type Found struct {
	*invariant.Violation
	Finding    *explore.Finding
	Generation *lookup.Generation
	Scenario   *Scenario
}

// Token replays the schedule; see [Replay]. It is empty where nothing can be
// replayed.
func (f *Found) Token() string {
	if f.Finding.Token == "" {
		return ""
	}
	return strings.ToLower(f.Generation.ID) + ":" + f.Scenario.String() + ":" + f.Finding.Token
}

// Explored is what an exploration has come to.
type Explored struct {
	Found       []*Found
	Certificate explore.Certificate
}

// Program returns the scenario as a program for package explore, under all the
// statements: for tests.
func Program(g *lookup.Generation, s *Scenario) func(*explore.Run) {
	return func(x *explore.Run) {
		s.play(x, g, func(v *invariant.Violation) { x.Error(v) })
	}
}

// Explore runs a scenario against a generation in every schedule that matters,
// as far as the options go, under all the statements of package invariant.
func Explore(ctx context.Context, g *lookup.Generation, s *Scenario, o Options) *Explored {
	res := &Explored{}
	var last *invariant.Violation // that was reported in the execution that is going on
	program := func(x *explore.Run) {
		last = nil
		s.play(x, g, func(v *invariant.Violation) {
			if last != nil || o.Known != nil && o.Known(v) {
				return
			}
			last = v
			x.Error(v)
		})
	}
	found := func(f *explore.Finding) {
		v := last
		if v == nil {
			v = invariant.Ending(f)
			if o.Known != nil && o.Known(v) {
				return
			}
		}
		fd := &Found{Violation: v, Finding: f, Generation: g, Scenario: s}
		res.Found = append(res.Found, fd)
		if o.Found != nil {
			o.Found(fd)
		}
	}
	opts := append([]explore.Option{explore.CollectAll()}, o.Explore...)
	opts = append(opts, explore.Workers(1), explore.OnFinding(found))
	res.Certificate = explore.Explore(ctx, program, opts...).Certificate
	return res
}

// A Replayed is one schedule, run once.
type Replayed struct {
	Generation *lookup.Generation
	Scenario   *Scenario
	Schedule   explore.Schedule
	Timeline   *explore.Timeline
	// Found are the violations in it, in the order in which they happen.
	Found []*invariant.Violation
}

// ErrToken is matched by the error for a token that is none.
var ErrToken = explore.ErrToken

// Replay runs the schedule of a token once. The error matches [ErrToken] if it
// is none, and [explore.ErrStale] if the program has changed since.
func Replay(token string) (*Replayed, error) {
	id, rest, ok := strings.Cut(token, ":")
	i := strings.LastIndexByte(rest, ':')
	if !ok || i < 0 {
		return nil, fmt.Errorf("%w: %q: it has three parts with colons between, as in g1:stat(a)+unlink(a)/nop:8x21ab.a5>b", ErrToken, token)
	}
	g, err := lookup.ByID(id)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrToken, token, err)
	}
	s, err := ParseScenario(rest[:i])
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrToken, token, err)
	}
	r := &Replayed{Generation: g, Scenario: s}
	e, err := explore.Follow(rest[i+1:], func(x *explore.Run) {
		r.Found = nil
		s.play(x, g, func(v *invariant.Violation) {
			r.Found = append(r.Found, v)
			x.Logf("%v", v)
		})
	})
	if err != nil {
		return nil, err
	}
	r.Schedule, r.Timeline = e.Schedule, e.Timeline
	if e.Finding != nil {
		r.Found = append(r.Found, invariant.Ending(e.Finding))
	}
	return r, nil
}
