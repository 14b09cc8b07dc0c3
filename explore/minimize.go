package explore

import "slices"

// investigate turns what went wrong in the last execution of e into a finding:
// with the shortest schedule that a greedy search finds, its token, and its
// timeline. It runs the program again a few times.
func (e *engine) investigate(fn func(*Run), sig string) *Finding {
	fd := e.found
	f := &Finding{Kind: fd.kind, Message: fd.msg, Err: fd.err, Signature: sig, Stuck: fd.stuck}
	f.Detail = detail(fd)
	if e.outcome == broken || fd.kind == Misuse && fd.task == noTask {
		return f
	}
	strat, rec := e.strat, slices.Clone(e.rec)
	defer func() { e.strat = strat }()
	g := &guided{exact: rec}
	if fd.kind == DataRace {
		// The detector reports each race once, so the schedule can only be
		// shown as it is.
		f.Schedule = e.repeat(fn, g, f)
		return f
	}
	e.strat = g
	e.execute(fn)
	if again := e.found; again == nil || again.signature(e) != sig {
		if again != nil && again.kind == DataRace {
			return e.investigate(fn, again.signature(e))
		}
		if again != nil && again.kind == Nondeterminism {
			fd = again
		} else {
			fd = &found{kind: Nondeterminism, msg: "the program is not deterministic: the same decisions as before end otherwise. " +
				"Before, the end was: " + fd.kind.String() + ": " + fd.msg}
		}
		return &Finding{Kind: fd.kind, Message: fd.msg, Signature: fd.kind.String(), Detail: detail(fd)}
	}
	moves := e.shorten(fn, slices.Clone(g.derived), sig)
	f.Schedule = e.repeat(fn, &guided{moves: moves}, f)
	if fd := e.found; fd != nil { // the same, with the details of the short schedule
		f.Message, f.Detail, f.Err, f.Stuck = fd.msg, detail(fd), fd.err, fd.stuck
	}
	return f
}

func detail(fd *found) string {
	s := string(fd.stack)
	for i := range fd.stuck {
		s += fd.stuck[i].String() + "\n"
	}
	return s
}

// shorten drops deviations as long as the finding remains.
func (e *engine) shorten(fn func(*Run), moves []move, sig string) []move {
	try := func(m []move) bool {
		g := &guided{moves: m}
		e.strat = g
		e.execute(fn)
		if e.found != nil && e.found.kind == DataRace {
			e.late = append(e.late, e.investigate(fn, e.found.signature(e)))
			return false
		}
		if e.found == nil || e.outcome == broken || e.found.signature(e) != sig || len(g.derived) >= len(moves) {
			return false
		}
		moves = slices.Clone(g.derived)
		return true
	}
	for size := max(len(moves)/2, 1); size > 0; {
		shorter := false
		for i := len(moves); i > 0; {
			from := max(i-size, 0)
			if try(slices.Concat(moves[:from], moves[i:])) {
				shorter = true
			}
			i = min(from, len(moves))
		}
		if !shorter || size > 1 {
			size /= 2
		}
	}
	return moves
}

// repeat runs a schedule once more, recording the timeline.
func (e *engine) repeat(fn func(*Run), g *guided, f *Finding) Schedule {
	e.line = newTimeline()
	e.strat = g
	e.execute(fn)
	f.Timeline = e.line
	e.line.close(e)
	e.line = nil
	s := Schedule{moves: slices.Clone(g.derived), names: e.taskNames()}
	f.Token = token(g.print, s)
	return s
}

func (e *engine) taskNames() []string {
	names := make([]string, e.n)
	for i := range names {
		names[i] = e.tasks[i].name
	}
	return names
}
