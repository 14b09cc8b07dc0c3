package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v3"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/scenario"
)

func huntCommand() *cli.Command {
	return &cli.Command{
		Name:  "hunt",
		Usage: "explore the schedules of generated scenarios, and print each distinct failure",
		Description: "Runs pairs of operations, then pairs with a fault, then triples, against each generation in\n" +
			"turn until the budget is spent. Nothing in it knows what a generation does wrong.\n\n" +
			"Exit status: 0 when the default protocol has no failure, 1 when it has one, 2 for bad usage.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "generation", Aliases: []string{"g"}, Usage: "generations to hunt in, such as G4 (default: all)"},
			&cli.StringSliceFlag{Name: "scenario", Aliases: []string{"s"}, Usage: "scenarios, such as 'stat(a)+unlink(a)/nop' (default: the family)",
				Config: cli.StringConfig{TrimSpace: true}},
			&cli.DurationFlag{Name: "budget", Aliases: []string{"b"}, Value: time.Minute, Usage: "how long to hunt, for all generations together"},
			&cli.BoolFlag{Name: "pairs", Usage: "pairs only"},
			&cli.BoolFlag{Name: "triples", Usage: "triples only"},
			&cli.IntFlag{Name: "workers", HideDefault: true, Usage: "scenarios explored at the same time (default: GOMAXPROCS)"},
			&cli.BoolFlag{Name: "list", Usage: "list the scenarios"},
			&cli.BoolFlag{Name: "json", Usage: "print the results as JSON"},
			&cli.BoolFlag{Name: "grave", Usage: "leave out what has harmed nobody yet"},
			&cli.StringFlag{Name: "html", Usage: "write a page with the timeline of each failure to `FILE`"},
		},
		DisableSliceFlagSeparator: true, // scenarios have commas in them
		Action:                    hunt,
		OnUsageError:              usage,
	}
}

func usage(_ context.Context, _ *cli.Command, err error, _ bool) error {
	return fmt.Errorf("%w (-h lists the flags)", err)
}

func hunt(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return fmt.Errorf("hunt takes no arguments, only flags; %q is none", cmd.Args().First())
	}
	c, err := huntConfig(cmd)
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	if cmd.Bool("list") {
		for _, s := range c.Scenarios {
			fmt.Fprintln(out, s)
		}
		fmt.Fprintf(cmd.Root().ErrWriter, "%d scenarios\n", len(c.Scenarios))
		return nil
	}
	var page *os.File
	if name := cmd.String("html"); name != "" {
		// Now, because a hunt is long and a typing error quickly made.
		if page, err = os.Create(name); err != nil {
			return err
		}
		defer page.Close()
	}
	found, err := withProgress(ctx, c, cmd.Root().ErrWriter)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	interrupted := err != nil
	if cmd.Bool("json") {
		err = huntJSON(out, found)
	} else {
		showHunt(out, found, cmd.Bool("grave"))
	}
	if err == nil && page != nil {
		if err = writePage(page, found); err == nil {
			err = page.Close()
		}
	}
	if err != nil {
		return err
	}
	if interrupted || !bestIsClean(found) {
		return exitStatus(1)
	}
	return nil
}

func huntConfig(cmd *cli.Command) (c scenario.HuntConfig, err error) {
	c.Generations = lookup.All()
	if names := cmd.StringSlice("generation"); len(names) > 0 {
		if c.Generations, err = generations(splitAll(names)); err != nil {
			return c, err
		}
	}
	c.Budget, c.Workers = cmd.Duration("budget"), cmd.Int("workers")
	switch {
	case c.Budget <= 0:
		return c, fmt.Errorf("-budget %v: it must be positive, as in 30s", c.Budget)
	case c.Workers < 0:
		return c, fmt.Errorf("-workers %d: it must be positive", c.Workers)
	}
	for _, text := range cmd.StringSlice("scenario") {
		s, err := scenario.ParseScenario(text)
		if err != nil {
			return c, err
		}
		c.Scenarios = append(c.Scenarios, s)
	}
	if c.Scenarios == nil {
		pairs, triples := cmd.Bool("pairs"), cmd.Bool("triples")
		c.Scenarios = scenario.HuntingGround(pairs || !triples, triples || !pairs)
	}
	return c, nil
}

func splitAll(names []string) (all []string) {
	for _, n := range names {
		all = append(all, strings.Split(n, ",")...)
	}
	return all
}

