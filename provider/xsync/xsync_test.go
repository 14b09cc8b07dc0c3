package xsync_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/provider/providertest"
	"github.com/floodgate-go/floodgate/provider/xsync"
	"github.com/floodgate-go/floodgate/sched"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestProvider(t *testing.T) {
	providertest.Run(t, func(s sched.Scheduler) floodgate.Provider { return xsync.New(s) })
}
