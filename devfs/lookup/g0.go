package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G0 is devfs 1.10 by Richard Gooch, the form of 2.4. A woken sleeper leaves its
// queue element where it is; the element goes with the sleeper's frame, and the
// queue with the looker's. The wake is that of 2.4, too.
var G0 = Generation{
	ID:       "G0",
	Versions: "2.4.18 – end of 2.4, 2.5.3 – 2.5.65",
	Date:     "2002-01-20",
	Aim:      "a deadlock: the daemon's tasks bind a dentry in flight themselves",
	Class:    GroupOrChild,
	New:      newG0,
}

type g0 struct{ base }

func newG0(env Env) Protocol {
	g := new(g0)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g0) Lookup(c *vfs.Call, d *vfs.Dentry) error {
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
	c.At(&L15)
	d.SetOps(&g.ops)
	c.At(&L16)
	d.SetFSData(nil)
	c.At(&L17)
	parent.Lock()
	c.At(&L18)
	rec.in.head.wakeAll24(c)
	c.At(&L19)
	parent.Unlock()
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait.
func (g *g0) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	return g.waitLinked(c, d)
}
