package vfs

// A Pending is what a Lookup returns, as its error, when the name has to be
// waited for. The generic code then releases every lock that the call holds,
// waits, takes the locks again in their order and starts the step from its
// search of the hash: what the call knew before may be wrong by then.
//
// So a Lookup never sleeps for anybody, and who sleeps holds nothing. A Pending
// does not leave the generic code.
type Pending interface {
	error

	// Wait sleeps until the name should be looked up once more. Nothing is
	// held. An error ends the call.
	Wait(c *Call) error

	// Put drops the reference that Lookup gave to the call. The call has it
	// until it ends, so that the Lookups that follow find it in
	// [Call.Waited].
	Put(c *Call)
}

// Waited returns what the call has waited for, the oldest first. The caller
// must not change it.
func (c *Call) Waited() []Pending { return c.waited }

// await reports whether *err was a [Pending] and has been waited for: then the
// caller, which holds nothing, starts its step again. If the wait fails, *err
// is why.
func (c *Call) await(err *error) (again bool) {
	p, ok := (*err).(Pending)
	if !ok {
		return false
	}
	c.At(&P1)
	c.waited = append(c.waited, p)
	*err = p.Wait(c)
	return *err == nil
}

// putWaited drops the references of a call that ends.
func (c *Call) putWaited() {
	for _, p := range c.waited {
		p.Put(c)
	}
	c.waited = nil
}

// Hashed reports whether d is in the hash. It is exact for who made d and has
// not shown it to others, and for who keeps it from changing.
func (d *Dentry) Hashed() (ok bool) {
	d.siblings().sec.Peek(func() { ok = d.hashed })
	return ok
}
