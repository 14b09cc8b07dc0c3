package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G1 is the "waitqueue leak" change of Christoph Hellwig, and the state of
// 2.5.74: sleepers used to leave their queue elements linked in the looker's
// record when they woke up, and now take them off.
var G1 = Generation{
	ID:       "G1",
	Versions: "2.5.66 – 2.5.75",
	Date:     "2003-03-21",
	Aim:      "a woken sleeper takes its element off the queue",
	Class:    Group,
	New:      newG1,
}

type g1 struct{ base }

func newG1(env Env) Protocol {
	g := new(g1)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g1) Lookup(c *vfs.Call, d *vfs.Dentry) error {
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
	rec := g.newFrame(c, d, de)
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
	rec.in.wait.WakeAll()
	c.At(&L19)
	parent.Unlock()
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait.
func (g *g1) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	return g.waitInFrame(c, d)
}
