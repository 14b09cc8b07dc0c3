//go:build !race

package explore

import (
	"iter"
	"runtime"
)

// raceBuild tells which of the two kinds of thread is built in.
const raceBuild = false

// A thread is the stack that a task runs on: a coroutine, which costs a tenth
// of what a goroutine and its channels do to switch to. One of them or the
// driver runs at any time, and whoever runs decides who is next.
type thread struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	gone  bool // ended by force
}

// driver is the engine's part.
type driver struct {
	exited *task // ended by runtime.Goexit
}

func newTask(e *engine, i int) *task {
	t := &task{e: e, i: i}
	t.next = func() (struct{}, bool) { // the first time
		t.next, t.stop = iter.Pull(t.loop)
		return t.next()
	}
	return t
}

// resume lets t run until it pauses. It is called by the driver.
func (t *task) resume() { t.next() }

// pause gives the processor back to the driver, until it resumes t.
func (t *task) pause() { t.yield(struct{}{}) }

func (t *task) loop(yield func(struct{}) bool) {
	t.yield = yield
	for {
		t.serve()
		t.e.finished(t)
		if !yield(struct{}{}) {
			return
		}
	}
}

// discard ends the thread of a task that is not in the middle of anything.
func (t *task) discard() {
	if t.stop != nil {
		t.stop()
		t.thread = thread{}
	}
}

// broke ends the step that t may have been in when it panicked.
func (t *task) broke() {
	if t.depth != 0 {
		t.e.interrupted(t)
	}
}

// exits notes that t is ended by runtime.Goexit, and its thread with it. The
// driver, which has resumed it, ends the same way.
func (t *task) exits() {
	if !t.gone {
		t.e.exited = t
	}
}

// gather makes all that the tasks have done visible to the driver.
func (e *engine) gather() {}

// prepare is called between the set-up and the tasks.
func (e *engine) prepare() {}

// looks tells whether Always can be called.
func (e *engine) looks() bool { return true }

// abandon ends t by force, after the driver has heard of it. The end of a
// coroutine by runtime.Goexit ends whoever has resumed it as well.
func (t *task) abandon() {
	t.e.swallowed(t)
	t.pause()
	t.gone = true
	runtime.Goexit()
}

// force ends a task that does not let itself be unwound.
func (t *task) force() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.resume()
	}()
	<-done
}
