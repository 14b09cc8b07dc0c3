package deadlock_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/floodgate-go/floodgate/provider/deadlock"
)

var background = context.Background()

// expect waits for a report that has all of the words.
func expect(t *testing.T, words ...string) {
	t.Helper()
	limit := time.After(10 * time.Second)
next:
	for {
		select {
		case r := <-reports:
			for _, w := range words {
				if !strings.Contains(r.Text, w) {
					continue next // of another test
				}
			}
			return
		case <-limit:
			t.Fatalf("no report with %q", words)
		}
	}
}

func drain() {
	for len(reports) > 0 {
		<-reports
	}
}

func TestConfigureOnce(t *testing.T) {
	if err := deadlock.Configure(deadlock.Config{}); !errors.Is(err, deadlock.ErrConfigured) {
		t.Errorf("a second Configure = %v, want ErrConfigured", err)
	}
}

func TestOrderIsReportedAndNobodyIsKilled(t *testing.T) {
	drain()
	p := deadlock.New(nil)
	a, b := p.NewSemaphore("a", 1), p.NewSemaphore("b", 1)
	for range 2 {
		_ = a.Down(background)
		_ = b.Down(background)
		b.Up()
		a.Up()
		a, b = b, a
	}
	expect(t, "POTENTIAL DEADLOCK", "Inconsistent locking")
}

// A TryDown that fails must not make go-deadlock forget the holder: it still
// sees that the holder waits for itself.
func TestFailedTryDownLeavesTheHolderKnown(t *testing.T) {
	drain()
	s := deadlock.New(nil).NewSemaphore("s", 1)
	held, go2 := make(chan bool), make(chan bool)
	done := make(chan error)
	go func() {
		_ = s.Down(background)
		held <- true
		<-go2
		done <- s.Down(background) // itself; somebody else gives the permit
	}()
	<-held
	for range 10 {
		if s.TryDown() {
			t.Error("TryDown took a permit that is held")
		}
	}
	go2 <- true
	expect(t, "POTENTIAL DEADLOCK", "Recursive locking")
	s.Up()
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.Up()
}

// Reports that nobody takes are counted and do not stop anybody.
func TestReportsAreDropped(t *testing.T) {
	before := deadlock.Dropped()
	p := deadlock.New(nil)
	for range cap(reports) + 2 {
		a, b := p.NewSemaphore("a", 1), p.NewSemaphore("b", 1)
		for range 2 {
			_ = a.Down(background)
			_ = b.Down(background)
			b.Up()
			a.Up()
			a, b = b, a
		}
	}
	if deadlock.Dropped() == before {
		t.Error("nothing was dropped")
	}
	drain()
}

func TestUpOfAFreeSemaphoreNamesIt(t *testing.T) {
	defer func() {
		e, _ := recover().(*deadlock.OverReleaseError)
		if e == nil || e.Name != "i_sem" || !strings.Contains(e.Error(), "i_sem") {
			t.Errorf("panic %v, want an over-release of i_sem", e)
		}
	}()
	deadlock.New(nil).NewSemaphore("i_sem", 1).Up()
}
