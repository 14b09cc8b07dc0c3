package waitq

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/floodgate-go/floodgate/sched"
)

// A dispenser is anything that holds a number of things to take. Its model is
// the number.
type dispenser struct {
	give    func()
	giveAll func()                         // makes it endless, or nil
	take    func(ctx context.Context) bool // blocks; false if ctx has ended
	tryTake func() bool                    // or nil
	any     func() bool                    // or nil
}

type dispenserOp int

const (
	opGive dispenserOp = iota
	opGiveAll
	opTake
	opTryTake
	opAny
)

const endless = 1 << 40

var dispenserModel = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, in, out any) (bool, any) {
		n, ok := state.(int), out.(bool)
		switch in.(dispenserOp) {
		case opGive:
			if n < endless {
				n++
			}
			return true, n
		case opGiveAll:
			return true, endless
		case opAny:
			return ok == (n > 0), n
		}
		// A take that was cancelled must have seen that there is nothing,
		// like one that does not block: success wins.
		if ok != (n > 0) {
			return false, n
		}
		if ok && n < endless {
			n--
		}
		return true, n
	},
	DescribeOperation: func(in, out any) string {
		return fmt.Sprintf("%s: %v", [...]string{"give", "give all", "take", "try", "any"}[in.(dispenserOp)], out)
	},
}

// record runs clients against d and returns what they saw.
func record(d dispenser, seed uint64, clients, ops int) []porcupine.Operation {
	var mu sync.Mutex
	var history []porcupine.Operation
	var clock atomic.Int64
	var wg sync.WaitGroup
	for id := range clients {
		r := rand.New(rand.NewPCG(seed, uint64(id)))
		wg.Go(func() {
			for range ops {
				op := [...]dispenserOp{opGive, opGive, opTake, opTake, opTake, opTryTake, opAny, opGiveAll}[r.IntN(8)]
				var f func() bool
				switch op {
				case opGive:
					f = func() bool { d.give(); return true }
				case opTake:
					ctx, cancel := context.WithTimeout(bg, time.Duration(r.IntN(200))*time.Microsecond)
					defer cancel()
					f = func() bool { return d.take(ctx) }
				case opTryTake:
					f = d.tryTake
				case opAny:
					f = d.any
				case opGiveAll:
					if d.giveAll == nil || r.IntN(ops) != 0 {
						continue
					}
					f = func() bool { d.giveAll(); return true }
				}
				if f == nil {
					continue
				}
				begin := clock.Add(1)
				out := f()
				end := clock.Add(1)
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: id, Input: op, Call: begin, Output: out, Return: end})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return history
}

func linearizable(t *testing.T, build func(s sched.Scheduler) dispenser) {
	rounds := 300
	if raceEnabled || testing.Short() {
		rounds = 60
	}
	for seed := range uint64(rounds) {
		history := record(build(sched.NewNoise(seed, 3)), seed, 5, 24)
		if res := porcupine.CheckOperationsTimeout(dispenserModel, history, 20*time.Second); res == porcupine.Illegal {
			for _, op := range history {
				t.Logf("%4d–%4d client %d %s", op.Call, op.Return, op.ClientId, dispenserModel.DescribeOperation(op.Input, op.Output))
			}
			t.Fatalf("history %d is not linearizable", seed)
		} else if res == porcupine.Unknown {
			t.Logf("history %d: no verdict in time", seed)
		}
	}
}

func TestQueueIsALinearizableDispenser(t *testing.T) {
	linearizable(t, func(s sched.Scheduler) dispenser {
		q, x := new(Queue), new(tokens)
		q.Init(s, "q")
		return dispenser{
			give:    func() { x.n.Add(1); q.Wake() },
			take:    func(ctx context.Context) bool { return q.WaitExclusive(ctx, x.take) == nil },
			tryTake: x.take,
			any:     func() bool { return x.n.Load() > 0 },
		}
	})
}

func TestCompletionIsLinearizable(t *testing.T) {
	linearizable(t, func(s sched.Scheduler) dispenser {
		c := new(Completion)
		c.Init(s, "c")
		return dispenser{
			give:    c.Complete,
			giveAll: c.CompleteAll,
			take:    func(ctx context.Context) bool { return c.Wait(ctx) == nil },
			tryTake: c.TryWait,
			any:     c.Completed,
		}
	})
}
