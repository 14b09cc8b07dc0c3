//go:build !race

// Not under the race detector: the checks keep books of their own, in plain
// memory that every task of an exploration writes to.

package invariant

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/floodgate-go/floodgate/explore"
	"github.com/floodgate-go/floodgate/sched"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachStatementIsListedOnce(t *testing.T) {
	var want []string
	for n := 1; n <= 16; n++ {
		want = append(want, fmt.Sprintf("SF-%d", n))
	}
	for n := 1; n <= 8; n++ {
		want = append(want, fmt.Sprintf("LV-%d", n))
	}
	var got []string
	for _, s := range Statements() {
		got = append(got, s.ID)
		if s.Text == "" || s.How == "" {
			t.Errorf("%s says nothing", s.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("statements %v\nwant %v", got, want)
	}
	if StatementByID("SF-17") != nil {
		t.Error("there is an SF-17")
	}
}

// The signature is about the cause: not about names, nor who came first.
func TestSignaturesAreAboutTheCause(t *testing.T) {
	l14, r7 := &sched.Label{ID: "L14"}, &sched.Label{ID: "R7"}
	ls, sh := sched.NewTask("ls", sched.TaskConfig{}), sched.NewTask("sh", sched.TaskConfig{})
	a := &Violation{Statement: "SF-1", What: "twice", Object: "a", Who: actor(ls, l14, user), Other: actor(sh, r7, helper)}
	b := &Violation{Statement: "SF-1", What: "twice", Object: "b", Who: actor(ls, r7, user), Other: actor(sh, l14, daemon)}
	c := &Violation{Statement: "SF-1", What: "twice", Object: "a", Who: actor(ls, l14, user), Other: actor(sh, l14, user)}
	if a.Signature() != b.Signature() {
		t.Errorf("%q and %q differ", a.Signature(), b.Signature())
	}
	if a.Signature() == c.Signature() {
		t.Errorf("%q for different steps", a.Signature())
	}
	for _, want := range []string{"SF-1", "twice", "(a)", "looker at L14", "ls", "at R7", "sh"} {
		if !strings.Contains(a.Error(), want) {
			t.Errorf("%q does not say %q", a.Error(), want)
		}
	}
	cause := errors.New("cause")
	if v := (&Violation{Err: cause}); !errors.Is(v, cause) {
		t.Error("the fault behind a violation is lost")
	}
}

// Who stands behind a circle is not part of it, and of two circles the shorter
// one counts.
func TestTheShortestCircleIsTheCause(t *testing.T) {
	down := func(name, label, waits string) explore.StuckTask {
		return explore.StuckTask{Name: name, Op: sched.Down, Object: "i_sem #1", Label: label, Waits: strings.Fields(waits)}
	}
	park := func(name, label, on, waits string) explore.StuckTask {
		return explore.StuckTask{Name: name, Op: sched.Park, On: on, Label: label, Waits: strings.Fields(waits)}
	}
	stuck := []explore.StuckTask{
		down("third", "H1 down(i_sem)", "rm"),
		park("rm", "R13 sleep", "record.wait a", "ls"),
		down("ls", "L9 down(i_sem)", "rm"),
	}
	want := "looker at L9 wants a directory's lock ⇄ revalidator at R13 sleeps on record.wait, holding it"
	for range 2 {
		v := Ending(&explore.Finding{Kind: explore.Deadlock, Stuck: stuck})
		if v.Statement != "LV-2" || v.Effect != Hang || !strings.HasSuffix(v.Signature(), want) {
			t.Errorf("%v %v %q\nwant %q", v.Statement, v.Effect, v.Signature(), want)
		}
		slices.Reverse(stuck)
	}
}

func TestEndingsHaveAStatement(t *testing.T) {
	for kind, want := range map[explore.Kind]string{
		explore.Deadlock: "LV-2", explore.LostWakeup: "LV-1", explore.Livelock: "LV-7", explore.Endless: "LV-7", explore.Leak: "SF-8",
	} {
		if v := Ending(&explore.Finding{Kind: kind, Message: "m"}); v.Statement != want {
			t.Errorf("%v is %s, want %s", kind, v.Statement, want)
		}
	}
}
