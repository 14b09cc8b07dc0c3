package lookup_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// aProgram is a daemon that answers each lookup with answer, and tasks that make
// one call each on /foo. A task whose name begins with "helper" is of the
// daemon's group.
func aProgram(g *lookup.Generation, answer func(fs *devfs.FS), tasks ...string) func(x *explore.Run) {
	return func(x *explore.Run) {
		fs := devfs.New(devfs.Config{Provider: x.Provider(), Lookup: g})
		devfsd := sched.NewTask("devfsd", sched.TaskConfig{PID: 100})
		d, err := fs.Claim(devfsd, devfs.Events(devfs.Lookup))
		if err != nil {
			x.Fatalf("claim: %v", err)
		}
		x.DaemonTask(devfsd, func() {
			for {
				if _, err := d.Read(devfsd); err != nil {
					return
				}
				if answer != nil {
					answer(fs)
				}
			}
		})
		for i, name := range tasks {
			who, op, _ := strings.Cut(name, ":")
			config := sched.TaskConfig{PID: 200 + i}
			if who == "helper" {
				config.Group = 100
			}
			t := sched.NewTask(who, config)
			x.GoTask(t, func() {
				var err error
				if op == "stat" {
					_, err = fs.Stat(t, "/foo")
				} else {
					err = fs.Unlink(t, "/foo")
				}
				if answer == nil && !errors.Is(err, syscall.ENOENT) {
					x.Errorf("%s: %v, want ENOENT", op, err)
				}
			})
		}
	}
}

// The three bugs that were reported at the time are found by sampling, in the
// generations that had them, and in no other.
func TestTheReportedBugsAreFound(t *testing.T) {
	register := func(fs *devfs.FS) { fs.MkCdev("foo", 0o600, devfs.Dev(10, 1)) }
	for _, tt := range []struct {
		name   string
		in     string
		answer func(*devfs.FS)
		tasks  []string
		is     func(f *explore.Finding) bool
	}{
		{"deadlock", "G0 G1 G3", nil, []string{"ls:stat", "rm:unlink"},
			func(f *explore.Finding) bool { return f.Kind == explore.Deadlock }},
		{"dead head", "G1 G2", nil, []string{"ls1:stat", "ls2:stat"},
			func(f *explore.Finding) bool { return strings.Contains(f.Message, `frame "lookup_info"`) }},
		{"bound twice", "G0 G1 G2 G3 G4 G4-test2 G5", register, []string{"ls:stat", "helper:stat"},
			func(f *explore.Finding) bool { return strings.Contains(f.Message, "d_instantiate") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var in []string
			for _, g := range lookup.All() {
				r := explore.Explore(context.Background(), aProgram(g, tt.answer, tt.tasks...),
					explore.CollectAll(), explore.Plan(explore.POS(120), explore.PCT(3, 120)))
				for _, f := range r.Findings {
					if tt.is(f) {
						in = append(in, g.ID)
						t.Logf("%s: execution %d of %s: %s", g, f.Execution, f.Strategy, f)
						break
					}
				}
			}
			if got := strings.Join(in, " "); got != tt.in {
				t.Errorf("found in %q, want %q", got, tt.in)
			}
		})
	}
}
