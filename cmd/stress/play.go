package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v3"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/scenario"
)

// Rounds that are played when nothing is said: fewer for what the combined
// patch replaced.
const (
	roundsFromG4   = 20_000
	roundsBeforeG4 = 2_000
)

// story returns the generations that are played when none is named: the baseline
// of the mail, its three patches, and the default.
func story() []*lookup.Generation {
	gens := []*lookup.Generation{&lookup.G1, &lookup.G2, &lookup.G3, &lookup.G4, &lookup.G4Test2}
	if best := lookup.Best(); !slices.Contains(gens, best) {
		gens = append(gens, best)
	}
	return gens
}

func playFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "generation", Aliases: []string{"g"}, Usage: "generations of the protocol to play, such as G1, or all (default: G1 to G4 and the default protocol)"},
		&cli.StringSliceFlag{Name: "scenario", Aliases: []string{"s"}, Usage: "reproducers to play, such as R-a (default: all)"},
		&cli.StringFlag{Name: "provider", Aliases: []string{"p"}, Value: scenario.Providers()[0], Usage: "whose locks to stand on; -list names them"},
		&cli.IntFlag{Name: "rounds", HideDefault: true, Aliases: []string{"n"}, Usage: fmt.Sprintf("rounds of each (default: %d, and %d of what came before G4)", roundsFromG4, roundsBeforeG4)},
		&cli.DurationFlag{Name: "duration", HideDefault: true, Aliases: []string{"d"}, Usage: "how long to play each, instead of or on top of -rounds"},
		&cli.IntFlag{Name: "noise", HideDefault: true, Usage: "yield the processor before one step in `N`"},
		&cli.BoolFlag{Name: "json", Usage: "print the results as JSON"},
		&cli.BoolFlag{Name: "v", Usage: "print the first hang, touch and fault of every row"},
		&cli.BoolFlag{Name: "list", Usage: "list generations, reproducers and providers"},
	}
}

// A job is a row of the table.
type job struct {
	scenario.Config
	decides bool // it is about the default protocol
}

func play(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return fmt.Errorf("%q: no such command; stress -h lists the flags", cmd.Args().First())
	}
	if cmd.Bool("list") {
		return list(cmd.Root().Writer)
	}
	jobs, err := plan(cmd)
	if err != nil {
		return err
	}
	results, err := playAll(ctx, jobs, cmd.Root().ErrWriter)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if cmd.Bool("json") {
		out := json.NewEncoder(cmd.Root().Writer)
		out.SetIndent("", "  ")
		if err := out.Encode(results); err != nil {
			return err
		}
	} else {
		show(cmd.Root().Writer, results, cmd.Bool("v"))
	}
	if err != nil {
		return exitStatus(1) // interrupted
	}
	if cmd.NumFlags() == 0 {
		if err := shortHunt(ctx, cmd.Root().Writer, cmd.Root().ErrWriter); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	for i, r := range results {
		if jobs[i].decides && !r.Clean() {
			return exitStatus(1)
		}
	}
	return nil
}

// plan makes the list of what is to be played from the flags.
func plan(cmd *cli.Command) ([]job, error) {
	gens, err := generations(cmd.StringSlice("generation"))
	if err != nil {
		return nil, err
	}
	reps, err := pick(cmd.StringSlice("scenario"), scenario.Reproducers(), scenario.ReproducerByID)
	if err != nil {
		return nil, err
	}
	provider, err := scenario.ProviderByName(cmd.String("provider"))
	if err != nil {
		return nil, err
	}
	rounds, d, noise := cmd.Int("rounds"), cmd.Duration("duration"), cmd.Int("noise")
	switch {
	case cmd.IsSet("rounds") && rounds <= 0:
		return nil, fmt.Errorf("-rounds %d: at least one round must be played", rounds)
	case cmd.IsSet("duration") && d <= 0:
		return nil, fmt.Errorf("-duration %v: it must be positive, as in 10s", d)
	case cmd.IsSet("noise") && noise <= 0:
		return nil, fmt.Errorf("-noise %d: it must be positive; 4 is a good start", noise)
	}
	var jobs []job
	for _, rep := range reps {
		for _, gated := range forms(rep) {
			for _, gen := range gens {
				c := scenario.Config{Reproducer: rep, Generation: gen, Provider: provider,
					Gated: gated, Rounds: rounds, Duration: d, Noise: noise}
				if rounds == 0 && d == 0 {
					c.Rounds = roundsFromG4
					if before(gen, &lookup.G4) {
						c.Rounds = roundsBeforeG4
					}
				}
				jobs = append(jobs, job{c, gen == lookup.Best()})
			}
		}
	}
	return jobs, nil
}

// before reports whether a came before b.
func before(a, b *lookup.Generation) bool {
	all := lookup.All()
	return slices.Index(all, a) < slices.Index(all, b)
}

func generations(names []string) ([]*lookup.Generation, error) {
	if len(names) == 1 && strings.EqualFold(names[0], "all") {
		return lookup.All(), nil
	}
	return pick(names, story(), lookup.ByID)
}

// forms returns in which forms a reproducer is played: gated and not, if it has
// a gate.
func forms(r *scenario.Reproducer) []bool {
	if r.Gate == "" {
		return []bool{false}
	}
	return []bool{true, false}
}

// pick looks the wanted names up; no name stands for all.
func pick[T any](want []string, all []T, byName func(string) (T, error)) ([]T, error) {
	if len(want) == 0 {
		return all, nil
	}
	var picked []T
	for _, name := range want {
		x, err := byName(name)
		if err != nil {
			return nil, err
		}
		picked = append(picked, x)
	}
	return picked, nil
}

// playAll plays the jobs one after another with a progress display.
func playAll(ctx context.Context, jobs []job, display io.Writer) ([]*scenario.Result, error) {
	results := make([]*scenario.Result, 0, len(jobs))
	bar := progressbar.NewOptions(total(jobs),
		progressbar.OptionSetWriter(display), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(false))
	played := 0
	for _, j := range jobs {
		bar.Describe(fmt.Sprintf("%-3s %-7s %-8s", j.Reproducer, gate(j.Gated), j.Generation))
		j.Progress = func(rounds int) {
			if j.Duration == 0 {
				_ = bar.Set(played + rounds) // a display that fails harms nobody
			}
		}
		r, err := scenario.Play(ctx, j.Config)
		if r != nil {
			results = append(results, r)
			played += r.Rounds
		}
		if err != nil {
			_ = bar.Finish()
			return results, err
		}
		if j.Duration > 0 {
			_ = bar.Add(1)
		}
	}
	return results, bar.Finish()
}

// total returns the length of the progress bar: rounds, or jobs if those end by
// the clock.
func total(jobs []job) int {
	n := 0
	for _, j := range jobs {
		if j.Duration > 0 {
			n++
		} else {
			n += j.Rounds
		}
	}
	return n
}
