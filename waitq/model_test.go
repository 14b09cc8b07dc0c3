package waitq

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
)

// A program is a sequence of bytes, each an operation or its argument. It runs
// on one goroutine: entries with a Func and low-level waiters, and what the
// model of a queue says about them.

func randomProgram(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// A modelEntry is an entry of the model.
type modelEntry struct {
	id     int
	ex     bool
	key    any
	action Action // of its Func; of an owner, Woke
	sticky bool
	awake  bool // an owner that has a wake, and stays linked
}

// A model is a queue as three slices.
type model struct {
	lists  [classes][]*modelEntry
	closed bool
	log    []int // who was visited with a Func
}

func (m *model) len() (n int) {
	for _, l := range m.lists {
		n += len(l)
	}
	return n
}

func (m *model) link(c class, e *modelEntry) {
	if c == shared || c == priority && e.ex {
		m.lists[c] = slices.Insert(m.lists[c], 0, e)
	} else {
		m.lists[c] = append(m.lists[c], e)
	}
}

func (m *model) find(id int) (e *modelEntry, c class, i int) {
	for c := range classes {
		for i, e := range m.lists[c] {
			if e.id == id {
				return e, c, i
			}
		}
	}
	return nil, 0, 0
}

func (m *model) remove(id int) bool {
	e, c, i := m.find(id)
	if e != nil {
		m.lists[c] = slices.Delete(m.lists[c], i, i+1)
	}
	return e != nil
}

// wake returns the number of exclusives woken, and the owners woken.
func (m *model) wake(budget int, key any) (ex int, owners []int) {
	for c := range classes {
		for _, e := range slices.Clone(m.lists[c]) {
			if key != nil && e.key != nil && key != e.key {
				continue
			}
			owner := e.action == -2
			if owner {
				if e.sticky && e.awake {
					continue
				}
				owners = append(owners, e.id)
				e.awake = true
			} else {
				m.log = append(m.log, e.id)
				if e.action == Stop {
					return ex, owners
				}
				if e.action == Skip {
					continue
				}
			}
			if !e.sticky {
				m.remove(e.id)
			}
			if e.ex {
				if ex++; ex == budget {
					return ex, owners
				}
			}
		}
	}
	return ex, owners
}

// runProgram runs a program on a queue and on the model, and returns what it
// did, with a line for each difference.
func runProgram(program []byte, debug bool) (transcript []string) {
	var q Queue
	q.Debug(debug)
	m := new(model)
	var log []int
	ws := map[int]*Waiter{}
	keys := []any{nil, "a", "b"}
	next := func() int {
		if len(program) == 0 {
			return 0
		}
		b := program[0]
		program = program[1:]
		return int(b)
	}
	say := func(format string, args ...any) { transcript = append(transcript, fmt.Sprintf(format, args...)) }
	same := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			say("DIFFERENCE: %s = %v, model says %v", what, got, want)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			say("DIFFERENCE: panic %v", r)
		}
	}()
	for ids := 0; len(program) > 0; {
		switch op := next() % 10; op {
		case 0, 1, 2: // link a new entry
			id, b := ids, next()
			ids++
			e := &modelEntry{id: id, key: keys[b%3], sticky: b&8 != 0}
			w := &Waiter{Key: e.key, Sticky: e.sticky}
			ws[id] = w
			c := class(op)
			e.ex = c == exclusive || c == priority && b&16 != 0
			if b&32 != 0 {
				e.action = -2 // an owner
			} else {
				e.action = Action(b >> 6 % 3)
				w.Func = func(any) Action { log = append(log, id); return e.action }
			}
			var err error
			switch c {
			case priority:
				err = q.AddPriority(w, e.ex)
			case shared:
				err = q.Add(w)
			case exclusive:
				err = q.AddExclusive(w)
			}
			var want error
			switch {
			case m.closed:
				want = ErrClosed
			case c == priority && e.ex && len(m.lists[priority]) > 0:
				want = ErrBusy
			default:
				m.link(c, e)
			}
			say("add %d %d %v: %v", id, c, e.ex, err)
			same("Add", err, want)
		case 3: // unlink an entry
			if ids == 0 {
				continue
			}
			id := next() % ids
			got := q.Remove(ws[id])
			say("remove %d: %v", id, got)
			same("Remove", got, m.remove(id))
		case 4, 5, 6: // wake some
			n, key := next()%4+1, keys[next()%3]
			log, m.log = nil, nil
			got := q.WakeKey(n, key)
			ex, owners := m.wake(n, key)
			say("wake %d %v: %d %v %v", n, key, got, log, owners)
			same("WakeKey", got, ex)
			same("visits", log, m.log)
			checkOwners(ws, m, owners, same)
		case 7: // wake all
			log, m.log = nil, nil
			got := q.WakeAll()
			ex, owners := m.wake(-1, nil)
			say("wake all: %d %v %v", got, log, owners)
			same("WakeAll", got, ex)
			same("visits", log, m.log)
			checkOwners(ws, m, owners, same)
		case 8: // prepare an owner again
			if ids == 0 {
				continue
			}
			id, ex := next()%ids, next()&1 != 0
			w := ws[id]
			if w.Func != nil || w.p == nil {
				continue
			}
			first := q.Prepare(w, ex)
			say("prepare %d %v: %v", id, ex, first)
			same("Prepare", first, m.len() == 0)
			if e, _, _ := m.find(id); e != nil {
				e.ex, e.awake = ex, false
			} else if !m.closed {
				// Its ticket is known to the queue only: a waiter that was
				// woken comes back to its place. Start it afresh.
				q.Finish(w)
				q.Prepare(w, ex)
				c := shared
				if ex {
					c = exclusive
				}
				m.link(c, &modelEntry{id: id, ex: ex, key: w.Key, sticky: w.Sticky, action: -2})
			} else {
				same("wake by Prepare on a closed queue", w.p.Reset(), true)
			}
		case 9: // seldom, close
			if next()%16 != 0 {
				continue
			}
			log, m.log = nil, nil
			var owners []int
			for c := range classes {
				for _, e := range m.lists[c] {
					if e.action == -2 {
						owners = append(owners, e.id)
					} else {
						m.log = append(m.log, e.id)
					}
				}
			}
			q.Close(nil)
			m.closed = true
			m.lists = [classes][]*modelEntry{}
			say("close: %v %v", log, owners)
			same("visits", log, m.log)
			checkOwners(ws, m, owners, same)
		}
		same("Len", q.Len(), m.len())
		same("HasWaiters", q.HasWaiters(), m.len() > 0)
		if ds := q.Waiters(); len(ds) != m.len() {
			same("Waiters", len(ds), m.len())
		}
	}
	q.Close(nil)
	return transcript
}

