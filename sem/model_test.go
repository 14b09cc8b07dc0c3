package sem_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// A model is a semaphore as one would explain it: a count and a line of people.
type model struct {
	count  int
	limit  int // -1: none
	size   int
	closed bool
	line   []want
	held   int           // permits that those who were served have
	extra  int           // permits given on top of those that were taken
	done   map[int]error // who is through, and how
}

type want struct{ id, n int }

func (m *model) serve() {
	for len(m.line) > 0 && m.count >= m.line[0].n {
		m.count -= m.line[0].n
		m.held += m.line[0].n
		m.done[m.line[0].id] = nil
		m.line = m.line[1:]
	}
}

func (m *model) down(id, n int, ended bool) {
	switch {
	case m.closed:
		m.done[id] = sem.ErrClosed
	case m.limit >= 0 && n > m.limit:
		m.done[id] = sem.ErrNeverGranted
	case len(m.line) == 0 && m.count >= n:
		m.count -= n
		m.held += n
		m.done[id] = nil
	case ended:
		m.done[id] = context.Canceled
	default:
		m.line = append(m.line, want{id, n})
	}
}

func (m *model) leave(id int) {
	if i := slices.IndexFunc(m.line, func(w want) bool { return w.id == id }); i >= 0 {
		m.line = slices.Delete(m.line, i, i+1)
		m.done[id] = context.Canceled
		m.serve()
	}
}

func (m *model) up(n int) bool {
	if m.limit >= 0 && m.count+n > m.limit {
		return false
	}
	m.count += n
	m.serve()
	return true
}

func (m *model) resize(n int) {
	d := n - m.size
	m.size = n
	m.count += d
	if m.limit >= 0 {
		m.limit += d
	}
	m.serve()
	m.line = slices.DeleteFunc(m.line, func(w want) bool {
		if m.limit >= 0 && w.n > m.limit {
			m.done[w.id] = sem.ErrNeverGranted
			return true
		}
		return false
	})
	m.serve()
}

func (m *model) close() {
	m.closed = true
	for _, w := range m.line {
		m.done[w.id] = sem.ErrClosed
	}
	m.line = nil
}

func (m *model) visible() int {
	if m.closed || len(m.line) > 0 {
		return 0
	}
	return max(m.count, 0)
}

// A kind of semaphore that must behave as the model does, whatever watches it.
var kinds = []struct {
	name string
	make func(n int, opts ...sem.Option) *sem.Semaphore
}{
	{"plain", func(n int, opts ...sem.Option) *sem.Semaphore { return sem.New(n, opts...) }},
	{"tracked", func(n int, opts ...sem.Option) *sem.Semaphore { return sem.New(n, append(opts, sem.Track())...) }},
	{"watched", func(n int, opts ...sem.Option) *sem.Semaphore { return on(sched.NewNoise(7, 3), n, opts...) }},
	{"fine", func(n int, opts ...sem.Option) *sem.Semaphore { return on(new(gated), n, opts...) }},
	{"zero", func(n int, opts ...sem.Option) *sem.Semaphore {
		if len(opts) > 0 || n == 0 {
			return sem.New(n, opts...)
		}
		s := new(sem.Semaphore)
		s.UpN(n)
		s.Resize(n) // a zero value has size 0
		if !s.TryDownN(n) {
			panic("no permits")
		}
		return s
	}},
}

