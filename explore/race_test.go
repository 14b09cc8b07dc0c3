//go:build race

package explore_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
)

// racy are programs with a race on plain memory. They run in a process of their
// own, as a report fails the test that it comes up in.
var racy = map[string]func(*explore.Run){
	"counter": func(x *explore.Run) {
		n := 0
		c := cell(x, "other")
		for range 2 {
			x.Go("adder", func() {
				c.Load()
				n++
			})
		}
	},
	// Only if r runs between the two stores of w.
	"rare": func(x *explore.Run) {
		a, b := cell(x, "a"), cell(x, "b")
		var n int
		x.Go("w", func() {
			a.Store(1)
			b.Store(1)
			n = 1
		})
		x.Go("r", func() {
			if a.Load() == 1 && b.Load() == 0 {
				n++
			}
		})
	},
	// The start of a task is ordered, what its parent does next is not.
	"child": func(x *explore.Run) {
		c := cell(x, "c")
		x.Go("parent", func() {
			n := 1
			x.Go("child", func() {
				c.Load()
				n++
			})
			n++
			c.Load()
		})
	},
}

func TestRacyChild(t *testing.T) {
	name := os.Getenv("EXPLORE_RACY")
	if name == "" {
		t.Skip("is run by TestRacesAreReported")
	}
	explore.Test(t, racy[name], explore.Plan(explore.DPOR(0)))
}

func TestRacesAreReported(t *testing.T) {
	for name := range racy {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestRacyChild$", "-test.v")
			cmd.Env = append(os.Environ(), "EXPLORE_RACY="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("the child passed:\n%s", out)
			}
			for _, want := range []string{"WARNING: DATA RACE", "data race: the race detector", "-explore.replay="} {
				if !strings.Contains(string(out), want) {
					t.Errorf("no %q in:\n%s", want, out)
				}
			}
		})
	}
}

// What is ordered by the program's own locks, by its start or by its end is no
// race, and nothing else may look like one.
func TestNoFalseRaces(t *testing.T) {
	explore.Test(t, func(x *explore.Run) {
		m := mutex(x, "m")
		n, done := 0, cell(x, "done")
		x.Go("parent", func() {
			local := 1
			x.Go("child", func() {
				local++
				m.Lock()
				n += local
				m.Unlock()
				done.Add(1)
			})
			m.Lock()
			n++
			m.Unlock()
			done.Add(1)
			x.Sleep(time.Second)
		})
		var never sched.Parker
		never.Init(x.Scheduler(), sched.Spec{Name: "never"})
		x.Daemon("daemon", func() {
			defer func() { n++ }()
			m.Lock()
			n++
			m.Unlock()
			_ = never.Park(context.Background(), nil)
		})
		x.Check(func() {
			if n != 4 {
				x.Errorf("n = %d", n)
			}
		})
	}, explore.Plan(explore.POS(100)))
}
