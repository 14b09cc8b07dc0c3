package lockdep

import (
	"runtime"
	"sync"
)

var traces = sync.Pool{New: func() any { return new([32]byte) }}

// goroutineID returns the id of the calling goroutine, read off the first line
// of its stack trace: "goroutine 17 [running]:".
//
// Who a task is never hangs on this: tasks travel in contexts and arguments.
// It only lets reports name the one who took a lock whose operations carry no
// task, and it is asked only when the configuration says so.
func goroutineID() (id uint64) {
	buf := traces.Get().(*[32]byte)
	defer traces.Put(buf)
	n := runtime.Stack(buf[:], false)
	for _, c := range buf[len("goroutine "):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}