// checkOwners takes the wakes of those that the model has woken.
func checkOwners(ws map[int]*Waiter, m *model, owners []int, same func(string, any, any)) {
	for id := range len(ws) {
		w := ws[id]
		if w.p == nil {
			continue
		}
		same(fmt.Sprintf("wake of %d", id), w.p.Reset(), slices.Contains(owners, id))
		if e, _, _ := m.find(id); e != nil {
			e.awake = false
		}
	}
}

func differences(transcript []string) (ds []string) {
	for _, l := range transcript {
		if len(l) > 10 && l[:10] == "DIFFERENCE" {
			ds = append(ds, l)
		}
	}
	return ds
}

func TestQ4Q28_RandomProgramsMatchTheModel(t *testing.T) {
	n := 10_000
	if raceEnabled || testing.Short() {
		n = 1000
	}
	for seed := range n {
		if tr := runProgram(randomProgram(uint64(seed), 120), false); len(differences(tr)) > 0 {
			for _, l := range tr {
				t.Log(l)
			}
			t.Fatalf("program %d differs from the model", seed)
		}
	}
}

func FuzzQueue(f *testing.F) {
	for seed := range 4 {
		f.Add(randomProgram(uint64(seed), 60))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 1000 {
			return
		}
		for _, debug := range []bool{false, true} {
			tr := runProgram(program, debug)
			if ds := differences(tr); len(ds) > 0 {
				t.Errorf("%q\n%s", ds, fmt.Sprint(tr))
			}
		}
	})
}

func TestQ39_TokensAreConserved(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			var q Queue
			if seed%2 == 1 {
				q.Init(sched.NewNoise(seed, 3), "q")
			}
			var x tokens
			var made, healthy, running atomic.Int64
			give := func(n int64) {
				made.Add(n)
				x.n.Add(n)
				q.WakeN(int(n))
			}
			for i := range uint64(12) {
				r := rand.New(rand.NewPCG(seed, i))
				running.Add(1)
				go func() {
					defer running.Add(-1)
					for range 30 {
						d := time.Duration(r.IntN(5)) * time.Millisecond
						switch r.IntN(6) {
						case 0:
							give(r.Int64N(3) + 1)
						case 1:
							ctx, cancel := context.WithCancel(bg)
							time.AfterFunc(d, cancel)
							q.WaitExclusive(ctx, x.take)
							cancel()
						case 2:
							q.WaitFor(d, x.take)
						case 3: // a low-level waiter that does not look before it leaves
							ctx, cancel := context.WithTimeout(bg, d)
							w := NewWaiter()
							if q.Prepare(w, true); x.take() || w.Park(ctx) == nil && x.take() {
								q.Finish(w)
							} else {
								q.Abort(w)
							}
							cancel()
						case 4:
							healthy.Add(1) // until it panics
							unwound(func() {
								n := 0
								q.WaitExclusive(bg, func() bool {
									if n++; n == 3 {
										panic(errCause)
									}
									return x.take()
								})
							})
							healthy.Add(-1)
						case 5:
							healthy.Add(1)
							if err := q.WaitExclusive(bg, x.take); err != nil {
								t.Error(err)
							}
							healthy.Add(-1)
						}
					}
				}()
			}
			for running.Load() > 0 {
				synctest.Wait() // at rest
				if left, asleep := x.n.Load(), healthy.Load(); left > 0 && asleep > 0 {
					t.Fatalf("program %d: %d tokens lie there and %d healthy waiters sleep", seed, left, asleep)
				}
				time.Sleep(time.Millisecond)
				if x.n.Load() == 0 {
					give(1)
				}
			}
			if m, got, left := made.Load(), x.taken.Load(), x.n.Load(); m != got+left {
				t.Errorf("program %d: %d tokens made, %d taken, %d left", seed, m, got, left)
			}
			if n := q.n.Peek(); n != 0 {
				t.Errorf("program %d: %d entries are left", seed, n)
			}
		})
	}
}
