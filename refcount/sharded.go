package refcount

import "github.com/floodgate-go/floodgate/sched"

// A Sharded is a reference count that is spread over several cache lines, so
// that goroutines on different processors take and drop references without
// disturbing each other (percpu_ref). The price is that nobody knows the sum
// until [Sharded.Kill], and that only after Kill a Put can release.
//
// It begins with one reference, the maker's, which Kill drops. Make one with
// NewSharded; the zero Sharded is dead. All methods may be called
// concurrently, except that Resurrect and Reinit must not race with the
// release, nor Exit with anything. A Sharded must not be copied. What a
// goroutine did before its Put happens before the release.
type Sharded struct {
	// central is the count of those that found their stripe closed. While
	// the object is live it is raised by live, so that no Put can bring it
	// to zero. The values:
	//
	//	exited               after Exit
	//	around leaked        pinned: found out of balance, never released
	//	0 …                  killed: the number of references
	//	around live          live: live + references that are not in stripes
	central sched.Int64
	stripes []stripe

	// self is the count itself; plain, too, on plain goroutines. They tell
	// the fast path that nobody watches, and find copies.
	self, plain *Sharded

	name    string
	s       sched.Scheduler
	obj     *sched.Object
	release func()
	single  bool // stay in atomic mode (PERCPU_REF_INIT_ATOMIC, switch_to_atomic)
	// mu is held while stripes are opened or closed.
	mu sched.Mutex
}

const (
	live   = 1 << 60
	leaked = -(1 << 60)
	exited = -(1 << 62)
)

// A stripe is a part of the count on cache lines of its own. Its lowest bit
// says that it is closed; then its count is zero, and references are counted in
// central. The rest is the count times two, which may be negative: a reference
// taken on one stripe may be dropped on another.
type stripe struct {
	sched.Int64
	_ [128 - 16]byte
}

const (
	stripeClosed = 1
	stripeOne    = 2
)

// A ShardedFlag changes how a [Sharded] begins.
type ShardedFlag uint8

// The flags.
const (
	// InitAtomic: keep the count in one word, until SwitchToSharded
	// (PERCPU_REF_INIT_ATOMIC).
	InitAtomic ShardedFlag = 1 << iota
	// InitDead: begin killed, with no reference, for Reinit
	// (PERCPU_REF_INIT_DEAD).
	InitDead
)

// NewSharded makes a live count with one reference (percpu_ref_init). S may be
// nil; the name is for reports. Release is called once, by whoever drops the
// last reference after Kill, on their goroutine, with no lock of this package
// held. It panics if release is nil.
func NewSharded(s sched.Scheduler, name string, release func(), flags ShardedFlag) *Sharded {
	if release == nil {
		panic("refcount: NewSharded with a nil release")
	}
	r := &Sharded{name: name, s: s, release: release, single: flags&InitAtomic != 0}
	r.self = r
	if s == nil {
		r.plain = r
	}
	r.obj = sched.Register(s, sched.Spec{Kind: sched.KindCount, Name: name})
	r.central.Store(live + 1)
	if flags&InitDead != 0 {
		r.central.Store(0)
	}
	r.central.Init(s, sched.Spec{Name: name, Inner: true})
	r.mu.Init(s, sched.Spec{Name: name + " mode", Inner: true})
	r.stripes = make([]stripe, stripeCount(s))
	for i := range r.stripes {
		if r.single || flags&InitDead != 0 {
			r.stripes[i].Store(stripeClosed)
		}
		r.stripes[i].Init(s, sched.Spec{Name: name + " stripe", Inner: true})
	}
	return r
}

// mine returns the caller's stripe, or nil where somebody watches. It is small
// enough to be inlined.
func (r *Sharded) mine() *stripe {
	if r.plain != r {
		return nil
	}
	return &r.stripes[int(stripeHint().Load())&(len(r.stripes)-1)]
}

