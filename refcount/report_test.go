package refcount

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// captureLogs sends the logs of this test to a buffer and forgets what was
// logged before.
func captureLogs(t *testing.T) *logBuffer {
	b := new(logBuffer)
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(b, nil)))
	logged.Clear()
	nLogged.Store(0)
	t.Cleanup(func() { slog.SetDefault(old) })
	return b
}

func TestLogIsBounded(t *testing.T) {
	logs := captureLogs(t)
	before := Faults()
	for i := range maxLogged + 100 {
		var c Count
		c.Init(nil, fmt.Sprint("c", i), 0)
		c.Inc()
	}
	if got := strings.Count(logs.String(), "ADD_UAF"); got != maxLogged {
		t.Errorf("%d lines, want %d", got, maxLogged)
	}
	if Faults()-before != maxLogged+100 {
		t.Error("faults beyond the bound are not counted")
	}
}

func TestStackStrings(t *testing.T) {
	var zero Place
	if zero.String() != "unknown place" || zero.Stack.Trace("") != "" {
		t.Error("zero place")
	}
	p := here(nil)
	if got := p.Stack.Frames()[0].Function; !strings.HasSuffix(got, "TestStackStrings") {
		t.Errorf("innermost call is %s", got)
	}
	if lines := strings.Split(p.Stack.Trace("> "), "\n"); !strings.HasPrefix(lines[0], "> refcount.TestStackStrings (report_test.go:") {
		t.Errorf("trace starts %q", lines[0])
	}
}