// withProgress hunts, and shows how far it is.
func withProgress(ctx context.Context, c scenario.HuntConfig, display io.Writer) ([]*scenario.Quarry, error) {
	bar := progressbar.NewOptions64(c.Budget.Milliseconds(),
		progressbar.OptionSetWriter(display), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	c.Progress = func(p scenario.HuntProgress) {
		bar.Describe(fmt.Sprintf("%8d executions %3d failures  %-9s %-34.34s", p.Executions, p.Rows, p.Generation, p.Scenario))
		_ = bar.Set64(min(p.Elapsed.Milliseconds(), c.Budget.Milliseconds())) // a display that fails harms nobody
	}
	found, err := scenario.Hunt(ctx, c)
	_ = bar.Finish()
	return found, err
}

// shortHunt is what the default run ends with.
func shortHunt(ctx context.Context, out, display io.Writer) error {
	c := scenario.HuntConfig{
		Generations: []*lookup.Generation{&lookup.G1, &lookup.G2, &lookup.G3, &lookup.G4},
		Scenarios:   scenario.HuntingGround(true, false), Budget: 4 * time.Second,
	}
	found, err := withProgress(ctx, c, display)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nA hunt of %v through generated scenarios finds, besides (stress hunt finds more, stress replay TOKEN shows one):\n\n", c.Budget)
	showHunt(out, found, true)
	return nil
}

func bestIsClean(found []*scenario.Quarry) bool {
	for _, q := range found {
		if q.Generation == lookup.Best() && len(q.Rows) > 0 {
			return false
		}
	}
	return true
}

// showHunt prints a row for each distinct failure; with grave those only that
// have harmed somebody.
func showHunt(out io.Writer, found []*scenario.Quarry, grave bool) {
	for _, q := range found {
		shown, left := 0, 0
		t := huntTable()
		for _, r := range q.Rows {
			if grave && r.Effect == 0 {
				left++
				continue
			}
			shown++
			t.AppendRow(table.Row{r.Effect, r.Statement, cause(r), thousands(r.Execution), short(r.After), thousands(r.Seen)})
			t.AppendRow(table.Row{"", "", "  " + r.Token()})
		}
		fmt.Fprintf(out, "%s  %s  %s scenarios, %s executions, %s steps in %v\n", q.Generation, q.Generation.Date,
			thousands(uint64(q.Scenarios)), thousands(q.Executions), thousands(q.Steps), short(q.Spent))
		switch {
		case shown > 0:
			fmt.Fprintln(out, t.Render())
		case left == 0:
			fmt.Fprintln(out, " nothing found")
		}
		if left > 0 {
			fmt.Fprintf(out, " and %d broken rules that have harmed nobody here\n", left)
		}
		fmt.Fprintln(out)
	}
}

func huntTable() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 3, WidthMax: 92, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 5, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 6, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	t.AppendHeader(table.Row{"effect", "broken", "how, by whom, against whom; token", "execution", "after", "seen"})
	return t
}

// cause says how a statement is broken, and by whose steps.
func cause(r *scenario.Row) string {
	_, s, _ := strings.Cut(r.Signature(), "|")
	what, who, _ := strings.Cut(s, "|")
	who = strings.Trim(strings.ReplaceAll(who, "|", " ✕ "), " ✕")
	if who == "" {
		return what
	}
	return what + ": " + who
}

func short(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// A jsonRow is a row in JSON.
type jsonRow struct {
	Generation string        `json:"generation"`
	Effect     string        `json:"effect"`
	Statement  string        `json:"statement"`
	Signature  string        `json:"signature"`
	Message    string        `json:"message"`
	Scenario   string        `json:"scenario"`
	Token      string        `json:"token"`
	Schedule   string        `json:"schedule"`
	Execution  uint64        `json:"execution"`
	After      time.Duration `json:"after_ns"`
	Seen       uint64        `json:"seen"`
}

type jsonQuarry struct {
	Generation string        `json:"generation"`
	Scenarios  int           `json:"scenarios"`
	Executions uint64        `json:"executions"`
	Steps      uint64        `json:"steps"`
	Spent      time.Duration `json:"spent_ns"`
	Rows       []jsonRow     `json:"rows"`
}

func huntJSON(out io.Writer, found []*scenario.Quarry) error {
	all := []jsonQuarry{}
	for _, q := range found {
		j := jsonQuarry{q.Generation.ID, q.Scenarios, q.Executions, q.Steps, q.Spent, []jsonRow{}}
		for _, r := range q.Rows {
			j.Rows = append(j.Rows, jsonRow{q.Generation.ID, r.Effect.String(), r.Statement, r.Signature(), r.Error(),
				r.Scenario.String(), r.Token(), r.Finding.Schedule.Explain(), r.Execution, r.After, r.Seen})
		}
		all = append(all, j)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(all)
}
