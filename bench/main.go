// Command bench compares the locks, queues and counters of this module with
// what people would use instead.
//
// It compiles the benchmarks of this package, runs each of them in a process of
// its own, ours and the rival in turns and that several times, and prints the
// ratio of each pair with its spread. "go test -bench . ./bench" runs the same
// benchmarks for benchstat.
//
// The exit status is 0 when it has run, 1 when it could not or was interrupted,
// and 2 for bad usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run runs the program and returns its exit status.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	cmd := command()
	cmd.Writer, cmd.ErrWriter = out, errs
	// The status of a failed run is returned, not exited with in the middle.
	cmd.ExitErrHandler = func(context.Context, *cli.Command, error) {}
	err := cmd.Run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(errs, "bench:", err)
	var failed *failure
	if errors.As(err, &failed) {
		return 1
	}
	return 2
}

// A failure is an error that is not the user's.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func command() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "compare floodgate's primitives with what people would use instead",
		Description: "Each measurement runs in a process of its own, ours and the rival in turns. The table\n" +
			"shows the ratio ours/rival, smaller is better: the median over all turns, and its spread.\n" +
			"Without arguments it takes about four minutes.\n\n" +
			"Exit status: 0 when it has run, 1 when it could not or was interrupted, 2 for bad usage.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "run", Usage: "compare only what matches `REGEXP`, as in WakeOne.*xsync (case does not matter)"},
			&cli.IntFlag{Name: "count", Usage: "take `N` turns", Value: 5},
			&cli.StringFlag{Name: "benchtime", Usage: "run each measurement for `D`, or for so many operations, as in 1000x", Value: "100ms"},
			&cli.BoolFlag{Name: "json", Usage: "print the results as JSON"},
			&cli.StringFlag{Name: "html", Usage: "write a page with plots to `FILE`, too"},
			&cli.BoolFlag{Name: "list", Usage: "list what is compared, and the aims"},
		},
		Action:          bench,
		HideHelpCommand: true,
		OnUsageError: func(_ context.Context, _ *cli.Command, err error, _ bool) error {
			return fmt.Errorf("%w (bench -h lists the flags)", err)
		},
	}
}

func bench(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return fmt.Errorf("%q: no such command; bench -h lists the flags", cmd.Args().First())
	}
	jobs, err := plan(cmd)
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	if cmd.Bool("list") {
		return list(out, jobs)
	}
	page, err := create(cmd.String("html"))
	if err != nil {
		return err
	}
	defer page.Close()
	rep, interrupted := measureAll(ctx, jobs, cmd.Int("count"), cmd.String("benchtime"), cmd.Root().ErrWriter)
	if rep == nil {
		return &failure{interrupted}
	}
	if cmd.Bool("json") {
		err = writeJSON(out, rep)
	} else {
		show(out, rep)
	}
	if err == nil && page.File != nil {
		err = writePage(page, rep)
	}
	if err = errors.Join(err, interrupted); err != nil {
		return &failure{err}
	}
	return nil
}

// plan makes the list of what is to be compared from the flags.
func plan(cmd *cli.Command) ([]job, error) {
	match, err := regexp.Compile("(?i)" + cmd.String("run"))
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	if n := cmd.Int("count"); n <= 0 {
		return nil, fmt.Errorf("-count %d: at least one turn must be taken", n)
	}
	if err := checkBenchtime(cmd.String("benchtime")); err != nil {
		return nil, err
	}
	var jobs []job
	for i := range grid {
		for _, p := range grid[i].pairs {
			if match.MatchString(grid[i].name + "/" + p.ours + "/" + p.rival) {
				jobs = append(jobs, job{&grid[i], p})
			}
		}
	}
	if len(jobs) == 0 {
		return nil, fmt.Errorf("-run %q matches nothing; bench -list lists what there is", cmd.String("run"))
	}
	return jobs, nil
}

// checkBenchtime accepts what -test.benchtime does.
func checkBenchtime(s string) error {
	if times, ok := strings.CutSuffix(s, "x"); ok {
		if n, err := strconv.Atoi(times); err == nil && n > 0 {
			return nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return nil
	}
	return fmt.Errorf("-benchtime %q: want a time such as 100ms, or a number such as 1000x", s)
}

// A pageFile is where the page goes, or nothing.
type pageFile struct{ *os.File }

// create makes the file before the long run, so that a bad name is found early.
func create(name string) (pageFile, error) {
	if name == "" {
		return pageFile{}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return pageFile{}, fmt.Errorf("-html: %w", err)
	}
	return pageFile{f}, nil
}

// Close closes the file if there is one.
func (p pageFile) Close() error {
	if p.File == nil {
		return nil
	}
	return p.File.Close()
}
