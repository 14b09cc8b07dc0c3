package devfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/floodgate-go/floodgate/devfs"
)

func TestFS(t *testing.T) {
	f := devfs.New(devfs.Config{})
	for _, err := range []error{
		f.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)),
		f.MkBdev("ide/host0/disc", 0o600, devfs.Dev(3, 0)),
		f.MkSymlink("hda", "ide/host0/disc"),
		f.MkDir("empty"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := fstest.TestFS(f.FS(), "misc/null", "ide/host0/disc", "hda", "empty"); err != nil {
		t.Error(err)
	}
	if _, err := fs.Stat(f.FS(), "hda"); err != nil {
		t.Error(err)
	}
	if _, err := fs.Stat(f.FS(), "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat: %v, want ErrNotExist", err)
	}
	sub, err := fs.Sub(f.FS(), "ide/host0")
	if err != nil {
		t.Fatal(err)
	}
	if es, err := fs.ReadDir(sub, "."); err != nil || len(es) != 1 || es[0].Name() != "disc" {
		t.Errorf("sub: %v, %v", es, err)
	}
	if _, err := fs.Sub(f.FS(), "misc/null"); err == nil {
		t.Error("sub of a device")
	}
	check(t, f)
}

func ExampleFS_FS() {
	f := devfs.New(devfs.Config{})
	f.MkCdev("misc/null", 0o666, devfs.Dev(1, 3))
	f.MkSymlink("null", "misc/null")
	fs.WalkDir(f.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		fmt.Println(e.Type(), path)
		return err
	})
	// Output:
	// d--------- .
	// Dc--------- .devfsd
	// d--------- misc
	// Dc--------- misc/null
	// L--------- null
}
