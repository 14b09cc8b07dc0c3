package scenario

import (
	"syscall"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// How long a task is held at a gate: users start in turn, then the daemon's
// handler ends, then whoever is slow to wake goes on.
const (
	first = iota
	second
	third
	handled
	wakes
)

// LsRm is the hang that came every time: 2003-07-07.
var LsRm = Reproducer{
	ID:      "R-a",
	Command: "ls /dev/foo & rm -f /dev/foo &",
	About:   "a daemon with a LOOKUP rule, and no /dev/foo; every machine hung at once",
	Gate:    "ls starts when the daemon sleeps, rm when ls sleeps; the daemon's handler ends when both sleep",
	play: func(r *round) {
		r.daemon(r.slow)
		r.user("ls", first, r.stat("/foo"), syscall.ENOENT)
		r.user("rm", second, r.unlink("/foo"), syscall.ENOENT)
	},
}

// ManyLs is the corruption that came on machines with more than one processor:
// 2003-07-06.
var ManyLs = Reproducer{
	ID:      "R-b",
	Command: "while true; do ls /dev/foo & done",
	About:   "a daemon with a LOOKUP rule, and no /dev/foo; lock-ups and corrupted lists on SMP",
	Gate:    "each ls starts when the one before sleeps; the daemon's handler ends when all sleep; who slept in a revalidate is slow to wake",
	play: func(r *round) {
		r.daemon(r.slow)
		r.user("ls1", first, r.stat("/foo"), syscall.ENOENT)
		r.user("ls2", second, r.stat("/foo"), syscall.ENOENT)
		r.user("ls3", third, r.stat("/foo"), syscall.ENOENT)
	},
}

// Helpers is the daemon that waits for a helper that waits for the daemon:
// 2003-07-11.
var Helpers = Reproducer{
	ID:      "R-c",
	Command: "ls /dev/foo",
	About:   "LOOKUP ^foo$ EXECUTE h bar, LOOKUP ^bar$ EXECUTE h foo, where h starts a process group of its own and looks at its argument",
	play: func(r *round) {
		r.daemon(func(d *sched.Task, ev devfs.Event) {
			other := "/bar"
			if ev.Name == "bar" {
				other = "/foo"
			}
			h := sched.NewTask("h", sched.TaskConfig{Parent: d})
			h.SetGroup()
			r.execute(d, h, r.stat(other), syscall.ENOENT)
		})
		r.user("ls", first, r.stat("/foo"), syscall.ENOENT)
	},
}

// Minilogd is the hang at boot before there is a system log: 2003-05-07.
var Minilogd = Reproducer{
	ID:      "R-d",
	Command: "minilogd & minilogd &",
	About:   "boot, no syslog yet: both look for /dev/log, then one removes and makes it; the daemon ignores the name",
	Gate:    "the first starts when the daemon sleeps, the second when the first does; the daemon's handler ends when both sleep",
	play: func(r *round) {
		r.daemon(r.slow)
		r.user("minilogd1", first, r.stat("/log"), syscall.ENOENT, 0)
		r.user("minilogd2", second, func(t *sched.Task) error {
			if err := r.fs.Unlink(t, "/log"); vfs.Errno(err) != syscall.ENOENT {
				return err
			}
			return r.fs.Mknod(t, "/log", vfs.TypeSocket|0o666, vfs.Dev{})
		}, 0)
	},
}

// Killed is the daemon that dies while somebody waits for it.
var Killed = Reproducer{
	ID:      "R-h",
	Command: "ls /dev/foo & killall -9 devfsd",
	About:   "a daemon with a LOOKUP rule, and no /dev/foo; ls waits for the daemon when that is killed",
	play: func(r *round) {
		d := r.daemon(func(d *sched.Task, _ devfs.Event) { r.w.Settle(d, wakes) })
		r.user("ls", first, r.stat("/foo"), syscall.ENOENT)
		r.user("killall", first, func(t *sched.Task) error {
			r.w.Settle(t, handled)
			d.Kill(nil)
			return nil
		}, 0)
	},
}

// Stopped is the daemon that owns the queue and does not read.
var Stopped = Reproducer{
	ID:      "R-i",
	Command: "killall -STOP devfsd; ls -l /dev/misc/null & sleep 1; killall -CONT devfsd",
	About:   "a stopped daemon; /dev/misc/null is there but not cached; ls sleeps in D state until the daemon goes on",
	play: func(r *round) {
		if err := r.fs.MkCdev("misc/null", 0o666, devfs.Dev(1, 3)); err != nil {
			r.wrongf("mk_cdev: %v", err)
		}
		r.stopped = true
		r.daemon(nil)
		r.user("ls", first, r.stat("/misc/null"), 0)
	},
}
