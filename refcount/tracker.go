package refcount

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/floodgate-go/floodgate/sched"
)

// A Dir notes who holds the references on one object (struct ref_tracker_dir):
// each [Tracker] stands for one reference and knows the stack that took it. It
// finds references that are dropped twice, at once, and references that are
// never dropped, at Exit.
//
// Make a Dir with NewDir. The methods of a nil *Dir do nothing: that is how
// tracking is switched off. All methods may be called concurrently.
type Dir struct {
	name string
	self *Dir // finds copies

	mu        sync.Mutex
	live      map[*Tracker]struct{}
	exited    bool
	untracked int        // references without a token
	freed     []*Tracker // the last ones, a ring
	next      int        // where the ring continues
	bound     int
}

// A Tracker is the token of one reference (struct ref_tracker). The methods of
// a nil *Tracker do nothing.
type Tracker struct {
	dir   *Dir
	made  Place
	freed atomic.Pointer[Place]
}

// NewDir returns an empty directory (ref_tracker_dir_init). It keeps the last
// quarantine freed tokens for [Dir.Freed]; 0 keeps none. It panics with an
// *[AmountError] if quarantine is negative.
func NewDir(name string, quarantine int) *Dir {
	if quarantine < 0 {
		panic(&AmountError{Op: "NewDir", Name: name, Amount: quarantine})
	}
	d := &Dir{name: name, live: make(map[*Tracker]struct{}), bound: quarantine}
	d.self = d
	return d
}

// Alloc notes one reference and returns its token (ref_tracker_alloc). The
// optional argument is the task that takes it. It panics with a *[StateError]
// after Exit.
func (d *Dir) Alloc(by ...*sched.Task) *Tracker {
	if d == nil {
		return nil
	}
	t := &Tracker{dir: d, made: here(taskOf(by))}
	d.lock()
	defer d.mu.Unlock()
	d.mustLive("Alloc")
	d.live[t] = struct{}{}
	return t
}

// lock locks the directory. It finds copies.
func (d *Dir) lock() {
	if d.self != d {
		panic(&CopiedError{Type: "Dir", Name: d.name})
	}
	d.mu.Lock()
}

func (d *Dir) mustLive(op string) {
	if d.exited {
		panic(&StateError{Op: op, Name: d.name, State: "exited"})
	}
}

// Free notes that the reference was dropped (ref_tracker_free). A second Free,
// at any later time, changes nothing and returns a *[ReleasedError].
func (t *Tracker) Free(by ...*sched.Task) error {
	if t == nil {
		return nil
	}
	return t.dir.Free(t, by...)
}

// Made returns where and by whom the reference was taken.
func (t *Tracker) Made() Place {
	if t == nil {
		return Place{}
	}
	return t.made
}

// Free notes that the reference of t was dropped. It returns [ErrForeign] if d
// did not make t, and a *[ReleasedError] if t was freed before; both change
// nothing.
func (d *Dir) Free(t *Tracker, by ...*sched.Task) error {
	if d == nil || t == nil {
		return nil
	}
	if t.dir != d {
		return ErrForeign
	}
	at := here(taskOf(by))
	d.lock()
	defer d.mu.Unlock()
	if !t.freed.CompareAndSwap(nil, &at) {
		return &ReleasedError{Dir: d.name, Made: t.made, Freed: *t.freed.Load(), Again: at}
	}
	delete(d.live, t)
	switch {
	case len(d.freed) < d.bound:
		d.freed = append(d.freed, t)
	case d.bound > 0:
		d.freed[d.next] = t
		d.next = (d.next + 1) % d.bound
	}
	return nil
}

// put is Free for the drop of a counted reference: it reports a fault instead
// of returning it, and tells whether there is a reference to drop.
func (d *Dir) put(s sched.Scheduler, t *Tracker, by *sched.Task) bool {
	if d == nil {
		return true
	}
	if t == nil {
		d.drop()
		return true
	}
	if err := d.Free(t, by); err != nil {
		report(s, "dir "+d.name, err)
		return false
	}
	return true
}

// hold and drop count references without a token.
func (d *Dir) hold() {
	if d != nil {
		d.count(1)
	}
}

func (d *Dir) drop() {
	if d != nil {
		d.count(-1)
	}
}

func (d *Dir) count(n int) {
	d.lock()
	d.untracked += n
	d.mu.Unlock()
}