// play runs a program, two bytes an operation, on a semaphore and on the model,
// and compares after each operation. It runs in a bubble, so that after each
// operation everybody has gone as far as they can.
func play(t *testing.T, mk func(int, ...sem.Option) *sem.Semaphore, n, limit int, program []byte) {
	var opts []sem.Option
	m := &model{count: n, size: n, limit: limit, done: map[int]error{}}
	if limit >= 0 {
		opts = append(opts, sem.Limit(limit))
	}
	s := mk(n, opts...)
	type result struct {
		id  int
		err error
	}
	results := make(chan result, len(program)+1)
	cancels := map[int]context.CancelFunc{}
	defer func() {
		for _, cancel := range cancels {
			cancel()
		}
	}()
	got := map[int]error{}
	initial, resized := n, 0
	for i := 0; i+1 < len(program); i += 2 {
		op, arg := program[i]%9, int(program[i+1])
		what := ""
		switch op {
		case 0, 1, 2: // down
			n := 1
			if op == 2 {
				n = arg%4 + 1
			}
			ctx, cancel := context.WithCancel(background)
			cancels[i] = cancel
			ended := arg >= 224
			if ended {
				cancel()
			}
			what = fmt.Sprintf("down %d by %d, ended %t", n, i, ended)
			m.down(i, n, ended)
			go func() { results <- result{i, s.DownN(ctx, n)} }()
		case 3: // cancel one of those that wait, or nobody
			if len(m.line) > 0 {
				id := m.line[arg%len(m.line)].id
				what = fmt.Sprintf("cancel %d", id)
				m.leave(id)
				cancels[id]()
			}
		case 4, 5, 6: // up
			n := 1
			if op == 6 {
				n = arg%4 + 1
			}
			what = fmt.Sprintf("up %d", n)
			ok := m.up(n)
			if ok {
				m.extra += n
			}
			func() {
				defer func() {
					e, _ := recover().(*sem.MisuseError)
					if (e == nil) != ok || e != nil && !errors.Is(e, sem.ErrOverRelease) {
						t.Fatalf("%s: panic %v, want success %t", what, e, ok)
					}
				}()
				s.UpN(n)
			}()
		case 7: // trydown
			n := arg%3 + 1
			ok := m.visible() >= n
			if ok {
				m.count -= n
				m.held += n
			}
			what = fmt.Sprintf("trydown %d", n)
			if s.TryDownN(n) != ok {
				t.Fatalf("%s, want %t", what, ok)
			}
		case 8:
			switch {
			case arg == 255:
				what = "close"
				m.close()
				s.Close()
			default:
				what = fmt.Sprintf("resize %d", arg%8)
				resized += arg%8 - m.size
				m.resize(arg % 8)
				s.Resize(arg % 8)
			}
		}
		synctest.Wait()
		for len(results) > 0 {
			r := <-results
			got[r.id] = r.err
		}
		if len(got) != len(m.done) {
			t.Fatalf("after %s (operation %d): %v are through, want %v", what, i/2, got, m.done)
		}
		for id, want := range m.done {
			if err, ok := got[id]; !ok || !errors.Is(err, want) {
				t.Fatalf("after %s (operation %d): %d got %v, want %v", what, i/2, id, err, want)
			}
		}
		if s.Count() != m.visible() || s.Waiters() != len(m.line) {
			t.Fatalf("after %s (operation %d): count %d, %d waiting, want %d, %d",
				what, i/2, s.Count(), s.Waiters(), m.visible(), len(m.line))
		}
		if m.count+m.held != initial+resized+m.extra {
			t.Fatalf("after %s (operation %d): the model has lost a permit", what, i/2)
		}
	}
	m.close()
	s.Close()
	synctest.Wait()
}

func TestS2_ConservationAgainstAModel(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			for range rounds {
				program := make([]byte, 2*(5+rnd.IntN(40)))
				for i := range program {
					program[i] = byte(rnd.UintN(256))
				}
				n, limit := rnd.IntN(4), rnd.IntN(7)
				if limit < n {
					limit = -1
				}
				synctest.Test(t, func(t *testing.T) { play(t, k.make, n, limit, program) })
				if t.Failed() {
					t.Fatalf("n = %d, limit = %d, program % x", n, limit, program)
				}
			}
		})
	}
}

