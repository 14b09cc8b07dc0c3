package sem_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// eachRW runs f on an RW of plain goroutines, on one that is watched, and on
// one whose insides are.
func eachRW(t *testing.T, f func(t *testing.T, l *sem.RW)) {
	for name, s := range map[string]sched.Scheduler{"plain": nil, "watched": sched.NewNoise(3, 3), "fine": new(gated)} {
		t.Run(name, func(t *testing.T) {
			l := new(sem.RW)
			l.Init(s, "rw")
			f(t, l)
			if n, w := l.Readers(); n != 0 || w || l.Waiters() != 0 {
				t.Errorf("at the end %d readers, writer %t, %d waiting", n, w, l.Waiters())
			}
		})
	}
}

func TestRWExcludes(t *testing.T) {
	eachRW(t, func(t *testing.T, l *sem.RW) {
		a, b := 0, 0 // plain: the race detector looks on
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 200 {
					switch (i*3 + j) % 6 {
					case 0:
						must(t, l.DownWrite(background))
						a++
						runtime.Gosched()
						b++
						l.UpWrite()
					case 1:
						if l.TryDownWrite() {
							a++
							b++
							l.Downgrade()
							if a != b {
								t.Errorf("%d and %d after Downgrade", a, b)
							}
							l.UpRead()
						}
					case 2:
						ctx, cancel := context.WithCancel(background)
						go cancel()
						if l.DownWrite(ctx) == nil {
							a++
							b++
							l.UpWrite()
						}
					case 3:
						if l.TryDownRead() {
							if a != b {
								t.Errorf("a reader saw %d and %d", a, b)
							}
							l.UpRead()
						}
					default:
						must(t, l.DownRead(background))
						if a != b {
							t.Errorf("a reader saw %d and %d", a, b)
						}
						l.UpRead()
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestRWReadersAreInTogether(t *testing.T) {
	eachRW(t, func(t *testing.T, l *sem.RW) {
		const n = 5
		for range n {
			must(t, l.DownRead(background))
		}
		if got, w := l.Readers(); got != n || w {
			t.Errorf("%d readers, writer %t, want %d", got, w, n)
		}
		if l.TryDownWrite() {
			t.Error("a writer among readers")
		}
		for range n {
			l.UpRead()
		}
		must(t, l.DownWrite(background))
		if l.TryDownRead() || l.TryDownWrite() {
			t.Error("somebody beside a writer")
		}
		l.UpWrite()
	})
}

// Who comes first goes first; readers that stand together go together.
func TestRWServesInOrder(t *testing.T) {
	eachRW(t, func(t *testing.T, l *sem.RW) {
		must(t, l.DownWrite(background))
		served := make(chan string, 10)
		var waiters []<-chan error
		for i, who := range []string{"r1", "r2", "w1", "r3", "r4", "w2"} {
			waiters = append(waiters, start(func() error {
				var err error
				if who[0] == 'r' {
					err = l.DownRead(background)
				} else {
					err = l.DownWrite(background)
				}
				served <- who
				return err
			}))
			queued(t, l, i+1)
		}
		next := func(want ...string) {
			t.Helper()
			var got []string
			for range want {
				got = append(got, <-served)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("served %v, want %v", got, want)
			}
			select {
			case who := <-served:
				t.Errorf("%s was served, too", who)
			default:
			}
		}
		l.UpWrite()
		next("r1", "r2")
		if l.TryDownRead() {
			t.Error("a reader has passed a writer")
		}
		l.UpRead()
		l.UpRead()
		next("w1")
		l.UpWrite()
		next("r3", "r4")
		l.UpRead()
		l.UpRead()
		next("w2")
		l.UpWrite()
		for _, w := range waiters {
			must(t, <-w)
		}
	})
}

func TestRWDowngradeLetsReadersInAndNobodyElse(t *testing.T) {
	eachRW(t, func(t *testing.T, l *sem.RW) {
		must(t, l.DownWrite(background))
		r := start(func() error { return l.DownRead(background) })
		queued(t, l, 1)
		w := start(func() error { return l.DownWrite(background) })
		queued(t, l, 2)
		late := start(func() error { return l.DownRead(background) })
		queued(t, l, 3)
		l.Downgrade()
		must(t, prompt(t, "the reader", r))
		if n, write := l.Readers(); n != 2 || write || l.Waiters() != 2 {
			t.Errorf("%d readers, writer %t, %d waiting, want 2, false, 2", n, write, l.Waiters())
		}
		l.UpRead()
		l.UpRead()
		must(t, prompt(t, "the writer", w))
		l.UpWrite()
		must(t, prompt(t, "the late reader", late))
		l.UpRead()
	})
}

// A writer that leaves lets the readers in that stood behind it.
func TestRWCancelledWriterIsNotInTheWay(t *testing.T) {
	eachRW(t, func(t *testing.T, l *sem.RW) {
		must(t, l.DownRead(background))
		ctx, cancel := context.WithCancel(background)
		w := start(func() error { return l.DownWrite(ctx) })
		queued(t, l, 1)
		r := start(func() error { return l.DownRead(background) })
		queued(t, l, 2)
		cancel()
		if err := prompt(t, "the writer", w); !errors.Is(err, context.Canceled) {
			t.Errorf("DownWrite = %v, want canceled", err)
		}
		must(t, prompt(t, "the reader", r))
		l.UpRead()
		l.UpRead()
		must(t, l.DownWrite(ctx)) // a lock that is free is taken
		if err := l.DownRead(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("DownRead = %v, want canceled", err)
		}
		l.UpWrite()
	})
}

func TestRWCancelAgainstHandOff(t *testing.T) {
	g := new(gated)
	l := new(sem.RW)
	l.Init(g, "rw")
	must(t, l.DownWrite(background))
	ctx, cancel := context.WithCancel(background)
	got := start(func() error { return l.DownWrite(ctx) })
	queued(t, l, 1)
	h := g.hold(sched.Lock, "mu")
	cancel()
	<-h.reached // the cancelled waiter wants the lock
	l.UpWrite()
	h.release()
	must(t, prompt(t, "the writer", got))
	l.UpWrite()
}

func TestRWWakesHappenOutsideTheLock(t *testing.T) {
	g := new(gated)
	l := new(sem.RW)
	l.Init(g, "rw")
	must(t, l.DownWrite(background))
	ctx, cancel := context.WithCancel(background)
	got := start(func() error { return l.DownRead(ctx) })
	queued(t, l, 1)
	h := g.hold(sched.Unpark, "waiter")
	up := start(func() error { l.UpWrite(); return nil })
	<-h.reached
	if l.TryDownWrite() {
		t.Error("a writer has passed the reader that was let in")
	}
	cancel()
	must(t, prompt(t, "the reader", got)) // it is in, whatever its context says
	h.release()
	must(t, <-up)
	l.UpRead()
}

func TestRWMisuse(t *testing.T) {
	eachRW(t, func(t *testing.T, l *sem.RW) {
		is := func(op string, f func()) {
			t.Helper()
			if e := panics(t, f); !errors.Is(e, sem.ErrNotHeld) || e.Op != op || e.Name != "rw" || !strings.Contains(e.Error(), op+" of rw") {
				t.Errorf("%s panics with %q", op, e)
			}
		}
		is("UpRead", l.UpRead)
		is("UpWrite", l.UpWrite)
		is("Downgrade", l.Downgrade)
		must(t, l.DownRead(background))
		is("UpWrite", l.UpWrite)
		is("Downgrade", l.Downgrade)
		l.UpRead()
		must(t, l.DownWrite(background))
		is("UpRead", l.UpRead)
		l.UpWrite()
		panics(t, func() { l.Init(nil, "again") })
	})
}

func TestRWDump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l sem.RW
		must(t, l.DownWrite(background))
		ls := task("ls")
		r := start(func() error { return l.DownRead(ls.Context()) })
		synctest.Wait()
		w := start(func() error { return l.DownWrite(background) })
		synctest.Wait()
		d := l.Dump()
		if d.Count != -1 || len(d.Waiters) != 2 || d.Waiters[0].Mode != "read" || !d.Waiters[0].Task.Is(ls) || d.Waiters[1].Mode != "write" {
			t.Errorf("dump %+v", d)
		}
		if text := d.String(); !strings.Contains(text, "waits to read") || !strings.Contains(text, "waits to write") {
			t.Errorf("dump %s", text)
		}
		l.UpWrite()
		must(t, <-r)
		l.UpRead()
		must(t, <-w)
		l.UpWrite()
		if d := l.Dump(); d.Count != 0 || len(d.Waiters) != 0 {
			t.Errorf("dump %+v", d)
		}
	})
}
