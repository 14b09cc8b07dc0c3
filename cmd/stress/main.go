// Command stress shows what the mail of July 2003 was about: it plays the
// reproducers of the time against each generation of the devfs lookup protocol,
// on real goroutines, and prints what it saw.
//
// The exit status is 0 when the default protocol is clean, 1 when it is not,
// and 2 for bad usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

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
	var status exitStatus
	switch {
	case errors.As(err, &status):
		return int(status)
	case err != nil:
		fmt.Fprintln(errs, "stress:", err)
		return 2
	}
	return 0
}

// exitStatus ends the program with a status of its own. Everything that is to
// be said has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func command() *cli.Command {
	return &cli.Command{
		Name:  "stress",
		Usage: "play the devfs bugs of 2003 against each generation of the lookup protocol",
		Description: "Without arguments it plays every reproducer against every generation on the\n" +
			"default locks, in under a minute. A hang is found the moment it happens, printed,\n" +
			"and torn down.\n\n" +
			"Exit status: 0 when the default protocol is clean, 1 when it is not, 2 for bad usage.",
		Flags:           playFlags(),
		Action:          play,
		Commands:        []*cli.Command{huntCommand(), replayCommand(), explainCommand()},
		HideHelpCommand: true,
		OnUsageError: func(_ context.Context, _ *cli.Command, err error, _ bool) error {
			return fmt.Errorf("%w (stress -h lists the flags)", err)
		},
	}
}
