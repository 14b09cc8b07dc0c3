package sched_test

import (
	"context"
	"errors"
	"testing"

	"github.com/floodgate-go/floodgate/sched"
)

func TestTaskInheritance(t *testing.T) {
	parent := sched.NewTask("devfsd", sched.TaskConfig{Cred: &sched.Cred{UID: 7}})
	if !parent.Leader() {
		t.Error("a task without a parent does not lead a group of its own")
	}
	child := sched.NewTask("sh", sched.TaskConfig{Parent: parent})
	if child.Group() != parent.PID() || child.Leader() || child.Cred().UID != 7 {
		t.Errorf("child: group %d leader %v uid %d", child.Group(), child.Leader(), child.Cred().UID)
	}
	child.SetGroup()
	if !child.Leader() {
		t.Error("SetGroup did not make a leader")
	}
	if k := sched.NewTask("hotplug", sched.TaskConfig{Group: sched.NoGroup}); k.Group() != 0 {
		t.Errorf("NoGroup gives group %d", k.Group())
	}
}

func TestTaskTravelsInItsContexts(t *testing.T) {
	task := sched.NewTask("ls", sched.TaskConfig{})
	ctx, cancel := context.WithCancel(task.Context())
	copied := task.WithContext(ctx)
	for name, c := range map[string]context.Context{
		"Context": task.Context(), "Uninterruptible": task.Uninterruptible(), "derived": ctx, "WithContext": copied.Context(),
	} {
		if got := sched.TaskOf(c); !got.Is(task) {
			t.Errorf("%s: TaskOf = %v", name, got)
		}
	}
	if sched.TaskOf(context.Background()) != nil {
		t.Error("TaskOf the background context is not nil")
	}
	cancel()
	if copied.Context().Err() == nil || task.Context().Err() != nil || copied.Uninterruptible().Err() != nil {
		t.Error("WithContext must end the copy's interruptible sleeps only")
	}
	task.Kill(nil)
	if !copied.Killed() || !errors.Is(context.Cause(copied.Uninterruptible()), sched.ErrKilled) {
		t.Error("Kill did not reach the copy")
	}
}

func TestAtCallsTheTrace(t *testing.T) {
	step := sched.Label{ID: "L9", Text: "down(i_sem)"}
	var at *sched.Label
	task := sched.NewTask("ls", sched.TaskConfig{Trace: func(u *sched.Task, l *sched.Label) { at = l }})
	task.At(&step)
	if at != &step || task.Label() != &step || task.Label().String() != "L9 down(i_sem)" {
		t.Errorf("trace got %v, label is %v", at, task.Label())
	}
}

func TestRunEndsAKilledTaskQuietly(t *testing.T) {
	task := sched.NewTask("ls", sched.TaskConfig{})
	cause := errors.New("torn down")
	task.Kill(cause)
	deferred := false
	finished := sched.Run(task, func() {
		defer func() { deferred = true }()
		task.Must(context.Cause(task.Uninterruptible()))
		t.Error("Must returned")
	})
	if finished || !deferred {
		t.Errorf("finished %v, deferred %v", finished, deferred)
	}
}

func TestRunPassesOtherPanicsOn(t *testing.T) {
	task, other := sched.NewTask("a", sched.TaskConfig{}), sched.NewTask("b", sched.TaskConfig{})
	for _, want := range []any{"boom", &sched.KilledError{Task: other}} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %v", got, want)
				}
			}()
			sched.Run(task, func() { panic(want) })
		}()
	}
}

func TestGoRefusesNilTask(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Go with a nil task did not panic")
		}
	}()
	sched.Go(nil, nil, func() {})
}
