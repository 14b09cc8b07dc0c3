package deadlock_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/provider/deadlock"
	"github.com/floodgate-go/floodgate/provider/providertest"
	"github.com/floodgate-go/floodgate/sched"
)

var reports = make(chan deadlock.Report, 4)

func TestMain(m *testing.M) {
	if err := deadlock.Configure(deadlock.Config{Reports: reports}); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestProvider(t *testing.T) {
	providertest.Run(t, func(s sched.Scheduler) floodgate.Provider { return deadlock.New(s) })
}
