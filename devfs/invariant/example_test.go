//go:build !race

// Not under the race detector: the checks keep books of their own, in plain
// memory that every task of an exploration writes to.

package invariant_test

import (
	"context"
	"fmt"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/invariant"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// ls and rm of the same missing name, on the lookup of 2.5.74: whoever finds the
// name in flight sleeps with the directory held.
func Example() {
	program := func(x *explore.Run) {
		m := invariant.New(x.Scheduler(), invariant.Config{Report: func(v *invariant.Violation) {
			if v.Statement == "SF-7" {
				x.Error(v)
			}
		}})
		fs := devfs.New(devfs.Config{Provider: floodgate.Ours(m), Lookup: m.Generation(&lookup.G1)})
		m.Attach(fs)
		x.Always(m.Check)
		x.Check(m.Finish)

		daemon := sched.NewTask("devfsd", sched.TaskConfig{PID: 1})
		m.Task(daemon, invariant.Daemon)
		d, err := fs.Claim(daemon, devfs.Events(devfs.Lookup))
		if err != nil {
			x.Fatalf("%v", err)
		}
		x.DaemonTask(daemon, func() {
			m.Run(daemon, func() {
				for {
					if _, err := d.Read(daemon); err != nil {
						return
					}
				}
			})
		})
		user := func(name string, pid int, call func(*sched.Task)) {
			t := sched.NewTask(name, sched.TaskConfig{PID: pid})
			m.Task(t, invariant.User)
			x.GoTask(t, func() { m.Run(t, func() { call(t) }) })
		}
		user("ls", 2, func(t *sched.Task) { _, _ = fs.Stat(t, "/foo") })
		user("rm", 3, func(t *sched.Task) { _ = fs.Unlink(t, "/foo") })
	}
	r := explore.Explore(context.Background(), program, explore.Plan(explore.POS(100)))
	for _, f := range r.Findings {
		fmt.Println(f.Message)
	}
	// Output: task rm: SF-7: sleeps with the directory's i_sem held (/): revalidator at R13, rm
}
