package devfs

import "fmt"

// A Census counts what is alive, for leak checks. It is exact when nobody is at
// work.
type Census struct {
	Entries int // the root and the control node included
	Hooked  int // entries that are in the tree
	Refs    int // references on entries in the tree
	Bound   int // inodes of those
	Events  int // queued
	Above   int // references that queued events have on entries in the tree

	Dentries int // the root's included
	Inodes   int
	Negative int // dentries without an inode

	Records int // counted records of lookups in flight
	Frames  int // records and placeholders in lookers' frames
}

// Census counts. It takes no step.
func (fs *FS) Census() Census {
	c := Census{
		Entries: int(fs.entries.Load()),
		Records: int(fs.live.Records.Load()),
		Frames:  int(fs.live.Frames.Load()),
	}
	c.Dentries, c.Inodes = fs.Live()
	c.Negative = c.Dentries - c.Inodes
	for _, ev := range fs.devfsd.queue.peek() {
		c.Events++
		c.Above += len(ev.above)
		if ev.entry != nil {
			c.Above++
		}
	}
	fs.visit(fs.root, func(e *entry) {
		c.Hooked++
		c.Refs += e.refs.Peek()
		if e.dentry.Peek() != nil || e.root {
			c.Bound++
		}
	})
	return c
}

// Check compares the census with what must be there when nobody is at work: each
// entry is in the tree, and has one reference for that and one for its inode;
// there is no record, no dentry without an inode. It returns an error that
// names the first difference.
func (c Census) Check() error {
	switch {
	case c.Records != 0:
		return fmt.Errorf("devfs: %d records of lookups are alive", c.Records)
	case c.Frames != 0:
		return fmt.Errorf("devfs: %d frames of lookups are alive", c.Frames)
	case c.Entries != c.Hooked:
		return fmt.Errorf("devfs: %d entries are alive, %d are in the tree", c.Entries, c.Hooked)
	case c.Negative != 0:
		return fmt.Errorf("devfs: %d dentries are alive, %d inodes", c.Dentries, c.Inodes)
	case c.Bound != c.Inodes:
		return fmt.Errorf("devfs: %d inodes are alive, entries know of %d", c.Inodes, c.Bound)
	case c.Refs != c.Hooked+c.Bound+c.Above:
		return fmt.Errorf("devfs: entries have %d references: want %d of the tree, %d of inodes, %d of events",
			c.Refs, c.Hooked, c.Bound, c.Above)
	}
	return nil
}

// visit calls f for e and all that is below it, without a step. F must not
// change the tree.
func (fs *FS) visit(e *entry, f func(*entry)) {
	f(e)
	if e.dir == nil {
		return
	}
	e.dir.peek.RLock()
	defer e.dir.peek.RUnlock()
	for kid := e.dir.first; kid != nil; kid = kid.next {
		fs.visit(kid, f)
	}
}
