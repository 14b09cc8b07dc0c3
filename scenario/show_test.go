package scenario

import (
	"os"
	"testing"
)

func TestShow(t *testing.T) {
	if os.Getenv("TOKEN") == "" {
		t.Skip()
	}
	r, err := Replay(os.Getenv("TOKEN"))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Found {
		t.Logf("%v %v", v.Effect, v)
	}
	t.Logf("%s", r.Timeline.Text(0))
}
