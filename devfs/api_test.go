package devfs_test

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

var root = sched.NewTask("root", sched.TaskConfig{})

// tree lists everything below the root of a file system.
func tree(t *testing.T, fsys *devfs.FS) string {
	t.Helper()
	var lines []string
	var list func(dir string)
	list = func(dir string) {
		es, err := fsys.ReadDir(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			path := strings.TrimSuffix(dir, "/") + "/" + e.Name
			lines = append(lines, path)
			if e.Type == vfs.TypeDir {
				list(path)
			}
		}
	}
	list("/")
	return strings.Join(lines, " ")
}

func check(t *testing.T, fsys *devfs.FS) {
	t.Helper()
	if err := fsys.Census().Check(); err != nil {
		t.Errorf("%v\n%+v", err, fsys.Census())
	}
}

// want fails the test unless err is a *fs.PathError for the operation and path,
// with the errno in it.
func want(t *testing.T, err error, op, path string, errno syscall.Errno) {
	t.Helper()
	if errno == 0 {
		if err != nil {
			t.Errorf("%s %q: %v, want success", op, path, err)
		}
		return
	}
	var pe *fs.PathError
	if !errors.As(err, &pe) || pe.Op != op || pe.Path != path || !errors.Is(err, errno) {
		t.Errorf("%s %q: %v, want %v", op, path, err, errno)
	}
}

func TestErrorsOfTheKernelSide(t *testing.T) {
	long := strings.Repeat("x", 256)
	c := func(mode vfs.Mode, dev vfs.Dev) func(*devfs.FS, string) error {
		return func(f *devfs.FS, name string) error { return f.MkCdev(name, mode, dev) }
	}
	cdev := c(0o600, devfs.Dev(1, 3))
	bdev := func(f *devfs.FS, name string) error { return f.MkBdev(name, 0o600, devfs.Dev(3, 1)) }
	link := func(f *devfs.FS, name string) error { return f.MkSymlink(name, "misc/null") }
	for _, tt := range []struct {
		op    string
		call  func(*devfs.FS, string) error
		name  string
		errno syscall.Errno
		says  string
	}{
		{"mk_cdev", cdev, "null", 0, ""},
		{"mk_cdev", cdev, "a/b/c", 0, ""},
		{"mk_cdev", c(vfs.TypeChar|0o600, devfs.Dev(1, 1)), "chr", 0, ""},
		{"mk_cdev", cdev, "", syscall.EINVAL, "empty"},
		{"mk_cdev", cdev, "/null", syscall.EINVAL, "leading slash"},
		{"mk_cdev", cdev, "misc/", syscall.EINVAL, "trailing slash"},
		{"mk_cdev", cdev, "a//b", syscall.EINVAL, "two slashes"},
		{"mk_cdev", cdev, "../null", syscall.EINVAL, `".."`},
		{"mk_cdev", cdev, "a/../b", syscall.EINVAL, `".."`},
		{"mk_cdev", cdev, "./a", syscall.EINVAL, `"."`},
		{"mk_cdev", cdev, "a\x00b", syscall.EINVAL, "NUL"},
		{"mk_cdev", cdev, long, syscall.ENAMETOOLONG, "at most 255"},
		{"mk_cdev", cdev, strings.Repeat("x", 64), syscall.EINVAL, "at most 63"},
		{"mk_cdev", cdev, strings.Repeat("x", 63), 0, ""},
		{"mk_cdev", cdev, "misc/null", syscall.EEXIST, ""},
		{"mk_cdev", cdev, "misc", syscall.EEXIST, ""},
		{"mk_cdev", cdev, "misc/null/x", syscall.ENOTDIR, ""},
		{"mk_cdev", cdev, "misc/null/x/y", syscall.ENOTDIR, ""},
		{"mk_cdev", c(vfs.TypeBlock|0o600, devfs.Dev(1, 3)), "x", syscall.EINVAL, "type"},
		{"mk_cdev", c(1<<16, devfs.Dev(1, 3)), "x", syscall.EINVAL, "16 bits"},
		{"mk_cdev", c(0o600, devfs.Dev(4096, 3)), "x", syscall.EINVAL, "at most 4095"},
		{"mk_cdev", c(0o600, devfs.Dev(1, 1<<20)), "x", syscall.EINVAL, "at most 1048575"},
		{"mk_bdev", bdev, "hda", 0, ""},
		{"mk_bdev", bdev, "", syscall.EINVAL, "empty"},
		{"mk_dir", (*devfs.FS).MkDir, "misc", 0, ""},
		{"mk_dir", (*devfs.FS).MkDir, "new/dir", 0, ""},
		{"mk_dir", (*devfs.FS).MkDir, "misc/null", syscall.EEXIST, ""},
		{"mk_dir", (*devfs.FS).MkDir, "misc/null/d", syscall.ENOTDIR, ""},
		{"mk_dir", (*devfs.FS).MkDir, strings.Repeat("x", 64), syscall.EINVAL, "at most 63"},
		{"mk_symlink", link, strings.Repeat("x", 64), 0, ""},
		{"mk_symlink", link, "misc/null", syscall.EEXIST, ""},
		{"mk_symlink", link, "/l", syscall.EINVAL, "leading slash"},
		{"mk_symlink", func(f *devfs.FS, n string) error { return f.MkSymlink(n, "") }, "l", syscall.EINVAL, "empty target"},
		{"mk_symlink", func(f *devfs.FS, n string) error { return f.MkSymlink(n, strings.Repeat("x", 4096)) }, "l", syscall.ENAMETOOLONG, "at most 4095"},
		{"remove", (*devfs.FS).Remove, "misc", 0, ""},
		{"remove", (*devfs.FS).Remove, "nothing", syscall.ENOENT, ""},
		{"remove", (*devfs.FS).Remove, "misc/nothing", syscall.ENOENT, ""},
		{"remove", (*devfs.FS).Remove, "misc/null/x", syscall.ENOTDIR, ""},
		{"remove", (*devfs.FS).Remove, "", syscall.EINVAL, "empty"},
		{"remove", (*devfs.FS).Remove, "..", syscall.EINVAL, `".."`},
	} {
		f := devfs.New(devfs.Config{})
		if err := f.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)); err != nil {
			t.Fatal(err)
		}
		before := tree(t, f)
		err := tt.call(f, tt.name)
		want(t, err, tt.op, tt.name, tt.errno)
		if err != nil {
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s %q: %v, which does not say %q", tt.op, tt.name, err, tt.says)
			}
			if after := tree(t, f); after != before {
				t.Errorf("%s %q failed and left %s, there was %s", tt.op, tt.name, after, before)
			}
		}
		check(t, f)
	}
}

