package waitq

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

func TestSmoke(t *testing.T) {
	var q Queue
	var n atomic.Int64
	const N = 50
	done := make(chan error, N)
	for range N {
		go func() {
			done <- q.WaitExclusive(context.Background(), func() bool {
				for {
					v := n.Load()
					if v == 0 {
						return false
					}
					if n.CompareAndSwap(v, v-1) {
						return true
					}
				}
			})
		}()
	}
	for range N {
		n.Add(1)
		q.Wake()
	}
	for range N {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("stuck")
		}
	}
	if q.Len() != 0 {
		t.Fatal(q.Len())
	}
	if _, ok := q.WaitFor(time.Millisecond, func() bool { return false }); ok {
		t.Fatal("ok")
	}
	w := NewWaiter()
	q.Prepare(w, true)
	q.Wake()
	if err := w.Park(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !q.Finish(w) {
		t.Fatal("not woken")
	}
	s := &Waiter{Sticky: true}
	q.Prepare(s, false)
	q.WakeAll()
	if q.Len() != 1 {
		t.Fatal("not sticky")
	}
	s.Park(context.Background())
	if !q.Remove(s) {
		t.Fatal("gone")
	}
}
