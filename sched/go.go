package sched

// Go starts f as task t on s; on a goroutine of its own when s is nil. What
// happens before the call happens before f starts.
//
// A task that is killed ends quietly. Any other panic of f ends the program,
// as in a go statement.
func Go(s Scheduler, t *Task, f func()) {
	if t == nil {
		panic("sched: Go with a nil task")
	}
	if s != nil {
		s.Go(t, f)
		return
	}
	go Run(t, f)
}

// Run calls f as task t on this goroutine, and reports false if t was killed
// in it. It is what schedulers start tasks with.
func Run(t *Task, f func()) (finished bool) {
	defer func() {
		if finished {
			return
		}
		switch e := recover().(type) {
		case nil: // runtime.Goexit
		case *KilledError:
			if !e.Task.Is(t) {
				panic(e)
			}
		default:
			panic(e)
		}
	}()
	f()
	return true
}
