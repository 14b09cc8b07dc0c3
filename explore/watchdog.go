package explore

import (
	"strconv"
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
// blocks, so nothing that is read here changes; but nothing tells the race
// detector, so it must not look.
//
//go:norace
func lastWords(e *engine, limit time.Duration) string {
	t := e.cur
	if t == nil {
		return "the set-up or a check has not come to its end for " + limit.String()
	}
	s := "task " + t.name + " has blocked outside the scheduler for " + limit.String()
	switch {
	case t.depth > 0:
		s += ", in the middle of its step " + strconv.Itoa(t.steps+1) + ", " + t.op.Kind.String()
		if t.op.Obj != nil {
			s += " of " + t.op.Obj.Name
		}
	case t.steps > 0:
		s += ", after its step " + strconv.Itoa(t.steps) + ", " + t.lastKind.String()
		if t.lastObj != nil {
			s += " of " + t.lastObj.Name
		}
	default:
		s += ", before its first step"
	}
	if t.st != nil {
		if l := t.st.Label(); l != nil {
			s += ", at " + l.String()
		}
	}
	return s
}
