package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G5 is the rework of 2003-07-31: the record is back in the looker's frame, and
// a woken sleeper leaves its element linked there. The wake of 2.5 reads what
// it needs of an element before it wakes its owner.
var G5 = Generation{
	ID:       "G5",
	Versions: "2.6.0-test3 – 2.6.3",
	Date:     "2003-07-31",
	Aim:      "no heap: nobody takes an element off, the waker needs none of them after the wake",
	Class:    GroupOrChild,
	New:      newG5,
}

type g5 struct{ base }

func newG5(env Env) Protocol {
	g := new(g5)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g5) Lookup(c *vfs.Call, d *vfs.Dentry) error {
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
	c.At(&L9)
	c.Down(dir)
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait.
func (g *g5) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	return g.waitLinked(c, d)
}
