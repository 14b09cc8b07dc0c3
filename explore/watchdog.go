package explore

import (
	"fmt"
	"time"
)

// A watchdog notices that an engine has made no step for a while: then a task
// blocks, or loops, where no scheduler sees it.
type watchdog struct {
	engines []*engine
	last    []uint64
	since   []time.Time
	limit   time.Duration
	ticker  *time.Ticker
}

func newWatchdog(engines []*engine, limit time.Duration) *watchdog {
	w := &watchdog{engines: engines, limit: limit}
	if limit > 0 {
		w.last = make([]uint64, len(engines))
		w.since = make([]time.Time, len(engines))
		w.ticker = time.NewTicker(max(limit/8, time.Millisecond))
	}
	return w
}

func (w *watchdog) tick() <-chan time.Time {
	if w.ticker == nil {
		return nil
	}
	return w.ticker.C
}

func (w *watchdog) stop() {
	if w.ticker != nil {
		w.ticker.Stop()
	}
}

// stuck returns an engine that does not move, or nil.
func (w *watchdog) stuck() *engine {
	now := time.Now()
	for i, e := range w.engines {
		p := e.progress.Load()
		if p != w.last[i] || w.since[i].IsZero() {
			w.last[i], w.since[i] = p, now
			continue
		}
		if now.Sub(w.since[i]) > w.limit && !e.resting.Load() {
			return e
		}
	}
	return nil
}

// lastWords says who has made no step for so long. The engine's goroutine
// blocks, so nothing that is read here changes.
//
//go:norace
func lastWords(e *engine, limit time.Duration) string {
	t := e.cur
	if t == nil {
		return fmt.Sprintf("the set-up or a check has not come to its end for %v", limit)
	}
	what := "before its first step"
	if t.steps > 0 {
		what = fmt.Sprintf("after its step %d, %s", t.steps, opSummary(&t.lastOp))
	}
	if t.depth > 0 {
		what = fmt.Sprintf("in the middle of its step %d, %s", t.steps+1, opSummary(&t.op))
	}
	if l := t.label(); l != nil {
		what += ", at " + l.String()
	}
	return fmt.Sprintf("task %s has blocked outside the scheduler for %v, %s", t.name, limit, what)
}
