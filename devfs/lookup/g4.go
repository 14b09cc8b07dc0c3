package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// G4 is the combined patch of the mail of 2003-07-07, by Andrey Borzenkov. It
// was merged in this form on 2003-07-10. Its two hunks are G2's, the looker
// wakes the others before it takes i_sem again, and G3's, the record is
// counted.
var G4 = Generation{
	ID:       "G4",
	Versions: "2.6.0-test1",
	Date:     "2003-07-10",
	Aim:      "both: no need for i_sem before the wake, a record that lives as long as its sleepers",
	Class:    Group,
	New:      newG4,
}

type g4 struct{ base }

func newG4(env Env) Protocol {
	g := new(g4)
	g.base = newBase(env, g.revalidate)
	return g
}

// Lookup is devfs_lookup.
func (g *g4) Lookup(c *vfs.Call, d *vfs.Dentry) error {
	dir := d.Parent().PeekInode()
	c.At(&L1)
	d.SetOps(&g.ops)
	parent := g.env.Dir(dir)
	if parent == nil {
		return syscall.ENOENT
	}
	c.At(&L2)
	de := parent.Search(d.Name())
	// The second hunk: the record comes from the heap, with a count.
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
	// The first hunk: the down of L9 stood here, and now comes after the
	// wake, so whoever holds i_sem while it sleeps in the record is woken
	// by a looker that does not need it.
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
	c.At(&L9)
	c.Down(dir)
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate_wait, as in G3.
func (g *g4) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	return g.waitOnHeap(c, d)
}
