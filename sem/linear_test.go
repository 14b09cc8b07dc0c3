package sem_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

type semOp struct {
	kind string // down, try, up, count
	n    int
}

// A counter is what a semaphore is to those who can not see the queue: Down
// takes when there is something to take, and one that was cancelled took
// nothing. TryDown and Count must be right about there being nothing.
var counter = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, in, out any) (bool, any) {
		count, op := state.(int), in.(semOp)
		switch op.kind {
		case "down":
			if !out.(bool) {
				return true, count
			}
			return count >= op.n, count - op.n
		case "try":
			if !out.(bool) {
				return count < op.n, count
			}
			return count >= op.n, count - op.n
		default:
			return true, count + op.n
		}
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprint(in, " ", out) },
}

// Histories of real goroutines under noise are those of a counter.
func TestS2_HistoriesAreLinearizable(t *testing.T) {
	histories := 60
	if testing.Short() {
		histories = 10
	}
	for h := range histories {
		var s sem.Semaphore
		if h%2 == 0 {
			s.Init(sched.NewNoise(uint64(h), 3), "s", 0)
		}
		const clients, ops = 5, 30
		var now atomic.Int64
		var mu sync.Mutex
		var history []porcupine.Operation
		record := func(client int, op semOp, f func() bool) {
			call := now.Add(1)
			out := f()
			ret := now.Add(1)
			mu.Lock()
			history = append(history, porcupine.Operation{ClientId: client, Input: op, Call: call, Output: out, Return: ret})
			mu.Unlock()
		}
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() {
				for i := range ops {
					switch (c*5 + i*3 + h) % 7 {
					case 0, 1:
						record(c, semOp{"down", 1}, func() bool {
							ctx, cancel := context.WithCancel(background)
							defer cancel()
							go cancel()
							return s.Down(ctx) == nil
						})
					case 2:
						// One permit at a time only: while permits are gathered
						// for more, TryDown fails although a counter has some.
						record(c, semOp{"down", 1}, func() bool { return s.DownFor(time.Microsecond) == nil })
					case 3:
						record(c, semOp{"try", 1}, s.TryDown)
					default:
						record(c, semOp{"up", 1}, func() bool { s.Up(); return true })
					}
				}
			})
		}
		wg.Wait()
		if porcupine.CheckOperationsTimeout(counter, history, 10*time.Second) != porcupine.Ok {
			t.Fatalf("history %d is not that of a counter: %v", h, history)
		}
	}
}
