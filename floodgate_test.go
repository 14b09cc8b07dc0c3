package floodgate_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestProvider(t *testing.T) { providertest.Run(t, floodgate.Ours) }

func TestDefault(t *testing.T) {
	p := floodgate.Default()
	if p.Scheduler() != nil || p.Lacks() != 0 || p.Name() != "floodgate" {
		t.Errorf("Default is %q on %v and lacks %v", p.Name(), p.Scheduler(), p.Lacks())
	}
}

func TestCapability(t *testing.T) {
	for c, want := range map[floodgate.Capability]string{
		0:                                   "nothing",
		floodgate.Cancel:                    "cancel",
		floodgate.Counting | floodgate.FIFO: "counting, fifo",
		floodgate.Queue:                     "queue",
	} {
		if got := c.String(); got != want {
			t.Errorf("%b is %q, want %q", uint(c), got, want)
		}
	}
	both := floodgate.FIFO | floodgate.Queue
	if !both.Has(floodgate.FIFO) || floodgate.FIFO.Has(both) {
		t.Error("Has is wrong")
	}
}
