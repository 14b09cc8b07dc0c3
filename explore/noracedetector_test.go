//go:build !race

package explore_test

import "github.com/floodgate-go/floodgate/explore"

const (
	raceDetector = false
	alwaysKind   = explore.Broken
)
