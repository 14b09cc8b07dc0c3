package refcount_test

import (
	"errors"
	"fmt"
	"sync"

	"github.com/floodgate-go/floodgate/refcount"
)

// A struct that several goroutines share is released by whoever drops the last
// reference.
func Example() {
	type session struct{ user string }
	s := refcount.NewShared(nil, "session", session{"anna"}, func(s *session) {
		fmt.Println("log out", s.user)
	})

	var wg sync.WaitGroup
	for range 3 {
		s.Get() // before the goroutine has it, not in it
		wg.Go(func() {
			defer s.Put()
			_ = s.Value().user
		})
	}
	wg.Wait()
	fmt.Println("references:", s.Count())
	s.Put()
	// Output:
	// references: 1
	// log out anna
}

// A stale pointer to a struct on somebody's stack, as in the look-up of 2003.
func ExampleFrame() {
	defer refcount.CheckLives(refcount.CheckLives(true))
	defer refcount.SetHandler(func(fault error) {
		var e *refcount.UseAfterEnd
		if errors.As(fault, &e) {
			fmt.Println(e.Kind, e.Name, e.Verb, "after its end")
		}
	})()

	type info struct{ queue []string }
	var published refcount.Life[info]
	lookup := func() {
		frame := refcount.NewFrame(nil, "lookup_info", info{})
		defer frame.End()
		published = frame // and never cleared
	}
	lookup()
	published.Value().queue = nil // a sleeper unlinks itself
	// Output:
	// frame lookup_info touched after its end
}

// An object in a table. The last put removes it, and excludes look-ups while it
// does.
func ExampleRef_PutLock() {
	type conn struct {
		refs refcount.Ref
		name string
	}
	var mu sync.Mutex
	table := map[string]*conn{}

	put := func(c *conn) {
		c.refs.PutLock(&mu, func() {
			delete(table, c.name)
			mu.Unlock()
			fmt.Println("close", c.name)
		})
	}
	lookup := func(name string) *conn {
		mu.Lock()
		defer mu.Unlock()
		c := table[name]
		if c != nil {
			c.refs.Get()
		}
		return c
	}

	c := &conn{name: "db"}
	c.refs.Init(nil, "conn db")
	table["db"] = c

	user := lookup("db")
	put(c)
	fmt.Println("still there:", lookup("db") == user)
	put(user)
	put(user)
	fmt.Println("gone:", lookup("db") == nil)
	// Output:
	// still there: true
	// close db
	// gone: true
}

// Requests in flight: cheap to count from every processor, and the end comes
// when somebody decides on it.
func ExampleSharded() {
	drained := make(chan struct{})
	inflight := refcount.NewSharded(nil, "requests", func() { close(drained) }, 0)

	request := func() bool {
		if !inflight.TryGetLive() {
			return false // shutting down
		}
		defer inflight.Put()
		return true
	}
	fmt.Println(request())
	inflight.Kill()
	<-drained
	fmt.Println(request())
	// Output:
	// true
	// false
}

// Who has forgotten to drop a reference?
func ExampleDir() {
	dir := refcount.NewDir("buffer", 0)
	buf := refcount.NewShared(nil, "buffer", make([]byte, 16), nil)
	first := buf.Track(dir)
	submit := func(fail bool) error {
		held := buf.GetTracked()
		if fail {
			return errors.New("queue full") // held is forgotten
		}
		buf.PutTracked(held)
		return nil
	}
	submit(false)
	submit(true)
	buf.PutTracked(first)

	var leak *refcount.LeakError
	if errors.As(dir.Exit(), &leak) {
		fmt.Println("leaked:", leak.Tracked)
	}
	// Output:
	// leaked: 1
}

// A counter that goes wrong leaks, and says so.
func ExampleCount() {
	defer refcount.SetHandler(func(fault error) {
		var f *refcount.Fault
		if errors.As(fault, &f) {
			fmt.Println(f.Op, "at", f.Old, "is", f.Kind)
		}
	})()
	var c refcount.Count
	c.Init(nil, "users", 1)
	fmt.Println("last:", c.DecAndTest())
	fmt.Println("last:", c.DecAndTest()) // one too many
	c.Inc()
	fmt.Println("saturated:", c.Read() == refcount.Saturated)
	// Output:
	// last: true
	// DecAndTest at 0 is SUB_UAF
	// last: false
	// Inc at -1073741824 is ADD_OVF
	// saturated: true
}

// A cache keeps weak handles, so that an entry ends with its last user.
func ExampleWeak() {
	page := refcount.NewShared(nil, "page 7", "contents", nil)
	cache := map[int]refcount.Weak[string]{7: page.Weak()}

	if p := cache[7].TryGet(); p != nil {
		fmt.Println(*p.Value())
		p.Put()
	}
	page.Put()
	fmt.Println(cache[7].TryGet() == nil)
	// Output:
	// contents
	// true
}

// A handle is good for one use; the memory is used again.
func ExamplePool() {
	defer refcount.SetHandler(func(error) { fmt.Println("stale handle") })()
	pool := refcount.NewPool(nil, "waiter", func(n *int) { *n = 0 })
	h := pool.Get()
	*h.Value() = 1
	pool.Put(h)
	h.Value()
	// Output:
	// stale handle
}
