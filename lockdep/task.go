package lockdep

import (
	"context"
	"runtime/debug"
	"slices"

	"github.com/floodgate-go/floodgate/sched"
)

// A task is what the watch knows of a [sched.Task].
type task struct {
	w        *Watch
	t        *sched.Task
	daemon   bool
	index    int  // in Watch.tasks, while routines > 0
	routines int  // goroutines that run it now; 0 for a visitor
	nested   int  // blocking operations inside the sleep
	onPath   bool // while doomed looks at those it waits for
	sleep    sleep
	held     []held  // in the order of taking
	refused  *object // a strict semaphore that it is about to give without holding it
	duty     []duty  // queues that it is to wake, for the order graph
}

// held is something that a task has taken and not given back.
type held struct {
	o    *object
	kind sched.OpKind
	n    int64
	step uint64

	class *class // with what follows, for the order graph
	label string
	site  Site
}

func (h *held) at() at { return at{h.o.name(), h.label, h.site} }

// holds lists what t holds.
func (t *task) holds() (list []Held) {
	if t == nil {
		return nil
	}
	for _, h := range t.held {
		list = append(list, Held{h.o.name(), h.kind, h.n, h.step, h.label, h.site})
	}
	return list
}

// label returns the last place that t has reached, or "".
func (t *task) label() string {
	if l := t.t.Label(); l != nil {
		return l.String()
	}
	return ""
}

// same reports whether t and u are the same task and known.
func (t *task) same(u *task) bool { return t != nil && t == u }

// drop takes n permits of o from what t holds, the last taken first.
func (t *task) drop(o *object, n int64) {
	if t == nil {
		return
	}
	for i := len(t.held) - 1; i >= 0 && n > 0; i-- {
		h := &t.held[i]
		if h.o != o {
			continue
		}
		m := min(n, h.n)
		n -= m
		if h.n -= m; h.n == 0 {
			t.held = append(t.held[:i], t.held[i+1:]...)
		}
	}
}

// named returns the task that op names and, if it names none and the watch
// identifies, the id of the goroutine that calls.
func (w *Watch) named(op sched.Op) (*sched.Task, uint64) {
	if op.Task != nil || w.byID == nil {
		return op.Task, 0
	}
	return nil, goroutineID()
}

// doer is who and named for the Done of an operation that blocks, where the
// sleep itself mostly tells.
func (w *Watch) doer(o *object, op sched.Op) *task {
	if op.Task != nil || w.byID == nil {
		return w.who(op.Task, 0)
	}
	if s := o.sleepers.first; s != nil && s == o.sleepers.last {
		return s.t
	}
	return w.who(nil, goroutineID())
}

// who returns what the watch knows of a task, or nil for nobody. A task that
// the watch has not started is a visitor: a goroutine of the program's own
// acts for it.
func (w *Watch) who(t *sched.Task, id uint64) *task {
	if t == nil {
		if id == 0 {
			return nil
		}
		return w.byID[id]
	}
	if r, ok := t.Local().(*task); ok && r.w == w {
		return r
	}
	r := &task{w: w, t: t}
	r.sleep.t = r
	t.SetLocal(r)
	return r
}

// Go starts f as task t on a goroutine. The watch waits for it in [Watch.Wait].
//
// A task that is killed ends quietly. Any other panic of f ends the task and is
// kept as a [*Panic] among the faults.
func (w *Watch) Go(t *sched.Task, f func()) { w.start(t, f, false) }

// Daemon starts f as task t on a goroutine, like [Watch.Go], but t may sleep
// for ever: Wait does not wait for it, and that it sleeps is no hang as long
// as it is the only kind of task that does. A daemon that is awake can wake
// others, as any task.
func (w *Watch) Daemon(t *sched.Task, f func()) { w.start(t, f, true) }

func (w *Watch) start(t *sched.Task, f func(), daemon bool) {
	if t == nil {
		panic("lockdep: Go with a nil task")
	}
	w.mu.Lock()
	r := w.who(t, 0)
	r.daemon = daemon
	if r.routines++; r.routines == 1 {
		r.index = len(w.tasks)
		w.tasks = append(w.tasks, r)
	}
	w.running++
	w.all++
	if !daemon {
		w.live++
	}
	killed, cause := w.killed, w.cause
	w.mu.Unlock()
	if killed {
		t.Kill(cause)
	}
	go w.run(r, f, daemon)
}

