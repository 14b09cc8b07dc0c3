package lookup_test

import (
	"fmt"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/sched"
)

// A task that is given a trace function shows the steps of its lookup.
func Example() {
	g, err := lookup.ByID("G4")
	if err != nil {
		fmt.Println(err)
		return
	}
	fs := devfs.New(devfs.Config{Lookup: g})
	fs.MkCdev("null", 0o666, devfs.Dev(1, 3))
	ls := sched.NewTask("ls", sched.TaskConfig{Trace: func(_ *sched.Task, l *sched.Label) {
		fmt.Println(l)
	}})
	fs.Stat(ls, "/null")
	// Output:
	// V1 search the hash
	// V4 down(i_sem)
	// V5 search the hash again
	// V6 allocate a dentry, call lookup
	// L1 d_op := plain
	// L2 search the entries
	// L3' record on the heap, count 1
	// L3b d_fsdata := record
	// L5 d_op := wait
	// L6 hash as negative, in flight
	// L7 up(i_sem)
	// L8 wait for the daemon
	// W1 is there a daemon?
	// L10 de := record.de
	// L11 d_inode set already?
	// L13 make the inode
	// L14 d_instantiate
	// L17 write-lock the entries
	// L15 d_op := plain
	// L16 d_fsdata := nil
	// L18 wake all in the record
	// L18' put(record)
	// L19 unlock the entries
	// L9 down(i_sem)
	// L20 put(de), return
	// V8 up(i_sem)
	// V9 use the dentry
}
