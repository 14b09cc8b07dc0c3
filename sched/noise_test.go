package sched_test

import (
	"errors"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

func TestNoiseSeesOutsidesOnly(t *testing.T) {
	n := sched.NewNoise(1, 2)
	if n.Object(sched.Spec{Inner: true}) != nil {
		t.Error("noise registered an inner object")
	}
	var x sched.Int64
	x.Init(n, sched.Spec{Name: "x"})
	done := make(chan struct{})
	sched.Go(n, sched.NewTask("adder", sched.TaskConfig{}), func() {
		defer close(done)
		for range 1000 {
			x.Add(1)
			sched.YieldTo(n)
		}
	})
	<-done
	if x.Load() != 1000 {
		t.Errorf("x = %d, want 1000", x.Load())
	}
}

func TestNoiseRefusesNoRate(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewNoise(1, 0) did not panic")
		}
	}()
	sched.NewNoise(1, 0)
}

type collector struct {
	sched.Goroutines
	faults []error
}

func (c *collector) Report(fault error) { c.faults = append(c.faults, fault) }

func TestReportGoesToAReporterOnly(t *testing.T) {
	fault := errors.New("use after end of life")
	c := &collector{}
	if !sched.Report(c, fault) || len(c.faults) != 1 {
		t.Errorf("reporter got %v", c.faults)
	}
	if sched.Report(nil, fault) || sched.Report(sched.Goroutines{}, fault) {
		t.Error("a scheduler that is no reporter took a fault")
	}
}
