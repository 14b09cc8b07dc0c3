package sem_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// At most three work at a time.
func Example() {
	limit := sem.New(3)
	var wg sync.WaitGroup
	var mu sync.Mutex
	working, most := 0, 0
	for range 10 {
		wg.Go(func() {
			if limit.Down(context.Background()) != nil {
				return
			}
			defer limit.Up()
			mu.Lock()
			working++
			most = max(most, working)
			mu.Unlock()
			mu.Lock()
			working--
			mu.Unlock()
		})
	}
	wg.Wait()
	fmt.Println("at most three:", most <= 3, "permits left:", limit.Count())
	// Output: at most three: true permits left: 3
}

// The permit is given by somebody else than the one who takes it.
func ExampleSemaphore_Up() {
	var done sem.Semaphore // no permits yet
	result := 0
	go func() {
		result = 42
		done.Up()
	}()
	_ = done.Down(context.Background())
	fmt.Println(result)
	// Output: 42
}

func ExampleSemaphore_DownFor() {
	s := sem.New(0)
	fmt.Println(s.DownFor(time.Millisecond))
	// Output: sem: timeout
}

// One that wants many is not starved by those who want few.
func ExampleSemaphore_DownN() {
	s := sem.New(2, sem.Limit(2))
	_ = s.DownN(context.Background(), 2)
	fmt.Println(s.DownN(context.Background(), 3))
	// Output: sem: more permits asked for than there can ever be
}

func ExampleSemaphore_Resize() {
	workers := sem.New(2)
	_ = workers.DownN(context.Background(), 2) // all busy
	workers.Resize(3)
	fmt.Println(workers.TryDown(), workers.TryDown())
	workers.Resize(1)
	workers.Up() // one too many still work
	fmt.Println(workers.Count())
	// Output:
	// true false
	// 0
}

func ExampleStrict() {
	s := sem.New(1, sem.Strict(), sem.Named("i_sem"))
	ls := sched.NewTask("ls", sched.TaskConfig{PID: 7})
	_ = s.Down(ls.Context())
	defer func() {
		var misuse *sem.MisuseError
		if err, ok := recover().(error); ok && errors.As(err, &misuse) {
			fmt.Println(misuse)
		}
	}()
	_ = s.Down(ls.Context())
	// Output: sem: Down of i_sem: the task holds it already (by ls/7)
}

func ExampleRW_Downgrade() {
	var table sem.RW
	ctx := context.Background()
	_ = table.DownWrite(ctx)
	// … change the table …
	table.Downgrade() // others may read what was written; nobody may change it
	fmt.Println(table.TryDownRead(), table.TryDownWrite())
	table.UpRead()
	table.UpRead()
	// Output: true false
}