// fast adds d to the caller's stripe, on plain goroutines. It reports false if
// that is closed, or somebody watches.
func (r *Sharded) fast(d int64) bool {
	if r.plain != r {
		return false
	}
	h := stripeHint()
	for {
		i := int(h.Load()) & (len(r.stripes) - 1)
		x := &r.stripes[i]
		old := x.Load()
		if old&stripeClosed != 0 {
			return false
		}
		if x.CompareAndSwap(old, old+d*stripeOne) {
			return true
		}
		// Somebody on another processor uses the same stripe: move.
		h.Store(uint32(i + 1))
	}
}

// watched is fast where somebody watches. The choice of the stripe must not
// depend on the machine: references are taken on the first and dropped on the
// last. The zero Sharded has none.
func (r *Sharded) watched(d int64) bool {
	if r.plain == r || len(r.stripes) == 0 {
		return false
	}
	x := &r.stripes[0]
	if d < 0 {
		x = &r.stripes[len(r.stripes)-1]
	}
	for {
		old := x.Load()
		if old&stripeClosed != 0 {
			return false
		}
		if x.CompareAndSwap(old, old+d*stripeOne) {
			return true
		}
	}
}

// begin announces a step. It finds copies.
func (r *Sharded) begin(k sched.OpKind, n int64) {
	if r.self != r && r.self != nil {
		panic(&CopiedError{Type: "Sharded", Name: r.name})
	}
	if r.obj != nil {
		r.obj.Step(sched.Op{Kind: k, Arg: n})
	}
}

// end is the end of a step. It reports a fault, and panics after Exit.
func (r *Sharded) end(k sched.OpKind, op string, n, old int64, ok bool, fault FaultKind) {
	if r.obj != nil {
		r.obj.Done(sched.Op{Kind: k, Arg: n, Failed: !ok}, truth(ok))
	}
	switch fault {
	case none:
	case afterExit:
		panic(&StateError{Op: op, Name: r.name, State: "exited"})
	default:
		r.fault(fault, op, old, n)
	}
}

func (r *Sharded) fault(k FaultKind, op string, old, n int64) {
	if isLive(old) {
		old -= live
	}
	report(r.s, "count "+k.String()+" "+r.name, &Fault{
		Kind: k, Op: op, Name: r.name, Old: int(old), Amount: int(n), Where: here(nil),
	})
}

// Get adds a reference (percpu_ref_get). The caller must have one already. On a
// killed count at zero it is an AddUAF fault.
func (r *Sharded) Get() {
	// Fast but for one call less.
	if x := r.mine(); x != nil {
		if old := x.Load(); old&stripeClosed == 0 && x.CompareAndSwap(old, old+stripeOne) {
			return
		}
	}
	if !r.fast(1) {
		r.get("Get", 1)
	}
}

// GetN adds n references (percpu_ref_get_many). It panics with an
// *[AmountError] if n is not positive or is over [Max].
func (r *Sharded) GetN(n int) {
	if d := r.amount("GetN", n); !r.fast(d) {
		r.get("GetN", d)
	}
}

func (r *Sharded) get(op string, n int64) {
	r.begin(sched.Get, n)
	var fault FaultKind
	var old int64
	if !r.watched(n) {
		fault, old = r.getCentral(n)
	}
	r.end(sched.Get, op, n, old, fault == none, fault)
}

// getCentral adds n to the central count. A count that had ended is pinned.
func (r *Sharded) getCentral(n int64) (fault FaultKind, old int64) {
	for {
		old = r.central.Load()
		v := old + n
		fault = none
		switch {
		case old == exited:
			return afterExit, old
		case isLeaked(old):
			return none, old
		case old <= 0:
			v, fault = leaked, AddUAF
		}
		if r.central.CompareAndSwap(old, v) {
			return fault, old
		}
	}
}

// TryGet adds a reference if there is one, and reports whether it did
// (percpu_ref_tryget). It is false for ever once the last reference was
// dropped.
func (r *Sharded) TryGet() bool { return r.fast(1) || r.tryGet("TryGet", 1, false) }

