package vfs_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

var (
	root = sched.NewTask("root", sched.TaskConfig{})
	user = sched.NewTask("user", sched.TaskConfig{Cred: &sched.Cred{UID: 1000, GID: 100, Groups: []uint32{7}}})
)

// newTree makes a tree with something of everything.
//
//	/misc/null   crw-rw-rw-, by the kernel
//	/d           drwxr-xr-x, by root, with the FIFO f
//	/tmp         drwxrwxrwt, with mine of the user and root's of root
//	/secret      drwx------
//	/link        → d/f
//	/dlink       → d
//	/loop        → loop
//	/dangling    → nothing
func newTree(t *testing.T) *devfs.FS {
	t.Helper()
	f := devfs.New(devfs.Config{})
	for _, err := range []error{
		f.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)),
		f.Mkdir(root, "/d", 0o755),
		f.Mknod(root, "/d/f", vfs.TypeFIFO|0o644, vfs.Dev{}),
		f.Mkdir(root, "/tmp", 0o777|vfs.Sticky),
		f.Mknod(user, "/tmp/mine", vfs.TypeFIFO|0o600, vfs.Dev{}),
		f.Mknod(root, "/tmp/root's", vfs.TypeFIFO|0o600, vfs.Dev{}),
		f.Mkdir(root, "/secret", 0o700),
		f.Symlink(root, "d/f", "/link"),
		f.Symlink(root, "d", "/dlink"),
		f.Symlink(root, "loop", "/loop"),
		f.Symlink(root, "nothing", "/dangling"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

type call func(f *devfs.FS, t *sched.Task, path string) error

var calls = map[string]call{
	"stat":     func(f *devfs.FS, t *sched.Task, p string) error { _, err := f.Stat(t, p); return err },
	"lstat":    func(f *devfs.FS, t *sched.Task, p string) error { _, err := f.Lstat(t, p); return err },
	"readlink": func(f *devfs.FS, t *sched.Task, p string) error { _, err := f.Readlink(t, p); return err },
	"setattr":  func(f *devfs.FS, t *sched.Task, p string) error { return f.Chmod(t, p, 0o600) },
	"mkdir":    func(f *devfs.FS, t *sched.Task, p string) error { return f.Mkdir(t, p, 0o755) },
	"mknod": func(f *devfs.FS, t *sched.Task, p string) error {
		return f.Mknod(t, p, vfs.TypeFIFO|0o600, vfs.Dev{})
	},
	"symlink":  func(f *devfs.FS, t *sched.Task, p string) error { return f.Symlink(t, "x", p) },
	"unlink":   func(f *devfs.FS, t *sched.Task, p string) error { return f.Unlink(t, p) },
	"rmdir":    func(f *devfs.FS, t *sched.Task, p string) error { return f.Rmdir(t, p) },
	"open":     opener(syscall.O_RDONLY),
	"creat":    opener(syscall.O_RDWR | syscall.O_CREAT),
	"excl":     opener(syscall.O_RDWR | syscall.O_CREAT | syscall.O_EXCL),
	"opendir":  opener(syscall.O_DIRECTORY),
	"nofollow": opener(syscall.O_NOFOLLOW),
	"write":    opener(syscall.O_WRONLY),
	"rename":   func(f *devfs.FS, t *sched.Task, p string) error { return f.Rename(t, p, "/new") },
}

func opener(flags int) call {
	return func(f *devfs.FS, t *sched.Task, p string) error {
		file, err := f.Open(t, p, flags, 0o644)
		if err == nil {
			err = file.Close()
		}
		return err
	}
}

var long = strings.Repeat("x", 256)

func TestErrors(t *testing.T) {
	const ok = syscall.Errno(0)
	for _, tt := range []struct {
		op, path string
		by       *sched.Task
		errno    syscall.Errno
	}{
		// The walk.
		{"stat", "/", root, ok},
		{"stat", "//misc///null", root, ok},
		{"stat", "misc/null", root, ok},
		{"stat", "/misc/./../misc/null", root, ok},
		{"stat", "/../..", root, ok},
		{"stat", "/link", root, ok},
		{"stat", "/dlink/f", root, ok},
		{"stat", "/dlink/", root, ok},
		{"stat", "", root, syscall.ENOENT},
		{"stat", "/nothing", root, syscall.ENOENT},
		{"stat", "/nothing/..", root, syscall.ENOENT},
		{"stat", "/misc/null/", root, syscall.ENOTDIR},
		{"stat", "/misc/null/x", root, syscall.ENOTDIR},
		{"stat", "/link/", root, syscall.ENOTDIR},
		{"stat", "/loop", root, syscall.ELOOP},
		{"stat", "/loop/x", root, syscall.ELOOP},
		{"lstat", "/loop", root, ok},
		{"stat", "/dangling", root, syscall.ENOENT},
		{"stat", "/" + long, root, syscall.ENAMETOOLONG},
		{"stat", "/" + long + "/x", root, syscall.ENAMETOOLONG},
		{"stat", strings.Repeat("/x", 2048), root, syscall.ENAMETOOLONG},
		{"stat", "/a\x00b", root, syscall.EINVAL},
		{"stat", "/misc", nil, syscall.EINVAL},
		{"stat", "/secret/x", user, syscall.EACCES},
		{"stat", "/secret", user, ok},
		{"readlink", "/link", user, ok},
		{"readlink", "/d", user, syscall.EINVAL},
		// Making.
		{"mkdir", "/new", root, ok},
		{"mkdir", "/new/", root, ok},
		{"mkdir", "/d", root, syscall.EEXIST},
		{"mkdir", "/", root, syscall.EEXIST},
		{"mkdir", "/d/.", root, syscall.EEXIST},
		{"mkdir", "/d/..", root, syscall.EEXIST},
		{"mkdir", "/link", root, syscall.EEXIST},
		{"mkdir", "/dangling", root, syscall.EEXIST},
		{"mkdir", "/nothing/new", root, syscall.ENOENT},
		{"mkdir", "/misc/null/new", root, syscall.ENOTDIR},
		{"mkdir", "/d/new", user, syscall.EACCES},
		{"mkdir", "/tmp/new", user, ok},
		{"mkdir", "/" + long, root, syscall.ENAMETOOLONG},
		{"mknod", "/new/", root, syscall.ENOENT},
		{"mknod", "/d/", root, syscall.EEXIST},
		{"symlink", "/new", root, ok},
		{"symlink", "/d/f", root, syscall.EEXIST},
		// Removing.
		{"unlink", "/d/f", root, ok},
		{"unlink", "/link", root, ok},
		{"unlink", "/nothing", root, syscall.ENOENT},
		{"unlink", "/nothing/", root, syscall.ENOENT},
		{"unlink", "/d/f/", root, syscall.ENOTDIR},
		{"unlink", "/d", root, syscall.EISDIR},
		{"unlink", "/d/", root, syscall.EISDIR},
		{"unlink", "/", root, syscall.EISDIR},
		{"unlink", "/d/..", root, syscall.EISDIR},
		{"unlink", "/misc/null", root, syscall.EPERM},
		{"unlink", "/d/f", user, syscall.EACCES},
		{"unlink", "/tmp/mine", user, ok},
		{"unlink", "/tmp/root's", user, syscall.EPERM},
		{"rmdir", "/d/f", root, syscall.ENOTDIR},
		{"rmdir", "/d", root, syscall.ENOTEMPTY},
		{"rmdir", "/d/.", root, syscall.EINVAL},
		{"rmdir", "/d/..", root, syscall.ENOTEMPTY},
		{"rmdir", "/", root, syscall.EBUSY},
		{"rmdir", "/misc", root, syscall.EPERM},
		{"rmdir", "/secret", root, ok},
		{"rmdir", "/secret/", root, ok},
		{"rmdir", "/nothing", root, syscall.ENOENT},
		// Attributes.
		{"setattr", "/d", root, ok},
		{"setattr", "/tmp/mine", user, ok},
		{"setattr", "/d", user, syscall.EPERM},
		// Opening.
		{"open", "/misc/null", user, ok},
		{"open", "/secret", user, syscall.EACCES},
		{"open", "/nothing", root, syscall.ENOENT},
		{"open", "/d/f", root, syscall.ENODEV},
		{"write", "/misc/null", user, ok},
		{"write", "/d", root, syscall.EISDIR},
		{"opendir", "/d", user, ok},
		{"opendir", "/misc/null", root, syscall.ENOTDIR},
		{"nofollow", "/link", root, syscall.ELOOP},
		{"creat", "/misc/null", root, ok},
		{"creat", "/new", root, syscall.EACCES},
		{"creat", "/d", root, syscall.EISDIR},
		{"creat", "/new/", root, syscall.EISDIR},
		{"creat", "/dangling", root, syscall.EACCES},
		{"creat", "/loop", root, syscall.ELOOP},
		{"excl", "/misc/null", root, syscall.EEXIST},
		// Renaming: devfs can not, but all else is looked at first.
		{"rename", "/d", root, syscall.EPERM},
		{"rename", "/nothing", root, syscall.ENOENT},
		{"rename", "/d/..", root, syscall.EBUSY},
		{"rename", "/d/f/", root, syscall.ENOTDIR},
		{"rename", "/d", user, syscall.EACCES},
		{"rename", "/tmp/root's", user, syscall.EPERM},
	} {
		f := newTree(t)
		before := list(t, f)
		err := calls[tt.op](f, tt.by, tt.path)
		var pe *fs.PathError
		switch {
		case tt.errno == 0 && err != nil,
			tt.errno != 0 && (!errors.As(err, &pe) || pe.Path != tt.path || vfs.Errno(err) != tt.errno):
			t.Errorf("%s %.40q by %v: %v, want %v", tt.op, tt.path, tt.by, err, tt.errno)
		case tt.errno != 0:
			if after := list(t, f); after != before {
				t.Errorf("%s %.40q failed and left %s, there was %s", tt.op, tt.path, after, before)
			}
		}
		if err := f.Census().Check(); err != nil {
			t.Errorf("%s %.40q: %v", tt.op, tt.path, err)
		}
	}
}

func TestMknod(t *testing.T) {
	for _, tt := range []struct {
		mode  vfs.Mode
		dev   vfs.Dev
		by    *sched.Task
		errno syscall.Errno
	}{
		{vfs.TypeChar | 0o600, devfs.Dev(1, 3), root, 0},
		{vfs.TypeBlock | 0o600, devfs.Dev(4095, 1<<20-1), root, 0},
		{vfs.TypeSocket | 0o600, vfs.Dev{}, user, 0},
		{vfs.TypeChar | 0o600, devfs.Dev(1, 3), user, syscall.EPERM},
		{vfs.TypeChar | 0o600, devfs.Dev(4096, 3), root, syscall.EINVAL},
		{vfs.TypeRegular | 0o600, vfs.Dev{}, root, syscall.EINVAL},
		{vfs.TypeDir | 0o700, vfs.Dev{}, root, syscall.EINVAL},
		{0o600, vfs.Dev{}, root, syscall.EINVAL},
	} {
		f := newTree(t)
		err := f.Mknod(tt.by, "/tmp/n", tt.mode, tt.dev)
		if vfs.Errno(err) != tt.errno || err != nil && tt.errno == 0 {
			t.Errorf("mknod %v %v by %v: %v, want %v", tt.mode, tt.dev, tt.by, err, tt.errno)
		}
		st, err := f.Lstat(root, "/tmp/n")
		if tt.errno == 0 && (err != nil || st.Mode != tt.mode || st.Rdev != tt.dev || st.UID != tt.by.Cred().UID) {
			t.Errorf("mknod %v %v: made %+v, %v", tt.mode, tt.dev, st, err)
		}
	}
}

func TestRename(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		errno    syscall.Errno
	}{
		{"/d/f", "/d/g", syscall.EPERM},
		{"/d/f", "/tmp/f", syscall.EPERM},
		{"/tmp/mine", "/d/f", syscall.EPERM},
		{"/d/f", "/d/f", 0},
		{"/d", "/d/below", syscall.EINVAL},
		{"/d/f", "/d", syscall.ENOTEMPTY},
		{"/d", "/tmp/mine", syscall.ENOTDIR},
		{"/tmp/mine", "/secret", syscall.EISDIR},
		{"/tmp/mine", "/d/..", syscall.EBUSY},
		{"/tmp/mine", "", syscall.ENOENT},
		{"/tmp/mine", "/nothing/x", syscall.ENOENT},
		{"/tmp/mine", "/tmp/x/", syscall.ENOTDIR},
	} {
		f := newTree(t)
		if err := f.Rename(root, tt.from, tt.to); vfs.Errno(err) != tt.errno {
			t.Errorf("rename %q to %q: %v, want %v", tt.from, tt.to, err, tt.errno)
		}
		if err := f.Census().Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestAnOpenFileOutlivesItsName(t *testing.T) {
	f := newTree(t)
	if err := f.Mknod(root, "/n", vfs.TypeChar|0o600, devfs.Dev(4, 5)); err != nil {
		t.Fatal(err)
	}
	file, err := f.Open(root, "/n", syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Unlink(root, "/n"); err != nil {
		t.Fatal(err)
	}
	if st, err := file.Stat(); err != nil || st.Rdev != devfs.Dev(4, 5) || st.Nlink != 0 {
		t.Errorf("fstat %+v, %v; want the device, without a link", st, err)
	}
	if _, err := f.Stat(root, "/n"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat: %v, want ENOENT", err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if err := file.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
	if _, err := file.Stat(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("fstat after close: %v", err)
	}
	if err := f.Census().Check(); err != nil {
		t.Error(err)
	}
}

func TestAListingSurvivesChange(t *testing.T) {
	f := devfs.New(devfs.Config{})
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		if err := f.Mkdir(root, "/"+n, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := f.Open(root, "/", syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		es, err := dir.ReadDir(root, 2)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			got = append(got, e.Name)
		}
		switch es[0].Name {
		case devfs.DaemonNode: // and a
			for _, err := range []error{f.Rmdir(root, "/a"), f.Rmdir(root, "/c"), f.Mkdir(root, "/f", 0o755)} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if s := strings.Join(got, " "); s != ".. . "+devfs.DaemonNode+" a b d e f" {
		t.Errorf("listing %s", s)
	}
	dir.Close()
}

func TestReadingARemovedDirectory(t *testing.T) {
	f := newTree(t)
	dir, err := f.Open(root, "/secret", syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := f.Rmdir(root, "/secret"); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.ReadDir(root, 0); vfs.Errno(err) != syscall.ENOENT {
		t.Errorf("readdir: %v, want ENOENT", err)
	}
}

func TestAFailedRmdirEvictsTheDentry(t *testing.T) {
	f := newTree(t)
	if _, err := f.Stat(root, "/d"); err != nil {
		t.Fatal(err)
	}
	before, _ := f.Live()
	if err := f.Rmdir(root, "/d"); vfs.Errno(err) != syscall.ENOTEMPTY {
		t.Fatal(err)
	}
	if after, _ := f.Live(); after >= before {
		t.Errorf("%d dentries, there were %d; want fewer", after, before)
	}
	if _, err := f.Stat(root, "/d/f"); err != nil {
		t.Error(err)
	}
	if err := f.Census().Check(); err != nil {
		t.Error(err)
	}
}

func list(t *testing.T, f *devfs.FS) string {
	t.Helper()
	var lines []string
	for _, dir := range []string{"/", "/misc", "/d", "/tmp", "/secret"} {
		es, err := f.ReadDir(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			lines = append(lines, dir+":"+e.Name)
		}
	}
	return strings.Join(lines, " ")
}
