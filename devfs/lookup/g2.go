package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G2 is the second attachment of the mail of 2003-07-07, against 2.5.74, for
// the deadlock alone: the looker takes i_sem again only when everything is done
// and everybody is awake. It was never released.
var G2 = Generation{
	ID:       "G2",
	Versions: "a patch against 2.5.74",
	Date:     "2003-07-07",
	Aim:      "the looker does not need i_sem to wake the others",
	Class:    Group,
	New:      newG2,
}

type g2 struct{ base }

func newG2(env Env) Protocol {
	g := new(g2)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g2) Lookup(c *vfs.Call, d *vfs.Dentry) error {
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
	// Here stood the down of L9.
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
	// The generic code wants i_sem back; nothing of ours needs it.
	c.At(&L9)
	c.Down(dir)
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait, as in G1.
func (g *g2) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	return g.waitInFrame(c, d)
}
