package refcount

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

// recorder is a scheduler of plain goroutines that registers everything at one
// grain, notes the steps, and takes the reports.
type recorder struct {
	sched.Goroutines
	fine bool

	mu     sync.Mutex
	next   int
	steps  []sched.Op
	done   []sched.Op
	faults []error
	hook   func(sched.Op) // called before each step, unlocked
}

func (r *recorder) Object(spec sched.Spec) *sched.Object {
	if spec.Inner != r.fine {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	return &sched.Object{Spec: spec, Sched: r, ID: r.next}
}

func (r *recorder) Step(op sched.Op) {
	r.mu.Lock()
	r.steps = append(r.steps, op)
	hook := r.hook
	r.mu.Unlock()
	if hook != nil {
		hook(op)
	}
}

func (r *recorder) Done(op sched.Op, _ int64) {
	r.mu.Lock()
	r.done = append(r.done, op)
	r.mu.Unlock()
}

func (r *recorder) Report(err error) {
	r.mu.Lock()
	r.faults = append(r.faults, err)
	r.mu.Unlock()
}

// take returns the faults so far and forgets them.
func (r *recorder) take() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.faults
	r.faults = nil
	return list
}

// kinds returns the kinds of the steps so far, in one word each, and forgets
// them.
func (r *recorder) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, op := range r.steps {
		list = append(list, op.Obj.Kind.String()+"."+op.Kind.String())
	}
	r.steps, r.done = nil, nil
	return strings.Join(list, " ")
}

var stepL9 = &sched.Label{ID: "L9", Text: "down(i_sem)"}

func makeFrame(s sched.Scheduler, t *sched.Task) *Frame[int] { return NewFrame(s, "info", 7, t) }
func endFrame(f *Frame[int], t *sched.Task)                  { f.End(t) }
func touchFrame(f Life[int], t *sched.Task) int              { return *f.Value(t) }

func TestFrameUseAfterEnd(t *testing.T) {
	for _, fine := range []bool{false, true} {
		r := &recorder{fine: fine}
		ls := sched.NewTask("ls", sched.TaskConfig{})
		rm := sched.NewTask("rm", sched.TaskConfig{})
		f := makeFrame(r, ls)
		ls.At(stepL9)
		if v := touchFrame(f, rm); v != 7 {
			t.Errorf("value = %d, want 7", v)
		}
		if !f.Alive() || len(r.take()) != 0 {
			t.Error("a live frame is reported")
		}
		endFrame(f, ls)
		if f.Alive() {
			t.Error("alive after End")
		}
		if v := touchFrame(f, rm); v != 7 {
			t.Errorf("value after end = %d, want the memory, 7", v)
		}
		list := r.take()
		if len(list) != 1 {
			t.Fatalf("reports = %v, want 1", list)
		}
		var e *UseAfterEnd
		if !errors.As(list[0], &e) {
			t.Fatalf("report is a %T", list[0])
		}
		for _, p := range []struct {
			place Place
			fn    string
			task  *sched.Task
			label *sched.Label
		}{
			{e.Made, "refcount.makeFrame", ls, nil},
			{e.Ended, "refcount.endFrame", ls, stepL9},
			{e.Touched, "refcount.touchFrame", rm, nil},
		} {
			if got := p.place.String(); !strings.HasPrefix(got, p.fn+" (life_test.go:") {
				t.Errorf("place = %q, want one in %s", got, p.fn)
			}
			if !p.place.Task.Is(p.task) || p.place.Label != p.label {
				t.Errorf("%s: task %v label %v, want %v %v", p.fn, p.place.Task, p.place.Label, p.task, p.label)
			}
		}
		if e.Kind != "frame" || e.Name != "info" || e.Verb != "touched" {
			t.Errorf("report = %+v", e)
		}
		endFrame(f, rm)
		if list := r.take(); len(list) != 1 || list[0].(*UseAfterEnd).Verb != "ended" {
			t.Errorf("second End: %v", list)
		}
		if got, want := r.kinds(), "life.touch life.end life.touch life.end"; got != want {
			t.Errorf("steps = %s, want %s", got, want)
		}
	}
}

func TestSharedUseAfterEnd(t *testing.T) {
	r := new(recorder)
	var released []int
	x := NewShared(r, "record", 7, func(v *int) { released = append(released, *v) })
	x.Get()
	if x.Put() || x.Count() != 1 || !x.Alive() || len(released) != 0 {
		t.Fatal("put of two ended the life")
	}
	if got, want := r.kinds(), "count.get count.put count.inspect"; got != want {
		t.Errorf("steps = %s, want %s", got, want)
	}
	if !x.Put() || x.Count() != 0 || x.Alive() || len(released) != 1 {
		t.Fatal("last put did not end the life")
	}
	if got, want := r.kinds(), "count.put life.end count.inspect"; got != want {
		t.Errorf("steps = %s, want %s", got, want)
	}
	if x.TryGet() || len(r.take()) != 0 {
		t.Error("TryGet after the end got it or was reported")
	}
	if *x.Value() != 7 {
		t.Error("memory is gone")
	}
	x.Get()
	if x.Put() {
		t.Error("put after the end released")
	}
	var verbs []string
	for _, err := range r.take() {
		verbs = append(verbs, err.(*UseAfterEnd).Verb)
	}
	if got := strings.Join(verbs, " "); got != "touched got put" {
		t.Errorf("reports = %s", got)
	}
	if len(released) != 1 {
		t.Errorf("released %d times", len(released))
	}
}

func TestSharedFine(t *testing.T) {
	r := &recorder{fine: true}
	x := NewShared(r, "record", 7, nil)
	x.Get()
	x.Put()
	x.Value()
	x.Put()
	want := "var.load var.update var.load var.update life.touch var.load var.update life.end"
	if got := r.kinds(); got != want {
		t.Errorf("steps = %s, want %s", got, want)
	}
}

func TestLivesUnchecked(t *testing.T) {
	f := NewFrame(nil, "info", 7)
	x := NewShared(nil, "record", 7, nil)
	if f.life != nil || x.life != nil || f.Object() != nil || x.Object() != nil {
		t.Error("lives on plain goroutines are checked")
	}
	f.End()
	if f.Alive() || *f.Value() != 7 {
		t.Error("frame")
	}
	if !x.Put() || x.Alive() || *x.Value() != 7 {
		t.Error("shared")
	}
}

func TestCheckLives(t *testing.T) {
	defer CheckLives(CheckLives(true))
	var list []error
	defer SetHandler(func(err error) { list = append(list, err) })()
	before := Faults()
	f := NewFrame(nil, "info", 7)
	f.End()
	f.Value()
	x := NewShared(nil, "record", 7, nil)
	x.Put()
	x.Value()
	if len(list) != 2 || Faults() != before+2 {
		t.Errorf("reports = %v", list)
	}
}