func TestRemoveTellsOfTheEntryFirstThenOfWhatWasInIt(t *testing.T) {
	f := devfs.New(devfs.Config{})
	for _, name := range []string{"ide/host0/disc", "ide/host0/part1", "ide/cd"} {
		if err := f.MkBdev(name, 0o600, devfs.Dev(3, 0)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := f.Claim(root, devfs.AllEvents)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(sched.NewTask("child", sched.TaskConfig{Parent: root}), "/ide/host0/disc"); err != nil {
		t.Fatal(err) // leaves dentries behind
	}
	if err := f.Remove("ide"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 5 {
		ev, err := d.Read(root)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev.String())
	}
	const want = "UNREGISTERED ide,UNREGISTERED ide/host0,UNREGISTERED ide/host0/disc,UNREGISTERED ide/host0/part1,UNREGISTERED ide/cd"
	if strings.Join(got, ",") != want {
		t.Errorf("events %v", got)
	}
	if err := d.Release(); err != nil {
		t.Error(err)
	}
	check(t, f)
	if c := f.Census(); c.Entries != 2 {
		t.Errorf("%d entries left, want the root and %s", c.Entries, devfs.DaemonNode)
	}
}

func TestMkDirOfADirectoryThatIsThereTellsNobody(t *testing.T) {
	f := devfs.New(devfs.Config{})
	d, err := f.Claim(root, devfs.AllEvents)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.MkDir("misc"); err != nil {
			t.Fatal(err)
		}
	}
	if ev, err := d.Read(root); err != nil || ev.String() != "REGISTERED misc" {
		t.Errorf("read %v, %v", ev, err)
	}
	if n := f.Census().Events; n != 0 {
		t.Errorf("%d more events", n)
	}
}

func TestLimits(t *testing.T) {
	f := devfs.New(devfs.Config{MaxEntries: 4, MaxEvents: 1})
	d, err := f.Claim(root, devfs.AllEvents)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := f.MkDir(name); err != nil {
			t.Fatal(err)
		}
	}
	want(t, f.MkDir("c"), "mk_dir", "c", syscall.ENOSPC)
	want(t, f.Mkdir(root, "/c", 0o755), "mkdir", "/c", syscall.ENOSPC)
	check(t, f)
	ev, err := d.Read(root)
	if err != nil || ev.Name != "a" || ev.Overrun != 1 {
		t.Fatalf("read %v with overrun %d, %v; want a with 1", ev, ev.Overrun, err)
	}
	if err := f.Remove("b"); err != nil {
		t.Fatal(err)
	}
	if ev, err := d.Read(root); err != nil || ev.String() != "UNREGISTERED b" || ev.Overrun != 0 {
		t.Errorf("read %v with overrun %d, %v; want UNREGISTERED b with 0", ev, ev.Overrun, err)
	}
	if err := f.MkDir("d"); err != nil {
		t.Errorf("the room of b is not free again: %v", err)
	}
	if ev, err := d.Read(root); err != nil || ev.Overrun != 0 {
		t.Errorf("read %v with overrun %d, %v; want 0", ev, ev.Overrun, err)
	}
	check(t, f)
}

