package scenario

import (
	"fmt"
	"strings"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/provider/deadlock"
	"github.com/floodgate-go/floodgate/provider/std"
	"github.com/floodgate-go/floodgate/provider/xsync"
	"github.com/floodgate-go/floodgate/sched"
)

// MakeProvider makes the locks of one run on its scheduler.
type MakeProvider = func(sched.Scheduler) floodgate.Provider

// providers are all there are, the default first.
var providers = []MakeProvider{
	floodgate.Ours,
	func(s sched.Scheduler) floodgate.Provider { return std.New(s) },
	func(s sched.Scheduler) floodgate.Provider { return xsync.New(s) },
	func(s sched.Scheduler) floodgate.Provider { return deadlock.New(s) },
}

// Providers returns the names of all providers, the default first.
func Providers() []string {
	names := make([]string, len(providers))
	for i, p := range providers {
		names[i] = p(nil).Name()
	}
	return names
}

// ProviderByName returns the provider with the given name.
func ProviderByName(name string) (MakeProvider, error) {
	for _, p := range providers {
		if p(nil).Name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("scenario: no provider %q: there are %s", name, strings.Join(Providers(), ", "))
}
