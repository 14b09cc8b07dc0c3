package vfs

import (
	"fmt"

	"github.com/floodgate-go/floodgate/sched"
	"github.com/floodgate-go/floodgate/waitq"
)

// A Call is one system call that is going on: the task, what it does to which
// path, and which directories it holds. File systems get it with each method;
// they take and release i_sem through it, and sleep through it.
//
// A Call belongs to the goroutine that makes it.
type Call struct {
	task   *sched.Task
	tree   *Tree
	op     string
	path   string
	held   []held
	links  int  // symbolic links followed
	rename bool // holds the tree's rename semaphore
	waited []Pending
}

// held is an inode whose i_sem the call took n times more often than it
// released it. A call that releases what it never took has n below 0, until it
// takes it again.
type held struct {
	inode *Inode
	n     int
}

// begin checks what every call checks and starts it. The caller defers end.
func (tr *Tree) begin(t *sched.Task, op, path string) (*Call, error) {
	if t == nil {
		return nil, pathError(op, path, errNilTask)
	}
	if err := checkPath(path); err != nil {
		return nil, pathError(op, path, err)
	}
	return tr.Begin(t, op, path), nil
}

// Begin starts a call that is none of this package's, such as a method that a
// file system adds. The caller defers End.
func (tr *Tree) Begin(t *sched.Task, op, path string) *Call {
	c := &Call{task: t, tree: tr, op: op, path: path}
	tr.enter(c)
	return c
}

// End ends the call. A call that was unwound, because its task was killed or
// ran into a bug, releases here what it still holds; so a hung run can be torn
// down, whatever its locks can do.
func (c *Call) End() {
	for i := len(c.held) - 1; i >= 0; i-- {
		for h := c.held[i]; h.n > 0; h.n-- {
			c.release(h.inode)
		}
	}
	if c.rename {
		c.unlockRename()
	}
	if c.waited != nil {
		c.putWaited()
	}
	c.tree.leave(c)
}

// Task returns who makes the call.
func (c *Call) Task() *sched.Task { return c.task }

// Tree returns the tree that the call is made on.
func (c *Call) Tree() *Tree { return c.tree }

// At notes that the task is about to make the labelled step. See
// [sched.Task.At].
func (c *Call) At(l *sched.Label) { c.task.At(l) }

// Down takes i's i_sem and sleeps, uninterruptibly, until it is free.
func (c *Call) Down(i *Inode) {
	if o := c.tree.observer; o != nil {
		o.Down(c, i)
	}
	c.task.Must(i.sem.Down(c.task.Uninterruptible()))
	i.permits.Add(-1)
	i.holder.Store(c.task)
	c.note(i, 1)
}

// Up releases i's i_sem. As in the kernel nothing stops a call from releasing
// what it did not take; the semaphore then lets one more task in. Who looks can
// see it in [Inode.Permits] and [Call.Held].
func (c *Call) Up(i *Inode) {
	if o := c.tree.observer; o != nil {
		o.Up(c, i)
	}
	c.note(i, -1)
	c.release(i)
}

func (c *Call) release(i *Inode) {
	i.permits.Add(1)
	i.holder.CompareAndSwap(c.task, nil)
	i.sem.Up()
}

func (c *Call) note(i *Inode, d int) {
	for k := range c.held {
		if c.held[k].inode == i {
			c.held[k].n += d
			if c.held[k].n == 0 {
				c.held = append(c.held[:k], c.held[k+1:]...)
			}
			return
		}
	}
	c.held = append(c.held, held{i, d})
}

// Holds returns how often the call took i's i_sem more than it released it.
func (c *Call) Holds(i *Inode) int {
	for _, h := range c.held {
		if h.inode == i {
			return h.n
		}
	}
	return 0
}

// Held returns the inodes whose i_sem the call holds, in the order taken.
func (c *Call) Held() []*Inode {
	var is []*Inode
	for _, h := range c.held {
		if h.n > 0 {
			is = append(is, h.inode)
		}
	}
	return is
}

// HoldsRename reports whether the call holds the tree's rename semaphore.
func (c *Call) HoldsRename() bool { return c.rename }

// Sleep sleeps on the queue that w is linked into, uninterruptibly, until a
// wake (schedule in TASK_UNINTERRUPTIBLE). A wake that came since w was linked
// ends it at once. A killed task unwinds.
func (c *Call) Sleep(w *waitq.Waiter) {
	c.task.Must(w.Park(c.task.Uninterruptible()))
}

func (c *Call) lockRename() {
	c.task.Must(c.tree.renameSem.Down(c.task.Uninterruptible()))
	c.rename = true
}

func (c *Call) unlockRename() {
	c.rename = false
	c.tree.renameSem.Up()
}

// String returns the call as "stat /foo by ls/17".
func (c *Call) String() string { return fmt.Sprintf("%s %s by %v", c.op, c.path, c.task) }
