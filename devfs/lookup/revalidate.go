package lookup

import "github.com/floodgate-go/floodgate/vfs"

// waitInFrame is the revalidate of G1 and G2: the record is in the looker's
// frame.
func (b *base) waitInFrame(c *vfs.Call, d *vfs.Dentry) bool {
	c.At(&R1)
	rec := load(d)
	dir := b.dirOf(d)
	c.At(&R2)
	if b.env.DevfsdClass(c) {
		b.bindNow(c, dir, d, rec) // R3–R7
		return true
	}
	c.At(&R8)
	if rec == nil {
		return true
	}
	c.At(&R9)
	dir.RLock()
	c.At(&R10)
	if d.FSData() == nil {
		dir.RUnlock()
		return true
	}
	w := enqueue(c, rec) // R11
	c.At(&R12)
	dir.RUnlock()
	c.At(&R13)
	c.Sleep(w)         // once: the wake is the condition
	dequeue(c, rec, w) // R14
	c.At(&R15)
	return true
}

// waitOnHeap is the revalidate of G3 and G4: the record is counted, and the
// count is taken under the lock that the record is cleared under.
func (b *base) waitOnHeap(c *vfs.Call, d *vfs.Dentry) bool {
	c.At(&R1)
	rec := load(d)
	dir := b.dirOf(d)
	c.At(&R2)
	if b.env.DevfsdClass(c) {
		b.bindNow(c, dir, d, rec) // R3–R7
		return true
	}
	c.At(&R8)
	if rec == nil {
		return true
	}
	c.At(&R9)
	dir.RLock()
	c.At(&R10)
	if d.FSData() == nil {
		dir.RUnlock()
		return true
	}
	c.At(&R11p)
	rec.get(c)
	w := enqueue(c, rec) // R11
	c.At(&R12)
	dir.RUnlock()
	c.At(&R13)
	c.Sleep(w)         // once: the wake is the condition
	dequeue(c, rec, w) // R14
	c.At(&R14p)
	rec.put(c)
	c.At(&R15)
	return true
}

// waitLinked is the revalidate of G0 and G5: the record is in the looker's
// frame, and the sleeper's element stays linked in it.
func (b *base) waitLinked(c *vfs.Call, d *vfs.Dentry) bool {
	c.At(&R1)
	rec := load(d)
	dir := b.dirOf(d)
	c.At(&R2)
	if b.env.DevfsdClass(c) {
		b.bindNow(c, dir, d, rec) // R3–R7
		return true
	}
	c.At(&R8)
	if rec == nil {
		return true
	}
	c.At(&R9)
	dir.RLock()
	c.At(&R10)
	if d.FSData() == nil {
		dir.RUnlock()
		return true
	}
	el := link(c, rec) // R11
	defer el.leave(c)
	c.At(&R12)
	dir.RUnlock()
	c.At(&R13)
	rec.in.head.sleep(c, el) // once: the wake is the condition
	c.At(&R15)
	return true
}
