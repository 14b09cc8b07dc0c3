package vfs

import "github.com/floodgate-go/floodgate/sched"

// An Observer is told what calls do: for checks, under an explorer or in a real
// run. Each method is called by the task that makes the call, between two of
// its steps; it must take none, and must not block.
type Observer interface {
	// Begin and End frame a call.
	Begin(c *Call)
	End(c *Call)
	// Enter and Leave frame a method of the file system, or the revalidate
	// hook of a dentry.
	Enter(c *Call, m Method, d *Dentry)
	Leave(c *Call, m Method, d *Dentry)
	// Down comes before c waits for i's i_sem, Up before it releases it.
	Down(c *Call, i *Inode)
	Up(c *Call, i *Inode)
}

// A Method is what an [Observer] is told of.
type Method uint8

// The methods.
const (
	Lookup     Method = iota // i_op->lookup
	Revalidate               // d_op->d_revalidate
	Create                   // create, mkdir, mknod, symlink
	Remove                   // unlink, rmdir
)

// Observe makes o the observer of all calls from now on; nil for none. It must
// come before the first call.
func (tr *Tree) Observe(o Observer) { tr.observer = o }

func (c *Call) enter(m Method, d *Dentry) {
	if o := c.tree.observer; o != nil {
		o.Enter(c, m, d)
	}
}

func (c *Call) leave(m Method, d *Dentry) {
	if o := c.tree.observer; o != nil {
		o.Leave(c, m, d)
	}
}

// A DentryPeek is what a check sees of a dentry, hashed or not.
type DentryPeek struct {
	Count  int
	Hashed bool
	Inode  *Inode
	Ops    *DentryOps
	Data   any // d_fsdata
}

// PeekState returns the state of d without a step. Nobody may be in the middle
// of one.
func (d *Dentry) PeekState() DentryPeek {
	return DentryPeek{d.count, d.hashed, d.PeekInode(), d.ops.Peek(), d.PeekFSData()}
}

// PeekDentries calls f for each dentry that is alive, the oldest first and the
// root not, without a step. They are known only under a scheduler.
func (tr *Tree) PeekDentries(f func(d *Dentry)) {
	for _, d := range tr.known {
		f(d)
	}
}

// PeekHash returns the dentry of a name that a search in d would find now, and
// takes neither a step nor a reference.
func (d *Dentry) PeekHash(name string) (found *Dentry) {
	if k := d.kids.Load(); k != nil {
		k.sec.Peek(func() { found = k.m[name] })
	}
	return found
}

// born notes a new dentry.
func (tr *Tree) born(d *Dentry) {
	tr.dentries.Add(1)
	if tr.sched != nil {
		tr.mu.Lock()
		tr.known = append(tr.known, d)
		tr.mu.Unlock()
	}
}

// gone is the end of a dentry.
func (tr *Tree) gone(d *Dentry) {
	tr.dentries.Add(-1)
	if tr.sched == nil {
		return
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for n, k := range tr.known {
		if k == d {
			tr.known = append(tr.known[:n], tr.known[n+1:]...)
			return
		}
	}
}

// Op returns what the call does, such as "unlink".
func (c *Call) Op() string { return c.op }

// Path returns what it does it to.
func (c *Call) Path() string { return c.path }

// InodeObject returns d_inode as an object of the scheduler, nil without one
// and before d is hashed.
func (d *Dentry) InodeObject() *sched.Object { return d.inodeObj }
