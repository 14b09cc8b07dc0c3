package devfs_test

import (
	"fmt"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
)

func Example() {
	fs := devfs.New(devfs.Config{})
	if err := fs.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)); err != nil {
		fmt.Println(err)
	}

	ls := sched.NewTask("ls", sched.TaskConfig{})
	st, err := fs.Stat(ls, "/misc/null")
	fmt.Println(st.Mode, st.Rdev, err)
	_, err = fs.Stat(ls, "/misc/zero")
	fmt.Println(err)
	// Output:
	// Dcrw-rw-rw- 1:3 <nil>
	// stat /misc/zero: no such file or directory
}

// A daemon makes a name when somebody asks for it.
func ExampleFS_Claim() {
	fs := devfs.New(devfs.Config{})
	fs.MkCdev("cdroms/cdrom0", 0o660, devfs.Dev(11, 0))

	devfsd := sched.NewTask("devfsd", sched.TaskConfig{})
	d, err := fs.Claim(devfsd, devfs.Events(devfs.Lookup))
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan struct{})
	sched.Go(nil, devfsd, func() {
		defer close(done)
		defer d.Release()
		for {
			ev, err := d.Read(devfsd)
			if err != nil {
				return // killed
			}
			fmt.Println(ev)
			if ev.Name == "cdrom" {
				fs.Symlink(devfsd, "cdroms/cdrom0", "/cdrom")
			}
		}
	})

	mount := sched.NewTask("mount", sched.TaskConfig{})
	st, err := fs.Stat(mount, "/cdrom")
	fmt.Println(st.Rdev, err)

	devfsd.Kill(nil)
	<-done
	// Output:
	// LOOKUP cdrom
	// 11:0 <nil>
}