// TestG14_WatchingChangesNothing: what tracks or watches a semaphore leaves its
// behaviour alone. All kinds meet the same model on the same programs in
// TestS2; here the strict one, whose callers must say who they are.
func TestG14_WatchingChangesNothing(t *testing.T) {
	owners := make([]*sched.Task, 8)
	for i := range owners {
		owners[i] = task("t")
	}
	run := func(s *sem.Semaphore, strict bool, seed uint64) (trace []string) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		holds := map[int]bool{}
		for range 60 {
			i := rnd.IntN(len(owners))
			if holds[i] {
				delete(holds, i)
				if strict {
					s.As(owners[i]).Up()
				} else {
					s.Up()
				}
				trace = append(trace, fmt.Sprint(i, " up ", s.Count()))
				continue
			}
			var ok bool
			if rnd.IntN(2) == 0 {
				ok = s.As(owners[i]).TryDown()
			} else {
				ended, cancel := context.WithCancel(owners[i].Context())
				cancel()
				ok = s.Down(ended) == nil
			}
			if ok {
				holds[i] = true
			}
			trace = append(trace, fmt.Sprint(i, " down ", ok, s.Count()))
		}
		return trace
	}
	for seed := range uint64(20) {
		plain := run(sem.New(3), false, seed)
		for name, s := range map[string]*sem.Semaphore{
			"tracked": sem.New(3, sem.Track()),
			"strict":  sem.New(3, sem.Strict()),
			"limited": sem.New(3, sem.Limit(3)),
		} {
			if got := run(s, name == "strict", seed); !slices.Equal(got, plain) {
				t.Errorf("%s differs:\n%v\n%v", name, got, plain)
			}
		}
	}
}

// In the lock, at each of its releases, waiters and permits exclude each other.
func TestS3_WaitersExcludePermits(t *testing.T) {
	g := new(gated)
	s := on(g, 2)
	waited := 0
	g.onStep(func(op sched.Op) {
		if op.Kind != sched.Unlock {
			return
		}
		free, wanted := sem.StateUnderLock(s)
		if wanted > 0 {
			waited++
			if free >= wanted {
				t.Errorf("%d permits are there, and the first waiter wants %d", free, wanted)
			}
		}
	})
	done := make(chan bool)
	for i := range 6 {
		go func() {
			for j := range 200 {
				ctx, cancel := context.WithCancel(background)
				if (i+j)%3 == 0 {
					go cancel()
				}
				if s.DownN(ctx, 1+j%2) == nil {
					runtime.Gosched()
					s.UpN(1 + j%2)
				}
				cancel()
			}
			done <- true
		}()
	}
	for range 6 {
		<-done
	}
	g.onStep(nil)
	if waited == 0 {
		t.Error("nobody ever waited")
	}
	if s.Count() != 2 {
		t.Errorf("count %d, want 2", s.Count())
	}
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(byte(0), byte(0), byte(1), []byte{0, 0, 0, 0, 4, 0, 3, 0, 4, 0})
	f.Add(byte(1), byte(3), byte(3), []byte{2, 2, 0, 1, 4, 0, 4, 0, 3, 0, 6, 3})
	f.Add(byte(2), byte(2), byte(2), []byte{8, 0, 0, 0, 4, 0, 8, 5, 7, 1})
	f.Add(byte(3), byte(1), byte(0), []byte{2, 3, 1, 0, 1, 255, 8, 255, 4, 0, 0, 0})
	f.Add(byte(4), byte(2), byte(6), []byte{7, 1, 2, 3, 0, 0, 3, 0, 5, 0, 5, 0})
	f.Fuzz(func(t *testing.T, kind, n, limit byte, program []byte) {
		if len(program) > 200 {
			t.Skip()
		}
		count, lim := int(n%5), int(limit%8)
		if lim < count {
			lim = -1
		}
		synctest.Test(t, func(t *testing.T) {
			play(t, kinds[int(kind)%len(kinds)].make, count, lim, program)
		})
	})
}
