package waitq_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/floodgate-go/floodgate/waitq"
)

func Example() {
	var q waitq.Queue
	var ready atomic.Bool

	go func() {
		ready.Store(true) // make it true,
		q.Wake()          // then wake
	}()

	err := q.Wait(context.Background(), ready.Load)
	fmt.Println(ready.Load(), err)
	// Output: true <nil>
}

// Exclusive waiters share the items of a buffer: each wake lets one of them
// look.
func ExampleQueue_WaitExclusive() {
	var q waitq.Queue
	var mu sync.Mutex
	var items []int
	take := func() (item int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(items) == 0 {
			return 0, false
		}
		item, items = items[0], items[1:]
		return item, true
	}

	sums := make(chan int)
	for range 3 {
		go func() {
			sum := 0
			for sum < 10 {
				var item int
				q.WaitExclusive(context.Background(), func() (ok bool) {
					item, ok = take()
					return ok
				})
				sum += item
			}
			sums <- sum
		}()
	}
	for range 6 {
		mu.Lock()
		items = append(items, 5)
		mu.Unlock()
		q.Wake()
	}
	fmt.Println(<-sums, <-sums, <-sums)
	// Output: 10 10 10
}

func ExampleQueue_WaitFor() {
	var q waitq.Queue
	left, ok := q.WaitFor(time.Millisecond, func() bool { return false })
	fmt.Println(left, ok)
	// Output: 0s false
}

func ExampleQueue_Close() {
	var q waitq.Queue
	errUnplugged := errors.New("unplugged")
	q.Close(errUnplugged)
	err := q.Wait(context.Background(), func() bool { return false })
	fmt.Println(errors.Is(err, errUnplugged), errors.Is(err, waitq.ErrClosed))
	// Output: true true
}

// An event loop that selects on a queue and on a channel of its own.
func ExampleWaiter() {
	var q waitq.Queue
	var level atomic.Int64
	input := make(chan string, 1)

	w := waitq.NewWaiter()
	defer q.Abort(w)
	for {
		q.Prepare(w, false) // first link,
		if n := level.Load(); n > 0 {
			fmt.Println("level", n) // then look,
			break
		}
		go func() { input <- "hello" }()
		select { // then sleep
		case <-w.C():
		case s := <-input:
			fmt.Println(s)
			level.Add(1)
			q.Wake()
		}
	}
	// Output:
	// hello
	// level 1
}

// A waiter with a function is a callback: here one that forwards a wake.
func ExampleWaiter_func() {
	var disk, files waitq.Queue
	forward := &waitq.Waiter{Sticky: true, Func: func(key any) waitq.Action {
		files.WakeKey(1, key)
		return waitq.Woke
	}}
	disk.Add(forward)
	files.Add(&waitq.Waiter{Func: func(key any) waitq.Action {
		fmt.Println("woken for", key)
		return waitq.Woke
	}})
	disk.WakeKey(1, "sda1")
	// Output: woken for sda1
}

func ExampleBatch() {
	var mu sync.Mutex
	var q waitq.Queue
	var done bool
	finished := make(chan error)
	go func() {
		mu.Lock()
		defer mu.Unlock()
		finished <- q.WaitLocked(context.Background(), &mu, func() bool { return done })
	}()

	var b waitq.Batch
	mu.Lock()
	done = true
	b.Collect(&q, 1, nil) // whom to wake is decided under the lock,
	mu.Unlock()
	b.Flush() // and nobody runs into it
	fmt.Println(<-finished)
	// Output: <nil>
}

func ExampleLockBit() {
	const locked, dirty = 0, 1
	var flags atomic.Uint64
	if err := waitq.LockBit(context.Background(), &flags, locked); err != nil {
		return
	}
	flags.Or(1 << dirty)
	waitq.ClearBit(&flags, locked)
	fmt.Printf("%b\n", flags.Load())
	// Output: 10
}

func ExampleWaitVar() {
	var users atomic.Int64
	users.Store(2)
	for range 2 {
		go waitq.DecAndWake(&users)
	}
	err := waitq.WaitVar(context.Background(), &users, func() bool { return users.Load() == 0 })
	fmt.Println(users.Load(), err)
	// Output: 0 <nil>
}

func ExampleCompletion() {
	var started waitq.Completion
	go func() {
		// … set up …
		started.Complete()
	}()
	fmt.Println(started.Wait(context.Background()))
	// Output: <nil>
}

func ExamplePoller() {
	var keyboard, network waitq.Queue
	var keys, packets atomic.Int64

	var p waitq.Poller
	defer p.Close()
	p.Add(&keyboard, 0)
	p.Add(&network, 0)

	go func() { packets.Add(1); network.Wake() }()
	err := p.Wait(context.Background(), func() bool { return keys.Load()+packets.Load() > 0 })
	fmt.Println(keys.Load(), packets.Load(), err)
	// Output: 0 1 <nil>
}
