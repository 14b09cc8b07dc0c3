package devfs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// Random operations of many tasks and drivers on few names, without a daemon:
// each answer is one that is possible, and when all are done each entry has the
// references that it must have, and everything can be removed. Of the historical
// protocols it is one that changes dentries under i_sem alone, so that what is
// seen here is the rest.
func TestStorm(t *testing.T) {
	for _, g := range []*lookup.Generation{&lookup.Gm, &lookup.Ours} {
		t.Run(g.ID, func(t *testing.T) {
			rounds := uint64(20)
			if testing.Short() {
				rounds = 3
			}
			for seed := range rounds {
				stormRound(t, g, seed)
			}
		})
	}
}

func stormRound(t *testing.T, g *lookup.Generation, seed uint64) {
	f := devfs.New(devfs.Config{Provider: floodgate.Ours(sched.NewNoise(seed, 20)), Lookup: g})
	var wg sync.WaitGroup
	for n := range 6 {
		task := sched.NewTask(fmt.Sprintf("task%d", n), sched.TaskConfig{})
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		wg.Go(func() {
			for range 200 {
				storm(t, f, task, rnd)
			}
		})
	}
	wg.Wait()
	check(t, f)
	for _, name := range stormNames {
		f.Remove(name)
	}
	check(t, f)
	if c := f.Census(); c.Entries != 2 || c.Dentries != 1 {
		t.Fatalf("seed %d: %+v: want nothing but the root and %s", seed, c, devfs.DaemonNode)
	}
}

var stormNames = []string{"a", "b", "d", "d/a", "d/b"}

func storm(t *testing.T, f *devfs.FS, task *sched.Task, rnd *rand.Rand) {
	name := stormNames[rnd.IntN(len(stormNames))]
	path := "/" + name
	var err error
	may := []syscall.Errno{syscall.ENOENT, syscall.ENOTDIR}
	switch op := rnd.IntN(13); op {
	case 0:
		_, err = f.Stat(task, path)
		may = append(may, syscall.ENOMEM) // gone between search and inode
	case 1:
		err = f.Mkdir(task, path, 0o755)
		may = append(may, syscall.EEXIST, syscall.ENOMEM)
	case 2:
		err = f.Mknod(task, path, vfs.TypeChar|0o600, devfs.Dev(1, 1))
		may = append(may, syscall.EEXIST, syscall.ENOMEM)
	case 3:
		err = f.Symlink(task, "b", path)
		may = append(may, syscall.EEXIST, syscall.ENOMEM, syscall.ELOOP)
	case 4:
		err = f.Unlink(task, path)
		may = append(may, syscall.EISDIR, syscall.EPERM, syscall.ENOMEM)
	case 5:
		err = f.Rmdir(task, path)
		may = append(may, syscall.EPERM, syscall.ENOTEMPTY, syscall.ENOMEM)
	case 6:
		_, err = f.ReadDir(task, path)
		may = append(may, syscall.ENOMEM)
	case 7:
		var file *vfs.File
		if file, err = f.Open(task, path, syscall.O_RDWR|syscall.O_CREAT, 0o600); err == nil {
			err = file.Close()
		}
		may = append(may, syscall.EACCES, syscall.EISDIR, syscall.ENOMEM)
	case 8:
		err = f.Chmod(task, path, 0o640)
		may = append(may, syscall.ENOMEM)
	case 9:
		// In the kernel's protocols a rename across two directories takes
		// one i_sem again, after a lookup, with the other held, in any order.
		to := path + "2"
		if f.Generation() == &lookup.Ours {
			to = "/" + stormNames[rnd.IntN(len(stormNames))]
		}
		err = f.Rename(task, path, to)
		may = append(may, syscall.EPERM, syscall.ENOMEM, syscall.EINVAL, syscall.ENOTEMPTY, syscall.EISDIR, syscall.EEXIST)
	case 10:
		err = f.MkCdev(name, 0o600, devfs.Dev(1, 1))
		may = append(may, syscall.EEXIST)
	case 11:
		err = f.MkDir(name)
		may = append(may, syscall.EEXIST)
	case 12:
		err = f.Remove(name)
	}
	if err != nil && !slices.Contains(append(may, syscall.ELOOP), vfs.Errno(err)) {
		t.Errorf("%v", err)
	}
}
