package sem_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

func TestS14_LastHolder(t *testing.T) {
	s := sem.New(1, sem.Track())
	ls, rm := task("ls"), task("rm")
	expect := func(when string, want *sched.Task) {
		t.Helper()
		h, ok := s.LastHolder()
		if ok != (want != nil) || ok && (!h.Task.Is(want) || h.N != 1 || h.Since.IsZero()) {
			t.Errorf("%s: last holder %v, %t, want %v", when, h, ok, want)
		}
	}
	expect("at first", nil)
	must(t, s.Down(ls.Context()))
	expect("after Down by ls", ls)
	s.As(ls).Up()
	expect("after Up by ls", nil)
	must(t, s.As(rm).Down(background))
	expect("after Down as rm", rm)
	s.As(ls).Up()
	expect("after Up by somebody else", rm)
	if !s.As(ls).TryDown() {
		t.Fatal("no permit")
	}
	expect("after TryDown by ls", ls)
	s.Up()
	expect("after Up by nobody", ls)
	must(t, s.Down(rm.WithContext(background).Context()))
	s.As(rm).Up() // the same task by another name
	expect("after Up by the task itself", nil)

	must(t, s.Down(ls.Context()))
	got := start(func() error { return s.Down(rm.Context()) })
	queued(t, s, 1)
	s.As(ls).Up()
	expect("after a hand-off", rm) // also before rm has run
	must(t, <-got)
	s.As(rm).HandOver(ls)
	expect("after HandOver", ls)

	plain := sem.New(1)
	must(t, plain.Down(ls.Context()))
	if h, ok := plain.LastHolder(); ok {
		t.Errorf("without Track the last holder is %v", h)
	}
}

func TestS14_LastHolderIsFreeOfRaces(t *testing.T) {
	s := sem.New(1, sem.Track())
	var wg sync.WaitGroup
	for range 4 {
		me := task("worker")
		wg.Go(func() {
			for range 200 {
				_ = s.Down(me.Context())
				if h, ok := s.LastHolder(); !ok || !h.Task.Is(me) {
					t.Errorf("I hold it, but the last holder is %v", h.Task)
				}
				s.As(me).Up()
				s.LastHolder()
			}
		})
	}
	wg.Wait()
}

func TestS15_Strict(t *testing.T) {
	s := sem.New(2, sem.Strict(), sem.Named("i_sem"))
	ls, rm := task("ls"), task("rm")
	is := func(e *sem.MisuseError, want error) {
		t.Helper()
		if !errors.Is(e, want) || !strings.Contains(e.Error(), "i_sem") {
			t.Errorf("panic %q, want %q", e, want)
		}
	}
	must(t, s.Down(ls.Context()))
	is(panics(t, func() { _ = s.Down(ls.Context()) }), sem.ErrRecursive)
	is(panics(t, func() { s.As(ls).TryDown() }), sem.ErrRecursive)
	is(panics(t, func() { _ = s.As(ls).DownFor(time.Hour) }), sem.ErrRecursive)
	if e := panics(t, func() { s.As(rm).Up() }); !errors.Is(e, sem.ErrForeign) || !e.Held.Is(ls) || !e.Task.Is(rm) {
		t.Errorf("panic %q, want a foreign Up by rm, held by ls", e)
	}
	is(panics(t, s.Up), sem.ErrNoTask)
	is(panics(t, func() { _ = s.Down(background) }), sem.ErrNoTask)
	is(panics(t, func() { s.TryDown() }), sem.ErrNoTask)
	is(panics(t, func() { s.As(ls).UpN(2) }), sem.ErrForeign)
	if s.Count() != 1 || s.Waiters() != 0 {
		t.Errorf("count %d, %d waiting after the misuses, want 1, 0", s.Count(), s.Waiters())
	}
	if h := s.Holders(); len(h) != 1 || !h[0].Task.Is(ls) {
		t.Errorf("holders %v, want ls", h)
	}

	// A permit may leave the task by way of HandOver.
	is(panics(t, func() { s.As(rm).HandOver(ls) }), sem.ErrForeign)
	is(panics(t, func() { s.As(ls).HandOver(nil) }), sem.ErrNoTask)
	is(panics(t, func() { s.As(ls).HandOver(ls) }), sem.ErrRecursive)
	s.As(ls).HandOver(rm)
	is(panics(t, func() { s.As(ls).Up() }), sem.ErrForeign)
	s.As(rm).Up()
	if s.Count() != 2 || len(s.Holders()) != 0 {
		t.Errorf("count %d, holders %v, want 2 and none", s.Count(), s.Holders())
	}

	// Several permits are given back as they were taken, or bit by bit.
	must(t, s.As(ls).DownN(background, 2))
	s.As(ls).Up()
	is(panics(t, func() { s.As(ls).UpN(2) }), sem.ErrForeign)
	s.As(ls).Up()
	if s.Count() != 2 {
		t.Errorf("count %d, want 2", s.Count())
	}
}

