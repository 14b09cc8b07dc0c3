//go:build race

package explore_test

import "github.com/floodgate-go/floodgate/explore"

const (
	raceDetector = true
	alwaysKind   = explore.Failure
)