// Each allocation is refused once, in each operation: nothing is left behind.
func TestNoMemory(t *testing.T) {
	for _, tt := range []struct {
		op, path string
		call     func(*devfs.FS) error
	}{
		{"mk_cdev", "x/y/z", func(f *devfs.FS) error { return f.MkCdev("x/y/z", 0o600, devfs.Dev(1, 1)) }},
		{"mk_symlink", "x/l", func(f *devfs.FS) error { return f.MkSymlink("x/l", "y") }},
		{"mkdir", "/d", func(f *devfs.FS) error { return f.Mkdir(root, "/d", 0o755) }},
		{"mknod", "/n", func(f *devfs.FS) error { return f.Mknod(root, "/n", vfs.TypeFIFO|0o600, vfs.Dev{}) }},
		{"symlink", "/s", func(f *devfs.FS) error { return f.Symlink(root, "t", "/s") }},
		{"stat", "/misc/null", func(f *devfs.FS) error { _, err := f.Stat(root, "/misc/null"); return err }},
	} {
		for refuse := range 20 {
			n, armed := 0, false
			f := devfs.New(devfs.Config{Alloc: func(*sched.Task, string) bool {
				if !armed {
					return true
				}
				n++
				return n != refuse+1
			}})
			if err := f.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)); err != nil {
				t.Fatal(err)
			}
			armed = true
			err := tt.call(f)
			armed = false
			if n <= refuse {
				want(t, err, tt.op, tt.path, 0)
				break
			}
			if tt.op == "stat" && refuse == 0 {
				// The record of the protocol: what a generation leaves
				// behind then is its own affair.
				want(t, err, tt.op, tt.path, syscall.ENOMEM)
				continue
			}
			want(t, err, tt.op, tt.path, syscall.ENOMEM)
			c := f.Census()
			if c.Entries != c.Hooked {
				t.Errorf("%s, allocation %d refused: %d entries, %d in the tree", tt.op, refuse, c.Entries, c.Hooked)
			}
		}
	}
}

func TestStatfs(t *testing.T) {
	f := devfs.New(devfs.Config{})
	s, err := f.Statfs(root, "/")
	if err != nil || s.Type != devfs.Magic || s.Namelen != 255 {
		t.Errorf("statfs %+v, %v", s, err)
	}
}
