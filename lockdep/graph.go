package lockdep

import (
	"context"
	"runtime"
	"strconv"

	"github.com/floodgate-go/floodgate/sched"
)

// A class is a node of the graph: a kind of lock or event.
type class struct {
	classKey
	out []*edge // in the order of learning; few
}

type classKey struct {
	name string
	sub  uint8
}

func (c *class) String() string {
	if c == nil {
		return "unnamed"
	}
	if c.sub == 0 {
		return c.name
	}
	return c.name + "/" + strconv.Itoa(int(c.sub))
}

// An edge says that to was taken, or waited for, by somebody who had from.
type edge struct {
	from, to *class
	dep      Dependency
}

// at is a place in a run.
type at struct {
	object ObjectName
	label  string
	site   Site
}

// MaxSubclass is the highest subclass that [Nested] takes
// (MAX_LOCKDEP_SUBCLASSES is one more).
const MaxSubclass = 7

type subclassKey struct{}

// Nested returns a context for taking a lock while another of its class is held
// (down_nested, with its subclass): locks taken in it count as a class of their
// own, that of a directory's child as opposed to its parent, say. The order of
// the two classes is learned and held up like any other, so only the annotated
// direction becomes legal. It panics if the subclass is not between 0 and
// [MaxSubclass].
func Nested(ctx context.Context, subclass int) context.Context {
	if subclass < 0 || subclass > MaxSubclass {
		panic("lockdep: subclass " + strconv.Itoa(subclass) + " is not between 0 and " + strconv.Itoa(MaxSubclass))
	}
	return context.WithValue(ctx, subclassKey{}, uint8(subclass))
}

// subclass returns what Nested put into the context of op.
func subclass(op sched.Op) uint8 {
	if g, ok := op.Gate.(sched.ContextGate); ok && op.Kind == sched.Down {
		n, _ := g.Context().Value(subclassKey{}).(uint8)
		return n
	}
	return 0
}

// classOf returns o's class, nil if o is to be left alone.
func (r *Order) classOf(o *object, sub uint8) *class {
	if !o.classed {
		o.classed = true
		if name := r.cfg.Class(o.Spec); name != "" {
			o.class = r.intern(classKey{name, 0})
		}
	}
	if o.class == nil || sub == 0 {
		return o.class
	}
	return r.intern(classKey{o.class.name, sub})
}

func (r *Order) intern(k classKey) *class {
	c := r.classes[k]
	if c == nil {
		c = &class{classKey: k}
		r.classes[k] = c
	}
	return c
}

// learn adds the edge from → to if it is new, and reports the shortest circle
// that it closes.
func (r *Order) learn(w *Watch, t *task, from, to *class, how Manner, first, second at) {
	if from == nil || to == nil || from == to {
		return
	}
	for _, e := range from.out {
		if e.to == to {
			return
		}
	}
	e := &edge{from: from, to: to, dep: Dependency{
		From: from.String(), To: to.String(), How: how, Task: t.name(), Step: w.steps,
		First:  Place{first.object, first.label, first.site},
		Second: Place{second.object, second.label, second.site},
	}}
	from.out = append(from.out, e)
	if back := path(to, from); back != nil {
		here, there := second, to
		if how == Waking {
			here, there = first, from
		}
		v := &Violation{Kind: Circular, Object: here.object, Class: there.String(), Site: here.site, Circle: []Dependency{e.dep}}
		for _, b := range back {
			v.Circle = append(v.Circle, b.dep)
		}
		r.report(w, t, v, from, to)
	}
}

// path returns a shortest path between two classes, nil if there is none.
func path(from, to *class) []*edge {
	came := map[*class]*edge{from: nil}
	for todo := []*class{from}; len(todo) > 0; todo = todo[1:] {
		for _, e := range todo[0].out {
			if _, ok := came[e.to]; ok {
				continue
			}
			came[e.to] = e
			if e.to != to {
				todo = append(todo, e.to)
				continue
			}
			var p []*edge
			for ; e != nil; e = came[e.from] {
				p = append([]*edge{e}, p...)
			}
			return p
		}
	}
	return nil
}

// site returns the stack of the caller of the primitive, if sites are wanted.
func (r *Order) site() Site {
	if !r.cfg.Sites {
		return nil
	}
	var pcs [24]uintptr
	n := runtime.Callers(3, pcs[:])
	return append(Site(nil), pcs[:n]...)
}
