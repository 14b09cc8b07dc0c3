package lockdep

import "github.com/floodgate-go/floodgate/sched"

// stuck tells whether nothing can happen any more: nobody runs, no object would
// let a sleeper go on, and no sleep ends by itself.
func (w *Watch) stuck() bool {
	if w.running > 0 || w.able > 0 {
		return false
	}
	for s := w.sleeps.first; s != nil; s = s.nextAll {
		if s.ends() {
			return false
		}
	}
	return true
}

// check looks for a hang after somebody has gone to sleep or away, and reports
// whether there is one. Daemons that sleep alone are no hang.
func (w *Watch) check() bool {
	if !w.stuck() || w.resume() {
		return false
	}
	if w.live > 0 && !w.killed && (w.hang == nil || w.hang.Partial) {
		w.hang = w.picture(nil, nil)
	}
	w.notify()
	return w.hang != nil
}

// checkPartial looks for tasks that wait for each other, s's among them, while
// others still run.
func (w *Watch) checkPartial(s *sleep) {
	budget := 1000
	if !s.t.doomed(&budget) {
		return
	}
	only := make(map[*task]bool)
	s.t.collect(only)
	w.hang = w.picture(only, nil)
	w.notify()
}

// doomed tells whether t sleeps and whoever could end its sleep is doomed as
// well, where meeting a task again on the way counts as doomed: that is a
// circle. It is true only if everybody who could help is known.
func (t *task) doomed(budget *int) bool {
	if t == nil {
		return false
	}
	if t.onPath {
		return true
	}
	if *budget--; *budget < 0 {
		return false
	}
	s := &t.sleep
	if s.obj == nil || s.obj.lets(s) || s.ends() {
		return false
	}
	t.onPath = true
	defer func() { t.onPath = false }()
	any, all := t.helpers()
	for _, u := range any {
		if !u.doomed(budget) {
			return false
		}
	}
	for _, u := range all {
		if u.doomed(budget) {
			return true
		}
	}
	return len(any) > 0
}

// helpers returns those who could end t's sleep: any one of the first, or only
// all of the second together. Neither, if they are not all known.
func (t *task) helpers() (any, all []*task) {
	s := &t.sleep
	o := s.obj
	if s.op.Kind == sched.Park {
		if u := s.waker(); u != nil {
			any = append(any, u)
		}
		return any, nil
	}
	if !o.lock() {
		return nil, nil
	}
	for _, h := range o.holders {
		if h.t == nil || h.t == t && !o.own() {
			return nil, nil
		}
		any = append(any, h.t)
	}
	if s.op.Kind != sched.Down { // a writer has to wait for all readers
		return nil, any
	}
	return any, nil
}

// collect gathers the doomed tasks that t waits for, itself included.
func (t *task) collect(set map[*task]bool) {
	if set[t] {
		return
	}
	set[t] = true
	any, all := t.helpers()
	for _, u := range append(any, all...) {
		budget := 1000
		if u.doomed(&budget) {
			u.collect(set)
		}
	}
}

// waker returns the task that was announced to end the sleep, or nil.
func (s *sleep) waker() *task {
	t := s.obj.Waker()
	if t == nil && s.op.On != nil {
		t = s.op.On.Waker()
	}
	if t == nil {
		return nil
	}
	u := s.obj.watch().who(t, 0)
	if u.routines == 0 { // of no use, or not ours
		return nil
	}
	return u
}

func (o *object) watch() *Watch { return o.Sched.(*Watch) }
