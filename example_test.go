package floodgate_test

import (
	"context"
	"fmt"

	"github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/provider/deadlock"
	"github.com/floodgate-go/floodgate/provider/std"
	"github.com/floodgate-go/floodgate/provider/xsync"
)

// A mailbox has room for a few letters. Put waits for room, get for a letter.
type mailbox struct {
	room, letters floodgate.Semaphore
	lock          floodgate.RWLock
	list          []string
}

func newMailbox(p floodgate.Provider, n int) *mailbox {
	return &mailbox{
		room:    p.NewSemaphore("room", n),
		letters: p.NewSemaphore("letters", 0),
		lock:    p.NewRWLock("list"),
	}
}

func (m *mailbox) put(ctx context.Context, letter string) error {
	if err := m.room.Down(ctx); err != nil {
		return err // ctx has ended; nothing was taken
	}
	m.lock.Lock()
	m.list = append(m.list, letter)
	m.lock.Unlock()
	m.letters.Up()
	return nil
}

func (m *mailbox) get(ctx context.Context) (letter string, err error) {
	if err := m.letters.Down(ctx); err != nil {
		return "", err
	}
	m.lock.Lock()
	letter, m.list = m.list[0], m.list[1:]
	m.lock.Unlock()
	m.room.Up()
	return letter, nil
}

// The same program on four sets of locks.
func Example() {
	ctx := context.Background()
	for _, p := range []floodgate.Provider{
		floodgate.Default(), std.New(nil), xsync.New(nil), deadlock.New(nil),
	} {
		m := newMailbox(p, 2)
		go func() {
			for _, letter := range []string{"a", "b", "c", "d"} {
				_ = m.put(ctx, letter)
			}
		}()
		fmt.Printf("%-10s", p.Name())
		for range 4 {
			letter, _ := m.get(ctx)
			fmt.Print(letter, " ")
		}
		fmt.Printf("lacks %v\n", p.Lacks())
	}
	// Output:
	// floodgate a b c d lacks nothing
	// std       a b c d lacks fifo, queue
	// xsync     a b c d lacks queue
	// deadlock  a b c d lacks cancel, counting, fifo, queue
}

// Is the mailbox right in every schedule, also when somebody gives up? In a
// test this is explore.Test, which fails with the schedule that shows a fault.
func Example_everySchedule() {
	ctx := context.Background()
	r := explore.Explore(ctx, func(x *explore.Run) {
		m := newMailbox(x.Provider(), 1)
		x.Go("impatient", func() {
			if m.put(x.Context(), "hello") == nil { // ends when it hurts most
				_, _ = m.get(ctx)
			}
		})
		x.Go("patient", func() {
			_ = m.put(ctx, "hello")
			_, _ = m.get(ctx)
		})
	})
	fmt.Println("findings:", len(r.Findings))
	// Output:
	// findings: 0
}

// A careless put that looks at its context once more, and returns without
// giving the room back. The explorer finds the one who waits for it for ever.
func Example_lostPermit() {
	ctx := context.Background()
	careless := func(ctx context.Context, m *mailbox, letter string) error {
		if err := m.room.Down(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err // and the permit?
		}
		m.lock.Lock()
		m.list = append(m.list, letter)
		m.lock.Unlock()
		m.letters.Up()
		return nil
	}
	r := explore.Explore(ctx, func(x *explore.Run) {
		m := newMailbox(x.Provider(), 1)
		x.Go("impatient", func() {
			if careless(x.Context(), m, "hello") == nil {
				_, _ = m.get(ctx)
			}
		})
		x.Go("patient", func() {
			_ = careless(ctx, m, "hello")
			_, _ = m.get(ctx)
		})
	})
	for _, f := range r.Findings {
		fmt.Println(f.Kind)
	}
	// Output:
	// deadlock
}