// Freed returns where the references were dropped last, oldest first: at most
// as many as the quarantine holds.
func (d *Dir) Freed() []Place {
	if d == nil {
		return nil
	}
	d.lock()
	defer d.mu.Unlock()
	list := make([]Place, 0, len(d.freed))
	for i := range d.freed {
		list = append(list, *d.freed[(d.next+i)%len(d.freed)].freed.Load())
	}
	return list
}

// A Group is the live references that were taken from one stack.
type Group struct {
	Stack Stack
	Count int
	Tasks []*sched.Task // who took them, where known; each task once
}

// Groups returns the live references by stack, largest group first.
func (d *Dir) Groups() []Group {
	if d == nil {
		return nil
	}
	d.lock()
	list := d.places()
	d.mu.Unlock()
	return group(list)
}

// places returns where the live references were taken. The lock is held.
func (d *Dir) places() []Place {
	list := make([]Place, 0, len(d.live))
	for t := range d.live {
		list = append(list, t.made)
	}
	return list
}

func group(list []Place) []Group {
	index := make(map[Stack]int)
	var groups []Group
	for _, p := range list {
		i, ok := index[p.Stack]
		if !ok {
			i = len(groups)
			index[p.Stack] = i
			groups = append(groups, Group{Stack: p.Stack})
		}
		g := &groups[i]
		g.Count++
		if p.Task != nil && !slices.ContainsFunc(g.Tasks, p.Task.Is) {
			g.Tasks = append(g.Tasks, p.Task)
		}
	}
	for _, g := range groups {
		slices.SortFunc(g.Tasks, func(a, b *sched.Task) int { return cmp.Compare(a.PID(), b.PID()) })
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), slices.Compare(a.Stack.pcs[:], b.Stack.pcs[:]))
	})
	return groups
}

// Report writes the live references by stack to w, at most limit groups, 0 for
// all, largest first, and how many references were left out
// (ref_tracker_dir_print). It returns the error of w.
func (d *Dir) Report(w io.Writer, limit int) error {
	if d == nil {
		return nil
	}
	d.lock()
	list, untracked := d.places(), d.untracked
	d.mu.Unlock()
	_, err := io.WriteString(w, reportText(d.name, group(list), len(list), untracked, limit))
	return err
}

func reportText(name string, groups []Group, tracked, untracked, limit int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d references from %d places\n", name, tracked, len(groups))
	left := tracked
	for i, g := range groups {
		if limit > 0 && i == limit {
			break
		}
		left -= g.Count
		fmt.Fprintf(&b, "  %d of %d", g.Count, tracked)
		for i, t := range g.Tasks {
			fmt.Fprintf(&b, "%s%s", [...]string{" by ", ", "}[min(i, 1)], t.Name())
		}
		fmt.Fprintf(&b, "\n%s", g.Stack.Trace("    "))
	}
	if left > 0 {
		fmt.Fprintf(&b, "  %d of %d omitted\n", left, tracked)
	}
	if untracked != 0 {
		fmt.Fprintf(&b, "  %d without a token\n", untracked)
	}
	return b.String()
}

// Exit ends the directory (ref_tracker_dir_exit). If references are live it
// returns a *[LeakError]. After that Alloc panics, Free still checks, and a
// second Exit panics with a *[StateError].
func (d *Dir) Exit() error {
	if d == nil {
		return nil
	}
	list, untracked := d.exit()
	if len(list) == 0 && untracked == 0 {
		return nil
	}
	return &LeakError{Dir: d.name, Groups: group(list), Tracked: len(list), Untracked: untracked}
}

func (d *Dir) exit() (live []Place, untracked int) {
	d.lock()
	defer d.mu.Unlock()
	d.mustLive("Exit")
	d.exited = true
	return d.places(), d.untracked
}

// leakGroups is the number of groups in the text of a LeakError.
const leakGroups = 16

// LeakError reports that a directory ended while references were live.
type LeakError struct {
	Dir       string
	Groups    []Group // by stack, largest first
	Tracked   int     // live references with a token
	Untracked int     // those without; negative: dropped more often than taken
}

// Error lists the references by stack, at most 16 groups.
func (e *LeakError) Error() string {
	return "refcount: leak: " + strings.TrimSuffix(reportText(e.Dir, e.Groups, e.Tracked, e.Untracked, leakGroups), "\n")
}
