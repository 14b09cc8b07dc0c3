package lockdep_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/sem"
)

// An orderTest runs programs one after another, each as a task with nobody
// beside it, against one Order.
type orderTest struct {
	*testing.T
	w     *lockdep.Watch
	order *lockdep.Order
	sems  map[string]*sem.Semaphore
	locks map[string]*sched.Mutex
}

func newOrderTest(t *testing.T, c lockdep.OrderConfig) *orderTest {
	o := lockdep.NewOrder(c)
	x := &orderTest{
		T: t, order: o, w: lockdep.New(lockdep.Config{Order: o}),
		sems: make(map[string]*sem.Semaphore), locks: make(map[string]*sched.Mutex),
	}
	t.Cleanup(func() { teardown(t, x.w) })
	return x
}

func (x *orderTest) sem(name string) *sem.Semaphore {
	if x.sems[name] == nil {
		x.sems[name] = semaphore(x.w, name, 1)
	}
	return x.sems[name]
}

func (x *orderTest) lock(name string) *sched.Mutex {
	if x.locks[name] == nil {
		x.locks[name] = new(sched.Mutex)
		x.locks[name].Init(x.w, sched.Spec{Name: name})
	}
	return x.locks[name]
}

// task runs f alone, and expects it to end.
func (x *orderTest) task(name string, f func(t *sched.Task)) {
	x.Helper()
	a := task(name)
	x.w.Go(a, func() { f(a) })
	if err := x.w.Wait(limit(x.T)); err != nil {
		x.Fatalf("%+v", err)
	}
}

var errNoPermit = errors.New("no permit")

// chain is a task that takes semaphores in order and gives them back. A name
// with a question mark is tried.
func (x *orderTest) chain(names ...string) {
	x.Helper()
	x.task(strings.Join(names, ""), func(t *sched.Task) {
		for _, n := range names {
			s := x.sem(strings.TrimSuffix(n, "?"))
			if !strings.HasSuffix(n, "?") {
				down(t, s)
			} else if !s.TryDown() {
				t.Must(errNoPermit)
			}
			defer s.Up()
		}
	})
}

// locked is chain with mutexes, whose operations name no task.
func (x *orderTest) locked(names ...string) {
	x.Helper()
	x.task(strings.Join(names, ""), func(*sched.Task) {
		for _, n := range names {
			x.lock(n).Lock()
			defer x.lock(n).Unlock()
		}
	})
}

// want expects the kinds of violations found so far.
func (x *orderTest) want(kinds ...lockdep.ViolationKind) []*lockdep.Violation {
	x.Helper()
	list, more := x.order.Violations()
	var got []lockdep.ViolationKind
	for _, v := range list {
		got = append(got, v.Kind)
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) || more != 0 {
		for _, v := range list {
			x.Logf("%+v", v)
		}
		x.Fatalf("found %v, want %v", got, kinds)
	}
	return list
}
