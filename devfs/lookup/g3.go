package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G3 is the other half of the mail's pair, merged on 2003-07-10 as "devfs oops
// fix": the record is on the heap and counted, so that it lives until its last
// sleeper has left it.
var G3 = Generation{
	ID:       "G3",
	Versions: "half of a merged pair",
	Date:     "2003-07-10",
	Aim:      "the record lives as long as somebody sleeps in it",
	Class:    Group,
	New:      newG3,
}

type g3 struct{ base }

func newG3(env Env) Protocol {
	g := new(g3)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g3) Lookup(c *vfs.Call, d *vfs.Dentry) error {
	dir := d.Parent().PeekInode()
	c.At(&L1)
	d.SetOps(&g.ops)
	parent := g.env.Dir(dir)
	if parent == nil {
		return syscall.ENOENT
	}
	c.At(&L2)
	de := parent.Search(d.Name())
	c.At(&L3h)
	if !g.env.Alloc(c, "record") {
		return syscall.ENOMEM
	}
	rec := g.newHeap(c, d, de)
	c.At(&L3b)
	d.SetFSData(rec)
	if de == nil {
		told, end := g.request(c, parent, d)
		defer end()
		if !told {
			c.At(&L4p)
			rec.put(c)
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
	rec.in.wait.WakeAll()
	c.At(&L18p)
	rec.put(c)
	c.At(&L19)
	parent.Unlock()
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait.
func (g *g3) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	return g.waitOnHeap(c, d)
}
