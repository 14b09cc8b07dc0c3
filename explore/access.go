package explore

import "github.com/floodgate-go/floodgate/sched"

// A class says how an operation uses an object, as far as order matters.
type class uint8

const (
	none     class = iota
	read           // reads, and attempts that changed nothing
	write          // changes the object; in order with everything
	acquire        // Lock, Down: blocks; releases only enable it
	try            // TryLock, TryDown that succeeded: releases matter to it
	park           // Park: consumes a wake, which enabled it
	shared         // RLock: commutes with other shared
	trShared       // TryRLock that succeeded
	release        // Unlock, Up: only moves clocks
	rrelease       // RUnlock
	classes
)

// classOf is indexed by kind and by whether the attempt failed.
var classOf = func() (tab [256][2]class) {
	for k := range tab {
		tab[k] = [2]class{write, read}
	}
	for _, k := range []sched.OpKind{sched.Load, sched.Inspect, sched.Touch, sched.Sleep} {
		tab[k] = [2]class{read, read}
	}
	for k, c := range map[sched.OpKind]class{
		sched.Lock: acquire, sched.Down: acquire, sched.TryLock: try, sched.TryDown: try,
		sched.Park: park, sched.RLock: shared, sched.TryRLock: trShared,
		sched.Unlock: release, sched.Up: release, sched.Downgrade: release, sched.RUnlock: rrelease,
	} {
		tab[k] = [2]class{c, read}
	}
	for _, k := range []sched.OpKind{sched.Yield, sched.Choose, sched.Start, sched.Finish} {
		tab[k] = [2]class{none, none}
	}
	return tab
}()

// A bond is what ties a later access to an earlier one of the same object.
type bond uint8

const (
	orders bond = 1 << iota // the earlier happens before the later
	races                   // and they could have come the other way round
	spare                   // the same, if the later was possible without the earlier
)

// bonds is indexed by the class of the later access and of the earlier one.
//
// An acquire races with the acquires before it, never with the release that
// let it in: they are not enabled together. A release races only with those
// who looked. A release after an acquire by someone else commutes with it.
var bonds = [classes][classes]bond{
	read: {
		write: orders | races, acquire: orders | races, try: orders | races, park: orders | races,
		shared: orders | races, trShared: orders | races, release: orders | races, rrelease: orders | races,
	},
	write: {
		read: orders | races, write: orders | races, acquire: orders | races, try: orders | races, park: orders | races,
		shared: orders | races, trShared: orders | races, release: orders | races, rrelease: orders | races,
	},
	acquire: {
		read: orders | races, write: orders | races, acquire: orders | races, try: orders | races, park: orders | races,
		shared: orders | races, trShared: orders | races, release: orders | spare, rrelease: orders,
	},
	try: {
		read: orders | races, write: orders | races, acquire: orders | races, try: orders | races, park: orders | races,
		shared: orders | races, trShared: orders | races, release: orders | races, rrelease: orders | races,
	},
	park: {
		read: orders | races, write: orders | spare, acquire: orders | races, try: orders | races, park: orders | races,
		shared: orders | races, trShared: orders | races, release: orders | races, rrelease: orders | races,
	},
	shared: {
		read: orders | races, write: orders | races, acquire: orders | races, try: orders | races, park: orders | races,
		release: orders,
	},
	trShared: {
		read: orders | races, write: orders | races, acquire: orders | races, try: orders | races, park: orders | races,
		release: orders | races,
	},
	release:  {read: orders | races, write: orders | races},
	rrelease: {read: orders | races, write: orders | races},
}

// heads tells whether an access of this class happens after every earlier one of
// its object that anybody could race with, so that a look back ends there.
var heads = [classes]bool{write: true, acquire: true, try: true, park: true}

// dependent is indexed by two classes, in either order: whether two steps that
// are both enabled can notice which of them came first.
var dependent = func() (tab [classes][classes]bool) {
	for a := read; a < classes; a++ {
		for b := read; b < classes; b++ {
			tab[a][b] = bonds[a][b]&races != 0 || bonds[b][a]&races != 0
		}
	}
	for _, a := range []class{acquire, try} {
		for _, b := range []class{release, rrelease} {
			tab[a][b], tab[b][a] = false, false
		}
	}
	tab[park][write], tab[write][park] = true, true
	return tab
}()

// An access is the use of one object by one step.
type access struct {
	obj   int32
	class class
	spare bool // the step would have been possible without the last release
}

// conflict reports whether two footprints depend on each other.
func conflict(a, b []access) bool {
	for i := range a {
		for j := range b {
			if a[i].obj == b[j].obj && dependent[a[i].class][b[j].class] {
				return true
			}
		}
	}
	return false
}
