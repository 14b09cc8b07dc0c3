package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/scenario"
)

func replayCommand() *cli.Command {
	return &cli.Command{
		Name:      "replay",
		Usage:     "run one schedule and print its timeline",
		ArgsUsage: "TOKEN",
		Description: "A token comes from stress hunt: a generation, a scenario and a schedule. One of a program that\n" +
			"has changed since is refused.\n\n" +
			"Exit status: 0 when nothing is wrong in the schedule, 1 when something is, 2 for a bad token.",
		Action:       func(_ context.Context, cmd *cli.Command) error { return replay(cmd.Root().Writer, cmd, false) },
		OnUsageError: usage,
	}
}

func explainCommand() *cli.Command {
	c := replayCommand()
	c.Name, c.Usage = "explain", "run one schedule and print what each step means"
	c.Action = func(_ context.Context, cmd *cli.Command) error { return replay(cmd.Root().Writer, cmd, true) }
	return c
}

func replay(out io.Writer, cmd *cli.Command, explain bool) error {
	if cmd.Args().Len() != 1 {
		return errors.New("one token is wanted, in quotes, as in 'g1:stat(a)+unlink(a)/nop:8x21ab.a5>b'; stress hunt prints them")
	}
	r, err := scenario.Replay(cmd.Args().First())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s (%s, %s)\n%s\n%s\n\n", r.Generation, r.Generation.Versions, r.Generation.Date, r.Scenario, r.Schedule.Explain())
	if explain {
		printMeaning(out, r)
	} else {
		fmt.Fprintln(out, r.Timeline.Text(0))
	}
	if len(r.Found) == 0 {
		fmt.Fprintln(out, "nothing is wrong in this schedule")
		return nil
	}
	fmt.Fprintln(out, "found:")
	for _, v := range r.Found {
		fmt.Fprintf(out, "  %-12v %v\n", v.Effect, v)
		if s := invariant.StatementByID(v.Statement); explain && s != nil {
			fmt.Fprintf(out, "  %12s %s: %s\n", "", s.ID, s.Text)
		}
	}
	return exitStatus(1)
}

// printMeaning prints one line for each step: who, which, what it does to what,
// and what the protocol means by it.
func printMeaning(out io.Writer, r *scenario.Replayed) {
	width := 0
	for _, t := range r.Timeline.Tasks {
		width = max(width, len(t))
	}
	last := ""
	for i := range r.Timeline.Rows {
		row := &r.Timeline.Rows[i]
		who := "set-up"
		if row.Task >= 0 {
			who = r.Timeline.Tasks[row.Task]
		}
		if row.Object == "" && row.Note != "" {
			fmt.Fprintf(out, "%5s  %-*s  # %s\n", "", width, who, row.Note)
			continue
		}
		num, what := "", fmt.Sprintf("%v %s", row.Op, row.Object)
		if row.Step > 0 {
			num = fmt.Sprint(row.Step)
		}
		switch {
		case row.Waits && row.On != "":
			what = "sleeps on " + row.On
		case row.Waits:
			what = "waits: " + what
		case row.Failed:
			what += " fails"
		}
		var wakes []string
		for _, w := range row.Wakes {
			wakes = append(wakes, r.Timeline.Tasks[w])
		}
		if len(wakes) > 0 {
			what += ", and lets " + strings.Join(wakes, ", ") + " go on"
		}
		meaning := ""
		if key := who + row.Label; key != last { // once for each labelled step
			meaning, last = scenario.Meaning(row.Label), key
		}
		fmt.Fprintf(out, "%5s  %-*s  %-4s %-34s %s\n", num, width, who, row.Label, meaning, what)
	}
	fmt.Fprintln(out)
}
