package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G6 is the final form. Revalidate guesses from the lookup intent whether its
// caller holds i_sem, takes it if not, and releases it to sleep. The looker
// keeps i_sem from the end of its wait on.
var G6 = Generation{
	ID:       "G6",
	Versions: "2.6.4-rc1 – 2.6.17",
	Date:     "2004-02-18",
	Aim:      "every revalidate under i_sem, without a change of the generic code",
	Class:    GroupOrChild,
	New:      newG6,
}

type g6 struct{ base }

func newG6(env Env) Protocol {
	g := new(g6)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g6) Lookup(c *vfs.Call, d *vfs.Dentry) error {
	dir := d.Parent().PeekInode()
	c.At(&L1)
	d.SetOps(&g.ops)
	parent := g.env.Dir(dir)
	if parent == nil {
		return syscall.ENOENT
	}
	c.At(&L2)
	de := parent.Search(d.Name())
	c.At(&L3a)
	rec := g.newHeadFrame(c, d, de)
	defer rec.end(c)
	c.At(&L3b)
	d.SetFSData(rec)
	if de == nil {
		told, end := g.request(c, parent, d)
		defer end()
		if !told {
			c.At(&L4f)
			d.Add(nil)
			return nil
		}
	}
	c.At(&L5)
	d.SetOps(&g.wait)
	c.At(&L6)
	d.Add(nil)
	c.At(&L7)
	c.Up(dir)
	c.At(&L8)
	g.env.WaitForDevfsd(c)
	c.At(&L9)
	c.Down(dir)
	de, err := g.bind(c, parent, d, rec) // L10–L14
	c.At(&L17)
	parent.Lock()
	c.At(&L15)
	d.SetOps(&g.ops)
	c.At(&L16)
	d.SetFSData(nil)
	c.At(&L18)
	rec.in.head.wakeAll(c)
	c.At(&L19)
	parent.Unlock()
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait.
func (g *g6) revalidate(c *vfs.Call, d *vfs.Dentry, nd *vfs.Intent) bool {
	i, dir := d.Parent().PeekInode(), g.dirOf(d)
	c.At(&R1)
	rec := load(d)
	c.At(&R0)
	// Look-ups on behalf of a change pass no intent, and have i_sem; so does
	// an open that may create, at its last component.
	need := nd != nil && (nd.Flags&vfs.CreateFor == 0 || nd.Flags&vfs.Parent != 0)
	if need {
		c.Down(i)
	}
	g.locked(c, i, dir, d, rec)
	if need {
		c.At(&Rx)
		c.Up(i)
	}
	c.At(&R15)
	return true
}

// locked makes the steps R2 to Rd.
func (g *g6) locked(c *vfs.Call, i *vfs.Inode, dir Dir, d *vfs.Dentry, rec *record) {
	c.At(&R2)
	if g.env.DevfsdClass(c) {
		g.bindNow(c, dir, d, rec) // R3–R7
		return
	}
	c.At(&R8)
	if rec == nil {
		return
	}
	c.At(&R9)
	dir.RLock()
	c.At(&R10)
	if d.FSData() == nil {
		dir.RUnlock()
		return
	}
	el := link(c, rec) // R11
	defer el.leave(c)
	c.At(&R12)
	dir.RUnlock()
	c.At(&Ru)
	c.Up(i)
	c.At(&R13)
	rec.in.head.sleep(c, el) // once: the wake is the condition
	c.At(&Rd)
	c.Down(i)
}