func (w *Watch) run(r *task, f func(), daemon bool) {
	var id uint64
	if w.cfg.Identify {
		id = goroutineID()
		w.mu.Lock()
		w.byID[id] = r
		w.mu.Unlock()
	}
	defer w.finish(r, id, daemon)
	defer w.catch(r.t)
	sched.Run(r.t, f)
}

// catch keeps a panic as a fault. It must be deferred.
func (w *Watch) catch(t *sched.Task) {
	if e := recover(); e != nil {
		w.Report(&Panic{Task: t, Value: e, Stack: debug.Stack()})
	}
}

// finish ends a goroutine of r.
func (w *Watch) finish(r *task, id uint64, daemon bool) {
	w.mu.Lock()
	if w.cfg.Order != nil && r.routines == 1 {
		w.cfg.Order.ending(w, r)
		w.mu.Unlock()
		w.cfg.Order.deliver(w) // while the task is still there
		w.mu.Lock()
	}
	if id != 0 {
		delete(w.byID, id)
	}
	if r.routines--; r.routines == 0 {
		last := w.tasks[len(w.tasks)-1]
		last.index = r.index
		w.tasks[r.index] = last
		w.tasks[len(w.tasks)-1] = nil
		w.tasks = w.tasks[:len(w.tasks)-1]
	}
	if s := &r.sleep; s.obj != nil && r.routines == 0 {
		// It was unwound in the middle of an operation.
		o := s.obj
		o.sleepers.remove(s)
		w.sleeps.remove(s)
		s.obj = nil
		w.running++
		w.settle(o)
	}
	w.all--
	w.running--
	if !daemon {
		w.live--
	}
	if w.live == 0 || w.all == 0 {
		w.notify()
	}
	w.check()
	w.mu.Unlock()
}

// notify wakes those in Wait and Join.
func (w *Watch) notify() {
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// Wait waits until all tasks that are not daemons have ended, and returns nil
// then. It returns a [*Hang] at once if they can not: when the last one that
// could go on goes to sleep, or when some wait for each other in a circle. It
// returns the same Hang from then on, also after the end of the tasks. When ctx
// ends first it returns a *Hang whose Cause is ctx.Err(), with those that
// are asleep at the moment.
//
// What a task did before it ended happens before Wait returns nil.
func (w *Watch) Wait(ctx context.Context) error {
	return w.await(ctx, func() (bool, error) {
		switch {
		case w.hang != nil:
			return true, w.hang
		case w.live == 0:
			return true, nil
		}
		return false, nil
	})
}

// Kill kills every task ([sched.Task.Kill]), also those that are started from
// now on, and stops the timers. The run is then being torn down: nothing is
// called a hang any more, except by [Watch.Join]. A nil cause is
// [sched.ErrKilled].
func (w *Watch) Kill(cause error) {
	w.mu.Lock()
	w.killed = true
	if w.cause == nil {
		w.cause = cause
	}
	tasks := slices.Clone(w.tasks)
	var timers []*timer
	for tm := w.timers; tm != nil; tm = tm.next {
		timers = append(timers, tm)
	}
	w.mu.Unlock()
	for _, r := range tasks {
		r.t.Kill(cause)
	}
	for _, tm := range timers {
		tm.cancel()
	}
	w.mu.Lock()
	for w.resume() {
	}
	w.check()
	w.mu.Unlock()
}

// Join waits until the goroutines of all tasks have ended, those of daemons
// and of timers too. It returns a [*Hang] if they can not, naming those that
// are left; after [Watch.Kill] this means tasks that sleep where a kill does
// not reach them, and that nobody ends. When ctx ends first it returns a *Hang
// whose Cause is ctx.Err().
func (w *Watch) Join(ctx context.Context) error {
	return w.await(ctx, func() (bool, error) {
		switch {
		case w.all == 0:
			return true, nil
		case w.stuck():
			return true, w.picture(nil, nil)
		}
		return false, nil
	})
}

// await calls over, under the watch's lock, after each change until it is
// true. The caller does not count as running meanwhile.
func (w *Watch) await(ctx context.Context, over func() (bool, error)) error {
	w.mu.Lock()
	if w.inWait++; w.inWait == 1 {
		w.running--
		w.check()
	}
	defer func() {
		if w.inWait--; w.inWait == 0 {
			w.running++
		}
		w.mu.Unlock()
	}()
	for {
		if done, err := over(); done {
			return err
		}
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		c := w.changed
		w.mu.Unlock()
		select {
		case <-c:
			w.mu.Lock()
		case <-ctx.Done():
			w.mu.Lock()
			if done, err := over(); done {
				return err
			}
			return w.picture(nil, ctx.Err())
		}
	}
}
