package invariant

import (
	"slices"
	"syscall"

	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/vfs"
)

// answers is SF-13: what the calls say is what is so at some instant while they
// go on.
type answers struct {
	names []*name
	open  []*Answer
	memor bool // memory was refused in this run
}

// A name is what is known of a name that calls are about.
type name struct {
	path   string
	empty  int   // the last step after which the hash had no dentry of it
	done   int   // the last step at which a LOOKUP of it was handled, 0: none
	made   int   // successful makings minus successful removals
	first  int   // 1: it was there at the start
	makers int   // of calls of the kernel that make it, going on
	maker  Actor // the last
	left   leaving
	// implied: a directory that the kernel makes again for what it registers
	implied bool
}

// A leaving is the end of a lookup.
type leaving struct {
	by    Actor
	woken Actor // who had woken it
}

// An Answer is a call whose answer is to be checked.
type Answer struct {
	m       *Monitor
	t       *task
	op      string
	names   []witness
	refused bool // memory was refused to it
}

// A witness collects what was so of a name while a call went on.
type witness struct {
	n       *name
	asked   int  // LOOKUPs that were handled before this step do not count
	present bool // it was there
	dir     bool // and was a directory
	other   bool // and was none
	absent  bool // it was not there
	missing bool // it was not there, and the daemon had been asked
	alone   bool // nobody could be asked
	aside   bool // what it is does not matter to whether the call finds its name
}

func (a *answers) name(path string) *name {
	for _, n := range a.names {
		if n.path == path {
			return n
		}
	}
	return nil
}

// Name tells m of a name that calls will be about, before the tasks run.
func (m *Monitor) Name(paths ...string) {
	for _, p := range paths {
		if m.answers.name(p) != nil {
			continue
		}
		n := &name{path: p}
		if _, ok := m.fs.PeekName(p); ok {
			n.first = 1
		}
		m.answers.names = append(m.answers.names, n)
	}
}

// Refused tells m that memory was refused to t.
func (m *Monitor) Refused(t *sched.Task, what string) {
	m.answers.memor = true
	for _, a := range m.answers.open {
		if t == nil || a.t.Is(t) {
			a.refused = true
		}
	}
}

// Ask begins a call of t, whose answer depends on names: paths without their
// leading slash, parents before what is in them. The caller passes the answer to
// [Answer.Is].
func (m *Monitor) Ask(t *sched.Task, op string, paths ...string) *Answer {
	a := &Answer{m: m, t: m.find(t), op: op}
	for _, p := range paths {
		n := m.answers.name(p)
		w := witness{n: n, asked: m.seq}
		if m.hashed(p) {
			w.asked = n.empty
		}
		a.names = append(a.names, w)
	}
	if op == "register" {
		for n := range a.names[:len(a.names)-1] {
			a.names[n].n.implied = true
		}
		n := a.last().n
		n.makers++
		n.maker = Actor{Role: "registration", Task: a.t.Name()}
	}
	m.answers.open = append(m.answers.open, a)
	a.look()
	return a
}

// Aside names what else the call is about, such as the new name of a rename. It
// comes right after [Monitor.Ask].
func (a *Answer) Aside(paths ...string) {
	for _, p := range paths {
		if n := a.m.answers.name(p); n != nil {
			a.names = slices.Insert(a.names, 0, witness{n: n, aside: true})
		}
	}
	a.look()
}

// hashed reports whether a search would find a dentry of the name.
func (m *Monitor) hashed(path string) bool {
	d := m.fs.Root()
	for path != "" && d != nil {
		var first string
		first, path = cut(path)
		d = d.PeekHash(first)
	}
	return d != nil
}

func cut(path string) (first, rest string) {
	for i := range len(path) {
		if path[i] == '/' {
			return path[:i], path[i+1:]
		}
	}
	return path, ""
}

func (a *Answer) last() *witness { return &a.names[len(a.names)-1] }

// look notes what is so now.
func (a *Answer) look() {
	owner, mask := a.m.fs.PeekOwner()
	impossible := owner == nil || mask&devfs.Lookup.Mask() == 0 || a.refused || a.m.class(a.t.Task)
	for n := range a.names {
		w := &a.names[n]
		w.alone = w.alone || impossible
		if e, ok := a.m.fs.PeekName(w.n.path); ok {
			w.present = true
			w.dir = w.dir || e.Type == vfs.TypeDir
			w.other = w.other || e.Type != vfs.TypeDir
			continue
		}
		w.absent = true
		w.missing = w.missing || w.n.done > w.asked
	}
}

// answersStep is done after each step.
func (m *Monitor) answersStep() {
	for _, x := range m.answers.names {
		if !m.hashed(x.path) {
			x.empty = m.seq
		}
	}
	for _, a := range m.answers.open {
		a.look()
	}
}

func (a *answers) completed(path string, seq int) {
	if n := a.name(path); n != nil {
		n.done = seq + 1
	}
}

// making reports whether the kernel is registering a name.
func (a *answers) making(path string) bool {
	n := a.name(path)
	return n != nil && n.makers > 0
}

