package lookup

import (
	"syscall"

	"github.com/floodgate-go/floodgate/vfs"
)

// Gm is the fix in the generic code that lived in the -mm trees of January 2004:
// walks take i_sem around a revalidate, so that it is held in each, and
// revalidate releases it to sleep. All changes of the dentry are made with it
// held. There is one set of operations, and no need for the lock of the
// entries.
var Gm = Generation{
	ID:       "Gm",
	Versions: "-mm trees, 2.6.1-rc1-mm2 – 2.6.1-mm4",
	Date:     "2004-01-04",
	Aim:      "every revalidate under i_sem, by a change of the generic code",
	Rules:    vfs.Rules{LockRevalidate: true},
	Class:    GroupOrChild,
	New:      newGm,
}

type gm struct{ base }

func newGm(env Env) Protocol {
	g := new(gm)
	g.base = newBase(env, g.revalidate)
	g.wait.Name, g.wait.InFlight = "the one set", false
	return g
}

// Lookup is devfs_lookup.
func (g *gm) Lookup(c *vfs.Call, d *vfs.Dentry) error {
	dir := d.Parent().PeekInode()
	c.At(&L1)
	d.SetOps(&g.wait) // the one set
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
			c.At(&L4m)
			d.SetFSData(nil)
			d.Add(nil)
			return nil
		}
	}
	c.At(&L6)
	d.Add(nil)
	c.At(&L7)
	c.Up(dir)
	c.At(&L8)
	g.env.WaitForDevfsd(c)
	c.At(&L9)
	c.Down(dir)
	de, err := g.bind(c, parent, d, rec) // L10–L14
	c.At(&L16)
	d.SetFSData(nil)
	c.At(&L18)
	rec.in.head.wakeAll(c)
	c.At(&L20)
	put(de)
	return err
}

// revalidate is devfs_d_revalidate. The directory's i_sem is held.
func (g *gm) revalidate(c *vfs.Call, d *vfs.Dentry, _ *vfs.Intent) bool {
	i := d.Parent().PeekInode()
	c.At(&R1)
	rec := load(d)
	c.At(&R8)
	if rec == nil {
		return true
	}
	c.At(&R2)
	if g.env.DevfsdClass(c) {
		g.bindNow(c, g.dirOf(d), d, rec) // R3–R7
		return true
	}
	el := link(c, rec) // R11
	defer el.leave(c)
	c.At(&Ru)
	c.Up(i)
	c.At(&R13)
	rec.in.head.sleep(c, el) // once: the wake is the condition
	c.At(&Rd)
	c.Down(i)
	c.At(&R15)
	return true
}