func TestS15_StrictHandOffNamesTheWaiter(t *testing.T) {
	s := sem.New(1, sem.Strict())
	ls, rm := task("ls"), task("rm")
	must(t, s.Down(ls.Context()))
	got := start(func() error { return s.Down(rm.Context()) })
	queued(t, s, 1)
	s.As(ls).Up()
	panics(t, func() { s.As(ls).Up() }) // it is rm's now, whether rm has run or not
	must(t, <-got)
	s.As(rm).Up()
}

func TestS21_DumpNamesSiteAndAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sem.New(1, sem.Track(), sem.Named("i_sem"))
		ls, rm := task("ls"), task("rm")
		must(t, s.Down(ls.Context()))
		got := start(func() error { return downFromHere(s, rm) })
		synctest.Wait()
		time.Sleep(90 * time.Second)
		other := start(func() error { return s.As(rm).DownN(background, 3) })
		synctest.Wait()

		d := s.Dump()
		if d.Name != "i_sem" || d.Count != 0 || d.Closed || d.Last == nil || !d.Last.Task.Is(ls) || len(d.Waiters) != 2 {
			t.Fatalf("dump %+v", d)
		}
		w := d.Waiters[0]
		if !w.Task.Is(rm) || w.Age != 90*time.Second || !strings.Contains(w.Site, "downFromHere") || !strings.Contains(w.Site, "holder_test.go:") {
			t.Errorf("first waiter %+v, want rm, 90 s, downFromHere", w)
		}
		if w := d.Waiters[1]; !w.Task.Is(rm) || w.Age != 0 || w.N != 3 || !strings.Contains(w.Site, "DumpNamesSiteAndAge") {
			t.Errorf("second waiter %+v, want rm, now, this test", w)
		}
		text := d.String()
		for _, want := range []string{"i_sem: count 0, 2 waiting, last held by ls/", "1. rm/", "since 1m30s at ", "for 3 permits"} {
			if !strings.Contains(text, want) {
				t.Errorf("the dump lacks %q:\n%s", want, text)
			}
		}
		s.Close()
		if err := <-got; err != sem.ErrClosed {
			t.Errorf("Down = %v, want ErrClosed", err)
		}
		<-other
		if text := s.Dump().String(); !strings.Contains(text, "0 waiting, closed") {
			t.Errorf("closed: %s", text)
		}
	})
}

//go:noinline
func downFromHere(s *sem.Semaphore, t *sched.Task) error { return s.Down(t.Context()) }

func TestS21_DumpWithoutTrack(t *testing.T) {
	var s sem.Semaphore
	rm := task("rm")
	got := start(func() error { return s.Down(rm.Context()) })
	queued(t, &s, 1)
	if d := s.Dump(); len(d.Waiters) != 1 || !d.Waiters[0].Task.Is(rm) || d.Waiters[0].Site != "" {
		t.Errorf("dump %+v, want rm, without a site", d)
	}
	if text := s.Dump().String(); !strings.Contains(text, "semaphore: count 0, 1 waiting\n  1. rm/") {
		t.Errorf("dump %q", text)
	}
	s.Up()
	must(t, <-got)
}
