package refcount

import "github.com/floodgate-go/floodgate/sched"

// Kill ends the life of the count (percpu_ref_kill): it closes the stripes,
// takes their sum, and drops the reference that the count began with. When it
// has returned, TryGetLive fails, and the Put of the last reference releases;
// that may be Kill's own. A second Kill panics with a *[StateError].
//
// If the sum shows that more references were dropped than taken, that is a
// SubUAF fault, and the object is never released.
func (r *Sharded) Kill() { r.kill("Kill", nil) }

// KillAndConfirm is Kill with a call of confirm when every stripe is closed and
// TryGetLive fails everywhere (percpu_ref_kill_and_confirm): once, on this
// goroutine, with no lock held, before the reference that the count began with
// is dropped, so before release. It panics if confirm is nil.
func (r *Sharded) KillAndConfirm(confirm func()) {
	if confirm == nil {
		panic("refcount: KillAndConfirm with a nil confirm")
	}
	r.kill("KillAndConfirm", confirm)
}

func (r *Sharded) kill(op string, confirm func()) {
	r.begin(sched.Close, 0)
	state, old, fault := r.close(true)
	if state != "" {
		r.refuse(sched.Close, op, state)
	}
	// A handler or a confirm that panics must not keep the reference.
	defer r.put(op, 1)
	r.end(sched.Close, op, 1, old, true, fault)
	if confirm != nil {
		confirm()
	}
}

// refuse ends the step of an operation that the state does not allow.
func (r *Sharded) refuse(k sched.OpKind, op, state string) {
	r.end(k, op, 0, 0, false, none)
	panic(&StateError{Op: op, Name: r.name, State: state})
}

// close closes the stripes, puts their sum into the central count, and either
// kills the count or keeps it in one word. State is empty, or why it can not.
func (r *Sharded) close(kill bool) (state string, old int64, fault FaultKind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch now := r.central.Load(); {
	case now == exited || kill && !isLive(now):
		return stateOf(now), 0, none
	case !kill:
		r.single = true
	}
	// From the first stripe on, references are counted in two places. A
	// reference is always taken before it is dropped, so the sum, with the
	// central count read last, is never less than the truth.
	var sum int64
	for i := range r.stripes {
		if v := r.stripes[i].Swap(stripeClosed); v&stripeClosed == 0 {
			sum += v / stripeOne
		}
	}
	for {
		old = r.central.Load()
		if !isLive(old) { // the stripes were closed before
			return "", old, none
		}
		v := old + sum
		fault = none
		if v <= live { // not even the first reference is left
			v, fault = leaked, SubUAF
		} else if kill {
			v -= live
		}
		if r.central.CompareAndSwap(old, v) {
			return "", old + sum, fault
		}
	}
}

// stateOf names the state that the central count v tells of.
func stateOf(v int64) string {
	switch {
	case v == exited:
		return "exited"
	case isLeaked(v):
		return "out of balance"
	case isLive(v):
		return "live"
	}
	return "killed"
}

// open opens the stripes for new references. The lock is held.
func (r *Sharded) open() {
	for i := range r.stripes {
		if r.stripes[i].Load()&stripeClosed != 0 {
			r.stripes[i].Store(0)
		}
	}
}

// SwitchToAtomic moves the count into one word, and keeps it there across Kill
// and Reinit (percpu_ref_switch_to_atomic). It has happened when the call
// returns. An imbalance is a fault as in Kill.
func (r *Sharded) SwitchToAtomic() {
	const op = "SwitchToAtomic"
	r.begin(sched.Update, 0)
	state, old, fault := r.close(false)
	if state != "" {
		r.refuse(sched.Update, op, state)
	}
	r.end(sched.Update, op, 1, old, true, fault)
}

// SwitchToSharded spreads the count over the stripes again
// (percpu_ref_switch_to_percpu). A killed count is spread when it is live
// again.
func (r *Sharded) SwitchToSharded() {
	const op = "SwitchToSharded"
	r.begin(sched.Update, 0)
	if state := r.spread(); state != "" {
		r.refuse(sched.Update, op, state)
	}
	r.end(sched.Update, op, 0, 0, true, none)
}

func (r *Sharded) spread() (state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.central.Load()
	if now == exited {
		return stateOf(now)
	}
	r.single = false
	if isLive(now) {
		r.open()
	}
	return ""
}

// Resurrect makes a killed count live again, with a reference for its maker as
// at first (percpu_ref_resurrect). The caller makes sure that it does not race
// with the release. It panics with a *[StateError] if the count is not killed.
func (r *Sharded) Resurrect() { r.revive("Resurrect", false) }

// Reinit is Resurrect for a count that has reached zero (percpu_ref_reinit). It
// panics with a *[StateError] if a reference is left.
func (r *Sharded) Reinit() { r.revive("Reinit", true) }

func (r *Sharded) revive(op string, mustZero bool) {
	r.begin(sched.Update, 1)
	if state := r.reopen(mustZero); state != "" {
		r.refuse(sched.Update, op, state)
	}
	r.end(sched.Update, op, 1, 0, true, none)
}

// reopen makes the count live. State is empty, or why it can not be.
func (r *Sharded) reopen(mustZero bool) (state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		old := r.central.Load()
		switch {
		case isLive(old) || isLeaked(old):
			return stateOf(old)
		case mustZero && old != 0:
			return "in use"
		}
		if r.central.CompareAndSwap(old, old+live+1) {
			break
		}
	}
	if !r.single {
		r.open()
	}
	return ""
}

// Exit ends all use of the count (percpu_ref_exit). It releases nothing. After
// it every method panics with a *[StateError]; so does Exit itself when a Kill
// or a switch is going on.
func (r *Sharded) Exit() {
	r.begin(sched.End, 0)
	if state := r.exit(); state != "" {
		r.refuse(sched.End, "Exit", state)
	}
	r.end(sched.End, "Exit", 0, 0, true, none)
}

func (r *Sharded) exit() (state string) {
	if !r.mu.TryLock() {
		return "switching"
	}
	defer r.mu.Unlock()
	if r.central.Load() == exited {
		return "exited"
	}
	for i := range r.stripes {
		r.stripes[i].Store(stripeClosed)
	}
	r.central.Store(exited)
	return ""
}
