package invariant

import "github.com/floodgate-go/floodgate/vfs"

// observer hears what calls do.
type observer struct{ m *Monitor }

var _ vfs.Observer = observer{}

func (o observer) Begin(c *vfs.Call) {
	m := o.m
	m.lock()
	defer m.unlock()
	u := m.find(c.Task())
	if u == nil {
		u = &task{Task: c.Task(), touch: -1}
		m.tasks = append(m.tasks, u)
	}
	u.calls = append(u.calls, &call{c: c})
}

func (o observer) End(c *vfs.Call) {
	m := o.m
	m.lock()
	defer m.unlock()
	if u := m.find(c.Task()); u != nil && len(u.calls) > 0 {
		u.calls = u.calls[:len(u.calls)-1]
	}
}

func (o observer) Enter(c *vfs.Call, method vfs.Method, d *vfs.Dentry) {
	m := o.m
	m.lock()
	defer m.unlock()
	if u, k := m.calling(c); u != nil {
		k.inside = append(k.inside, inside{method: method, d: d, held: holds(c)})
		u.saw = nil
	}
}

func (o observer) Leave(c *vfs.Call, method vfs.Method, d *vfs.Dentry) {
	m := o.m
	m.lock()
	defer m.unlock()
	u, k := m.calling(c)
	if u == nil || len(k.inside) == 0 {
		return
	}
	in := k.inside[len(k.inside)-1]
	k.inside = k.inside[:len(k.inside)-1]
	if m.over {
		return
	}
	m.sameLocks(u, c, in)
	if m.c.Real {
		return // the rest is about state that others change
	}
	switch method {
	case vfs.Lookup:
		if n := m.answers.name(d.Path()); n != nil {
			n.left = leaving{m.actor(u), u.woken}
		}
		m.lookupLeft(u, d)
		m.waitLeft(u, d)
	case vfs.Revalidate:
		m.revalidateLeft(u, d, in)
	}
}

func (o observer) Down(c *vfs.Call, i *vfs.Inode) {
	m := o.m
	m.lock()
	defer m.unlock()
	if u, _ := m.calling(c); u != nil && !m.over {
		m.lockOrder(u, c, i)
	}
}

func (o observer) Up(c *vfs.Call, i *vfs.Inode) {
	m := o.m
	m.lock()
	defer m.unlock()
	if u, _ := m.calling(c); u != nil && !m.over {
		m.upByHolder(u, c, i)
	}
}

// calling returns the task that makes a call, and the call.
func (m *Monitor) calling(c *vfs.Call) (*task, *call) {
	u := m.find(c.Task())
	if u == nil || len(u.calls) == 0 {
		return nil, nil
	}
	if !m.c.Real {
		m.cur = u
	}
	return u, u.calls[len(u.calls)-1]
}

// in returns the innermost method that u is in, or nil.
func (u *task) in() *inside {
	if len(u.calls) == 0 {
		return nil
	}
	k := u.calls[len(u.calls)-1]
	if len(k.inside) == 0 {
		return nil
	}
	return &k.inside[len(k.inside)-1]
}

// busy reports whether some task is in a method on d.
func (m *Monitor) busy(d *vfs.Dentry, methods ...vfs.Method) bool {
	for _, u := range m.tasks {
		for _, k := range u.calls {
			for n := range k.inside {
				in := &k.inside[n]
				if in.d != d {
					continue
				}
				for _, want := range methods {
					if in.method == want {
						return true
					}
				}
			}
		}
	}
	return false
}

func holds(c *vfs.Call) (list []held) {
	for _, i := range c.Held() {
		list = append(list, held{i, c.Holds(i)})
	}
	return list
}
