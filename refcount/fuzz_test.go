package refcount

import (
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// FuzzCount runs a program of operations on a counter and on the model of the
// kernel's. The first two bytes choose where it starts, the others are pairs of
// an operation and an amount.
func FuzzCount(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 5, 0, 5, 0, 0, 0})
	f.Add([]byte{1, 2, 0, 0, 0, 0, 0, 0, 7, 0, 9, 0})
	f.Add([]byte{2, 0, 2, 0, 3, 9, 10, 0, 8, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) < 2 {
			return
		}
		start := int64(program[1])
		switch program[0] % 3 {
		case 1:
			start = Max - start
		case 2:
			start = Saturated + start
		}
		r := new(taker)
		var c Count
		c.Init(r, "c", 1)
		poke(&c, start)
		m := model{v: int32(start)}
		for p := program[2:]; len(p) >= 2; p = p[2:] {
			k := call{op: calls[int(p[0])%len(calls)], n: 1 + int(p[1]), limit: Max - 100}
			if p[1] >= 128 {
				k.n = Max - int(p[1]-128)
			}
			got, want := k.do(&c), k.model(&m)
			if got != want || c.Peek() != int(m.v) || !sameKinds(r.take(), m.fault) {
				t.Fatalf("%v: result %d, value %d; want %d, %d, %v", k, got, c.Peek(), want, m.v, m.fault)
			}
		}
	})
}

// FuzzSharded runs a program of operations on a sharded counter and on an
// integer.
func FuzzSharded(f *testing.F) {
	f.Add([]byte("ggpkppr"))
	f.Add([]byte("gppk"))
	f.Add([]byte("agsgkpprtl"))
	f.Add([]byte("kRgpkRsk"))
	f.Add([]byte("pkgtpR"))
	f.Fuzz(func(t *testing.T, program []byte) {
		for _, s := range []sched.Scheduler{dropper{}, &recorder{fine: true}} {
			shardedProgram(t, s, program)
		}
		defer SetHandler(func(error) {})()
		shardedProgram(t, nil, program)
	})
}

func shardedProgram(t *testing.T, s sched.Scheduler, program []byte) {
	r := newCounted(s, 0)
	n, live, leaked, releases := 1, true, false, int64(0)
	for i, op := range program {
		if n > 1000 {
			return
		}
		got, want := false, false
		switch op {
		case 'g':
			r.Get()
			switch {
			case leaked:
			case !live && n == 0:
				leaked = true
			default:
				n++
			}
		case 't':
			got = r.TryGet()
			if want = leaked || live || n > 0; want && !leaked {
				n++
			}
		case 'l':
			got = r.TryGetLive()
			if want = live; want {
				n++
			}
		case 'p':
			got = r.Put()
			switch {
			case leaked:
			case live:
				n--
			case n == 0:
				leaked = true
			default:
				n--
				want = n == 0
				releases += truth(want)
			}
		case 'k':
			ok := try(r.Kill)
			got, want = ok, live && !leaked
			if !live || leaked {
				break
			}
			live = false
			if n <= 0 {
				leaked = true
				break
			}
			n--
			releases += truth(n == 0)
		case 'r', 'R':
			revive := r.Resurrect
			want = !live && !leaked
			if op == 'R' {
				revive = r.Reinit
				want = want && n == 0
			}
			if got = try(revive); want {
				live = true
				n++
			}
		case 'a':
			r.SwitchToAtomic()
			if live && n <= 0 {
				leaked, live = true, false
			}
		case 's':
			r.SwitchToSharded()
		}
		if got != want || r.releases.Load() != releases {
			t.Fatalf("%q at %d: %v, want %v; %d releases, want %d", program, i, got, want, r.releases.Load(), releases)
		}
		if r.IsDying() == live || r.IsZero() != (!live && !leaked && n == 0) {
			t.Fatalf("%q at %d: dying %v, zero %v", program, i, r.IsDying(), r.IsZero())
		}
		if !leaked && r.sum() != int64(n) {
			t.Fatalf("%q at %d: sum %d, want %d", program, i, r.sum(), n)
		}
	}
}

// try reports whether f did not panic with a StateError.
func try(f func()) (ok bool) {
	defer func() {
		if e := recover(); e != nil {
			if _, is := e.(*StateError); !is {
				panic(e)
			}
			ok = false
		}
	}()
	f()
	return true
}

// FuzzShared runs a program of operations on a struct with a life time: it must
// be released once, when the model says so, and each use after that must be
// reported, and none before.
func FuzzShared(f *testing.F) {
	f.Add([]byte("gvpvpv"))
	f.Add([]byte("tppgv"))
	f.Add([]byte("GGPPPPp"))
	f.Fuzz(func(t *testing.T, program []byte) {
		for _, fine := range []bool{false, true} {
			sharedProgram(t, &recorder{fine: fine}, program)
		}
	})
}

func sharedProgram(t *testing.T, s *recorder, program []byte) {
	released := 0
	x := NewShared(s, "x", 0, func(*int) { released++ })
	d := NewDir("x", 0)
	toks := []*Tracker{x.Track(d)} // live tokens
	plain, ended := 0, false
	for i, op := range program {
		reports := 0
		switch op {
		case 'v':
			x.Value()
			reports = int(truth(ended))
		case 'g':
			x.Get()
			if ended {
				reports = 1
			} else {
				plain++
			}
		case 't':
			if x.TryGet() != !ended {
				t.Fatalf("%q at %d: TryGet", program, i)
			}
			if !ended {
				plain++
			}
		case 'G':
			if ended {
				continue
			}
			toks = append(toks, x.GetTracked())
		case 'p', 'P':
			last := false
			switch {
			case op == 'p' && (plain > 0 || ended):
				last = x.Put()
				if ended {
					reports = 1
				} else {
					plain--
				}
			case op == 'P' && len(toks) > 0:
				last = x.PutTracked(toks[0])
				toks = toks[1:]
			default:
				continue
			}
			want := !ended && plain+len(toks) == 0
			if last != want {
				t.Fatalf("%q at %d: released %v, want %v", program, i, last, want)
			}
			ended = ended || last
		default:
			continue
		}
		if ended && reports == 1 {
			// A Get or Put after the end saturates the count.
			if op == 'g' || op == 'p' {
				if list := s.take(); len(list) != 1 {
					t.Fatalf("%q at %d: reports %v", program, i, list)
				}
				return
			}
		}
		if list := s.take(); len(list) != reports {
			t.Fatalf("%q at %d: reports %v, want %d", program, i, list, reports)
		}
		if released != int(truth(ended)) || x.Alive() == ended || len(d.live) != len(toks) || d.untracked != plain {
			t.Fatalf("%q at %d: released %d, alive %v, %d tokens, %d untracked", program, i, released, x.Alive(), len(d.live), d.untracked)
		}
	}
}
