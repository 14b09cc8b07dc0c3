package explore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TB is the part of [testing.TB] that this package uses.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// The flags of test binaries.
var flags struct {
	replay string
	budget time.Duration
	seed   uint64
}

func init() {
	if testing.Testing() {
		flag.StringVar(&flags.replay, "explore.replay", "", "replay this schedule in each explore.Test that is run, and print its timeline")
		flag.DurationVar(&flags.budget, "explore.budget", 0, "time for each search in explore.Test (default what the test says)")
		flag.Uint64Var(&flags.seed, "explore.seed", 0, "seed for what explore.Test samples (default what the test says)")
	}
}

// Test explores fn and fails t if something is found: it then prints what, the
// shortest schedule that shows it, the steps that lead there, and the command
// that replays it. If nothing is found it logs what was explored.
//
// The flag -explore.replay=TOKEN makes it replay a schedule instead,
// -explore.budget and -explore.seed change how much and what is explored.
func Test(t TB, fn func(x *Run), opts ...Option) {
	t.Helper()
	if flags.replay != "" {
		Replay(t, flags.replay, fn, opts...)
		return
	}
	opts = append(opts, option(flagged))
	r := Explore(context.Background(), fn, opts...)
	for _, f := range r.Findings {
		rerun := ""
		if f.Token != "" {
			rerun = fmt.Sprintf("replay: go test -run '^%s$' -explore.replay='%s'\n", strings.ReplaceAll(t.Name(), "/", "$/^"), f.Token)
		}
		t.Errorf("%s%s", f.Report(30), rerun)
	}
	t.Logf("%s", r.Certificate.String())
}

// flagged applies the flags.
func flagged(o *settings) {
	if flags.seed != 0 {
		o.seed = flags.seed
	}
	if flags.budget > 0 {
		o.budget = flags.budget
		for i := range o.plan {
			if o.plan[i].tree && o.plan[i].time > 0 {
				o.plan[i].time = flags.budget
			}
		}
	}
}

// Replay runs the schedule of a token once, prints its timeline, and fails t if
// the finding is still there. It is the place for a breakpoint: nothing else
// runs fn. A token of another program, or of this one before it was changed,
// fails t without being followed further.
func Replay(t TB, token string, fn func(x *Run), opts ...Option) {
	t.Helper()
	r, err := Follow(token, fn, opts...)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	if r.Finding != nil {
		t.Errorf("%s", r.Finding.Report(0))
		return
	}
	t.Logf("nothing found in this schedule: %s\n%s", r.Schedule.Explain(), r.Timeline.Text(0))
}

// ErrStale is matched by the error for a token that belongs to another program,
// or to this one before it was changed.
var ErrStale = errors.New("explore: stale token")

// A Replayed is an execution that followed a token.
type Replayed struct {
	Finding  *Finding // nil: nothing went wrong
	Schedule Schedule
	Timeline *Timeline
}

// Follow runs fn once under the schedule of a token. It returns an error that
// matches [ErrToken] if it is none, and one that matches [ErrStale] if it does
// not fit fn. Options other than [Fine] and [MaxSteps] do not matter.
func Follow(tok string, fn func(*Run), opts ...Option) (r *Replayed, err error) {
	print, s, err := parseToken(tok)
	if err != nil {
		return nil, err
	}
	opts = append(opts, Workers(1), Watchdog(0))
	ses := &session{o: newSettings(opts), fn: fn, ctx: context.Background(), begin: time.Now(), bySig: map[string]*Finding{}}
	ses.engines = []*engine{newEngine(ses.o)}
	defer ses.close()
	ses.run(1, func(w *worker) {
		e := w.e
		e.showing = true
		g := &guided{moves: s.moves}
		f := &Finding{}
		sched := e.repeat(fn, g, f)
		r = &Replayed{Schedule: sched, Timeline: f.Timeline}
		if fd := e.found; fd != nil {
			f.Kind, f.Message, f.Detail, f.Err, f.Stuck, f.Seen = fd.kind, fd.msg, detail(fd), fd.err, fd.stuck, 1
			f.Signature, f.Schedule = fd.signature(e), sched
			r.Finding = f
		}
		switch got := f.Token[:6]; {
		case g.lost != "":
			err = fmt.Errorf("%w %s: %s; the program has changed since, or this is not its token", ErrStale, tok, g.lost)
		case g.met < len(s.moves):
			err = fmt.Errorf("%w %s: the program never comes to %d of its %d deviations; "+
				"it has changed since, or this is not its token", ErrStale, tok, len(s.moves)-g.met, len(s.moves))
		case got != print:
			err = fmt.Errorf("%w %s: under this schedule the program takes other steps now (its print is %s); "+
				"it has changed since, or this is not its token", ErrStale, tok, got)
		}
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
