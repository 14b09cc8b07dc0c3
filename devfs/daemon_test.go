package devfs_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

func TestTheQueueHasOneOwner(t *testing.T) {
	f := devfs.New(devfs.Config{})
	a, b := sched.NewTask("a", sched.TaskConfig{}), sched.NewTask("b", sched.TaskConfig{})
	_, err := f.Claim(nil, 0)
	want(t, err, "claim", devfs.DaemonNode, syscall.EINVAL)
	_, err = f.Claim(a, devfs.AllEvents+1)
	want(t, err, "claim", devfs.DaemonNode, syscall.EINVAL)

	d, err := f.Claim(a, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Claim(b, 0)
	want(t, err, "claim", devfs.DaemonNode, syscall.EBUSY)
	want(t, d.SetMask(b, 0), "claim", devfs.DaemonNode, syscall.EBUSY)
	_, err = d.Read(b)
	want(t, err, "read", devfs.DaemonNode, syscall.EPERM)
	_, err = d.Read(nil)
	want(t, err, "read", devfs.DaemonNode, syscall.EINVAL)

	if err := d.Release(); err != nil {
		t.Fatal(err)
	}
	want(t, d.Release(), "release", devfs.DaemonNode, syscall.EPERM)
	_, err = d.Read(a)
	want(t, err, "read", devfs.DaemonNode, syscall.EPERM)
	if err := d.SetMask(b, 0); err != nil {
		t.Errorf("a child takes over the released queue: %v", err)
	}
}

func TestEventsOfUserSpace(t *testing.T) {
	f := devfs.New(devfs.Config{})
	daemon := sched.NewTask("devfsd", sched.TaskConfig{})
	d, err := f.Claim(daemon, devfs.Events(devfs.Change, devfs.Create, devfs.Delete))
	if err != nil {
		t.Fatal(err)
	}
	user := sched.NewTask("user", sched.TaskConfig{Cred: &sched.Cred{UID: 0, GID: 7}})
	read := make(chan devfs.Event, 100)
	done := make(chan struct{})
	sched.Go(nil, daemon, func() {
		defer close(done)
		for {
			ev, err := d.Read(daemon)
			if err != nil {
				return
			}
			read <- ev
		}
	})
	steps := []struct {
		f    func(*sched.Task) error
		want string
	}{
		{func(t *sched.Task) error { return f.Mkdir(t, "/d", 0o700) }, "CREATE d drwx------"},
		{func(t *sched.Task) error { return f.Mknod(t, "/d/n", vfs.TypeChar|0o600, devfs.Dev(4, 5)) }, "CREATE d/n Dcrw-------"},
		{func(t *sched.Task) error { return f.Symlink(t, "n", "/d/l") }, "CREATE d/l Lr-xr-xr-x"},
		{func(t *sched.Task) error { return f.Chmod(t, "/d/l", 0o640) }, "CHANGE d/n Dcrw-r-----"},
		{func(t *sched.Task) error { return f.Chown(t, "/d/n", 3, 4) }, "CHANGE d/n Dcrw-r-----"},
		{func(t *sched.Task) error { return f.Unlink(t, "/d/l") }, "DELETE d/l Lr-xr-xr-x"},
		{func(t *sched.Task) error { return f.Unlink(t, "/d/n") }, "DELETE d/n Dcrw-r-----"},
		{func(t *sched.Task) error { return f.Rmdir(t, "/d") }, "DELETE d drwx------"},
	}
	for _, s := range steps {
		if err := s.f(user); err != nil {
			t.Fatal(err)
		}
		ev := <-read
		if got := ev.String() + " " + ev.Mode.String(); got != s.want {
			t.Errorf("event %q, want %q", got, s.want)
		}
		if ev.Type == devfs.Create && ev.GID != 7 {
			t.Errorf("%v: gid %d, want the maker's", ev, ev.GID)
		}
	}
	// What the daemon does itself makes no event.
	if err := f.Mkdir(daemon, "/own", 0o700); err != nil {
		t.Error(err)
	}
	daemon.Kill(nil)
	<-done
	if n := len(read) + f.Census().Events; n != 0 {
		t.Errorf("%d events of the daemon's own doing", n)
	}
	d.Release()
	check(t, f)
}

func TestReadIsInterrupted(t *testing.T) {
	f := devfs.New(devfs.Config{})
	task := sched.NewTask("devfsd", sched.TaskConfig{})
	d, err := f.Claim(task, devfs.AllEvents)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(task.Context())
		result := make(chan error, 1)
		go func() {
			_, err := d.Read(task.WithContext(ctx))
			result <- err
		}()
		synctest.Wait()
		cancel()
		err := <-result
		want(t, err, "read", devfs.DaemonNode, syscall.EINTR)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v is no context.Canceled", err)
		}
	})
	// Nothing was lost.
	if err := f.MkDir("a"); err != nil {
		t.Fatal(err)
	}
	if ev, err := d.Read(task); err != nil || ev.Name != "a" {
		t.Errorf("read %v, %v", ev, err)
	}
}

func TestReleaseEndsARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := devfs.New(devfs.Config{})
		task := sched.NewTask("devfsd", sched.TaskConfig{})
		d, err := f.Claim(task, devfs.AllEvents)
		if err != nil {
			t.Fatal(err)
		}
		result := make(chan error, 1)
		go func() {
			_, err := d.Read(task)
			result <- err
		}()
		synctest.Wait()
		if err := d.Release(); err != nil {
			t.Error(err)
		}
		want(t, <-result, "read", devfs.DaemonNode, syscall.EPERM)
	})
}

func TestReleaseDropsTheQueueAndItsReferences(t *testing.T) {
	f := devfs.New(devfs.Config{})
	d, err := f.Claim(root, devfs.AllEvents)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/b/c", "a/b/d"} {
		if err := f.MkCdev(name, 0o600, devfs.Dev(1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Remove("a"); err != nil {
		t.Fatal(err)
	}
	c := f.Census()
	if c.Events != 6 || c.Entries == c.Hooked {
		t.Fatalf("census %+v: want 6 events that keep entries alive", c)
	}
	if err := d.Release(); err != nil {
		t.Fatal(err)
	}
	if c := f.Census(); c.Events != 0 || c.Entries != 2 {
		t.Errorf("census %+v: want no events and 2 entries", c)
	}
	check(t, f)
}

func TestAnEventWithALongPathIsDropped(t *testing.T) {
	f := devfs.New(devfs.Config{})
	name := strings.Repeat("d/", 500)
	for i := range 10 {
		name += strings.Repeat(string(rune('a'+i)), 9) + "/"
	}
	if err := f.MkSymlink(name+"l", "t"); err != nil {
		t.Fatal(err)
	}
	d, err := f.Claim(root, devfs.AllEvents)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.MkSymlink(name+"m", "t"); err != nil {
		t.Fatal(err)
	}
	if err := f.MkDir("short"); err != nil {
		t.Fatal(err)
	}
	_, err = d.Read(root)
	want(t, err, "read", devfs.DaemonNode, syscall.ENAMETOOLONG)
	if ev, err := d.Read(root); err != nil || ev.Name != "short" {
		t.Errorf("read %v, %v", ev, err)
	}
	check(t, f)
}