func (a *answers) maker(path string) Actor {
	if n := a.name(path); n != nil {
		return n.maker
	}
	return Actor{}
}

// Is ends the call, and checks its answer.
func (a *Answer) Is(err error) {
	m := a.m
	a.look()
	m.answers.open = slices.DeleteFunc(m.answers.open, func(b *Answer) bool { return a == b })
	if a.op == "register" {
		a.last().n.makers--
	}
	if m.over {
		return
	}
	errno := syscall.Errno(0)
	if err != nil {
		if errno = vfs.Errno(err); errno == 0 {
			return // no answer about a name
		}
	}
	if errno == 0 {
		a.count()
	}
	if why := a.wrong(errno); why != "" {
		who := m.actor(a.t)
		v := &Violation{Statement: "SF-13", What: why, Effect: Wrong, Object: a.op + " " + a.last().n.path,
			Who: Actor{Role: a.party(), Task: who.Task}, Other: a.cause(why)}
		m.tell(v)
	}
}

// party says what a call does, as far as it matters to an answer.
func (a *Answer) party() string {
	kind := a.t.kind
	if kind != user {
		return kind
	}
	return "caller"
}

// cause says whose step has made an answer wrong, as far as it is known: who has
// ended the last wait of the call, or who has left the dentry as it is.
func (a *Answer) cause(why string) Actor {
	early := why == early
	if early && a.t.woken != (Actor{}) {
		return a.t.woken
	}
	l := a.last().n.left
	if early && l.woken != (Actor{}) {
		return l.woken
	}
	if by := a.m.looking(a.last().n.path); early && by != (Actor{}) {
		return by
	}
	return l.by
}

// looking returns who is looking a name up.
func (m *Monitor) looking(path string) Actor {
	for _, u := range m.tasks {
		if in := u.in(); in != nil && in.method == vfs.Lookup && in.d.Path() == path {
			if u.woken != (Actor{}) {
				return u.woken // and that is why the name is known as missing
			}
			return m.actor(u)
		}
	}
	return Actor{}
}

// count notes a success, for the balance at the end.
func (a *Answer) count() {
	n := a.last().n
	switch a.op {
	case "mkdir", "mknod", "symlink", "register":
		n.made++
	case "unlink", "rmdir", "unregister":
		n.made--
	}
}

const early = "ENOENT before the daemon has answered"

// wrong says what is wrong with an answer, in words that do not vary.
func (a *Answer) wrong(errno syscall.Errno) string {
	w := a.last()
	any := func(f func(*witness) bool) bool {
		for n := range a.names {
			if f(&a.names[n]) {
				return true
			}
		}
		return false
	}
	creates := a.op == "mkdir" || a.op == "mknod" || a.op == "symlink" || a.op == "register"
	switch errno {
	case 0:
		switch {
		case creates && !w.absent:
			return "a name is made that was there all the time"
		case !creates && !w.present:
			return "success about a name that was never there"
		}
	case syscall.ENOENT:
		switch {
		case !any(func(w *witness) bool { return w.absent && !w.aside }):
			return "ENOENT, and the name was there all the time"
		case a.op != "register" && a.op != "unregister" && !any(func(w *witness) bool {
			// A directory that goes while the call is in it is not asked for.
			gone := w != a.last() && w.present && w.absent
			return (w.missing || w.absent && w.alone || gone) && !w.aside
		}):
			if any(func(w *witness) bool { return !w.aside && w.n.done > w.asked }) {
				return "ENOENT, and the name was there when the daemon had answered"
			}
			return early
		}
	case syscall.EEXIST:
		if !w.present {
			return "EEXIST, and the name was never there"
		}
	case syscall.ENOMEM:
		if !a.refused {
			return "ENOMEM, and memory was not refused"
		}
	case syscall.EISDIR:
		if !any(func(w *witness) bool { return w.dir }) {
			return "EISDIR, and there was no directory"
		}
	case syscall.ENOTDIR:
		if !any(func(w *witness) bool { return w.other }) {
			return "ENOTDIR, and there was nothing else than a directory"
		}
	case syscall.EACCES:
		if a.op != "creat" || !w.absent {
			return "EACCES, and nobody was to be denied"
		}
	case syscall.EPERM, syscall.ENOTEMPTY, syscall.ENODEV, syscall.EBUSY, syscall.ELOOP:
		if !any(func(w *witness) bool { return w.present }) {
			return errno.Error() + " about a name that was never there"
		}
	default:
		return "an answer that the call does not have: " + errno.Error()
	}
	return ""
}

// balance is what SF-13 says at the end: what was made and not removed is there.
func (m *Monitor) balance() {
	for _, x := range m.answers.names {
		now := 0
		if _, ok := m.fs.PeekName(x.path); ok {
			now = 1
		}
		if x.first+x.made != now && !x.implied {
			m.tell(&Violation{Statement: "SF-13", What: "the successes do not add up to what is there", Effect: Wrong, Object: x.path})
		}
	}
}

// left returns who has last looked a name up.
func (a *answers) left(path string) Actor {
	if n := a.name(path); n != nil {
		return n.left.by
	}
	return Actor{}
}
