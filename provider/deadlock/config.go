package deadlock

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	impl "github.com/sasha-s/go-deadlock"
)

// A Config says what go-deadlock does in this process. The zero value checks
// recursion and lock order, has no time limit, and drops what is found.
type Config struct {
	// Reports receives what go-deadlock finds. Nothing waits for the
	// receiver: what the channel has no room for is dropped and counted.
	Reports chan<- Report
	// Timeout is how long a lock may be waited for until that is reported.
	// 0 is no limit; a limit starts a timer for each Down that finds the
	// lock taken, and for each that does not.
	Timeout time.Duration
	// NoOrder turns the check of lock order and recursion off.
	NoOrder bool
	// Keep leaves the options of go-deadlock as the program has set them;
	// the other fields are then not looked at.
	Keep bool
}

// A Report is one thing that go-deadlock has found.
type Report struct {
	Text string // what it would have printed
}

// ErrConfigured is returned by [Configure] when it comes too late.
var ErrConfigured = errors.New("deadlock: configured before, or in use")

// Configure sets the options of go-deadlock for the whole process. It must come
// before the first [New], and before the first use of go-deadlock by anybody.
func Configure(c Config) error {
	if !configureOnce(c) {
		return ErrConfigured
	}
	return nil
}

// Dropped returns how many reports nobody has received.
func Dropped() int64 { return reports.dropped.Load() }

var (
	once    sync.Once
	reports sink
)

func configureOnce(c Config) (first bool) {
	once.Do(func() {
		first = true
		if c.Keep {
			return
		}
		reports.to = c.Reports
		impl.Opts.DeadlockTimeout = c.Timeout
		impl.Opts.DisableLockOrderDetection = c.NoOrder
		impl.Opts.LogBuf = &reports
		impl.Opts.OnPotentialDeadlock = reports.send
	})
	return first
}

// A sink collects the text of a report and passes it on. Its methods are called
// with locks of go-deadlock held, so they call nothing that could need one.
type sink struct {
	to      chan<- Report
	mu      sync.Mutex
	text    bytes.Buffer
	dropped atomic.Int64
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *sink) send() {
	s.mu.Lock()
	r := Report{Text: s.text.String()}
	s.text.Reset()
	s.mu.Unlock()
	select {
	case s.to <- r:
	default: // no room, or nobody who listens
		s.dropped.Add(1)
	}
}
