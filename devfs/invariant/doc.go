// Package invariant holds what must be so in a device file system, whatever
// protocol looks its names up: sixteen statements of safety, SF-1 to SF-16, and
// eight of liveness, LV-1 to LV-8. [Statements] lists them, and says of each how
// it is checked and where its check ends.
//
// A [Monitor] is a scheduler that stands on another one and sees each step of a
// file system that was made on it. Under an explorer it looks at the whole state
// after each step; in a real run it asserts what a task can say of its own doing.
// What it finds is a [Violation]: the statement, the object, who did it at which
// labelled step, and against whom.
//
//	m := invariant.New(x.Scheduler(), invariant.Config{Report: func(v *invariant.Violation) { x.Error(v) }})
//	fs := devfs.New(devfs.Config{Provider: floodgate.Ours(m), Lookup: m.Generation(lookup.Best())})
//	m.Attach(fs)
//	x.Always(m.Check)
//	x.Check(m.Finish)
//
// Nothing here knows a generation, or what any of them does wrong. What differs
// between protocols is seen through the functions of packages vfs, lookup and
// devfs whose names begin with Peek.
package invariant