// TryGetN adds n references if there is one, and reports whether it did
// (percpu_ref_tryget_many). It panics with an *[AmountError] if n is not
// positive or is over [Max].
func (r *Sharded) TryGetN(n int) bool {
	d := r.amount("TryGetN", n)
	return r.fast(d) || r.tryGet("TryGetN", d, false)
}

// TryGetLive adds a reference unless the count was killed, and reports whether
// it did (percpu_ref_tryget_live). It is false once Kill has returned, or its
// confirm function was called; while Kill runs it may go either way.
func (r *Sharded) TryGetLive() bool { return r.fast(1) || r.tryGet("TryGetLive", 1, true) }

func (r *Sharded) tryGet(op string, n int64, mustLive bool) bool {
	r.begin(sched.Get, n)
	ok, fault := true, none
	if !r.watched(n) {
		ok, fault = r.tryCentral(n, mustLive)
	}
	r.end(sched.Get, op, n, 0, ok, fault)
	return ok
}

func (r *Sharded) tryCentral(n int64, mustLive bool) (ok bool, fault FaultKind) {
	for {
		old := r.central.Load()
		switch {
		case old == exited:
			return false, afterExit
		case mustLive && !isLive(old):
			return false, none
		case isLeaked(old):
			return true, none
		case old <= 0:
			return false, none
		}
		if r.central.CompareAndSwap(old, old+n) {
			return true, none
		}
	}
}

// Put drops a reference (percpu_ref_put). After Kill the one that drops the last
// calls release, and reports true. On a killed count at zero it is a SubUAF
// fault.
func (r *Sharded) Put() (released bool) {
	if x := r.mine(); x != nil {
		if old := x.Load(); old&stripeClosed == 0 && x.CompareAndSwap(old, old-stripeOne) {
			return false
		}
	}
	return !r.fast(-1) && r.put("Put", 1)
}

// PutN drops n references (percpu_ref_put_many). See [Sharded.Put]. It panics
// with an *[AmountError] if n is not positive or is over [Max].
func (r *Sharded) PutN(n int) (released bool) {
	d := r.amount("PutN", n)
	return !r.fast(-d) && r.put("PutN", d)
}

func (r *Sharded) put(op string, n int64) (released bool) {
	r.begin(sched.Put, n)
	var last bool
	var fault FaultKind
	var old int64
	if !r.watched(-n) {
		last, fault, old = r.putCentral(n)
	}
	r.end(sched.Put, op, n, old, fault == none, fault)
	if last {
		r.release()
	}
	return last
}

func (r *Sharded) putCentral(n int64) (last bool, fault FaultKind, old int64) {
	for {
		old = r.central.Load()
		v := old - n
		fault = none
		switch {
		case old == exited:
			return false, afterExit, old
		case isLeaked(old):
			return false, none, old
		case v < 0: // killed, and more dropped than there were
			v, fault = leaked, SubUAF
		}
		if r.central.CompareAndSwap(old, v) {
			return v == 0, fault, old
		}
	}
}

func isLive(v int64) bool   { return v > live/2 }
func isLeaked(v int64) bool { return v < leaked/2 }

// IsZero reports whether no reference is left (percpu_ref_is_zero): the count
// was killed and is zero.
func (r *Sharded) IsZero() bool { return r.inspect("IsZero") == 0 }

// IsDying reports whether the count was killed (percpu_ref_is_dying).
func (r *Sharded) IsDying() bool { return !isLive(r.inspect("IsDying")) }

func (r *Sharded) inspect(op string) int64 {
	r.begin(sched.Inspect, 0)
	v := r.central.Load()
	fault := none
	if v == exited {
		fault = afterExit
	}
	r.end(sched.Inspect, op, 0, v, true, fault)
	return v
}

func (r *Sharded) amount(op string, n int) int64 {
	if n <= 0 || n > Max {
		panic(&AmountError{Op: op, Name: r.name, Amount: n})
	}
	return int64(n)
}
