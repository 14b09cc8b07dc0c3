// Package scenario holds the workloads that stress, tests and benchmarks
// share: who does what to which name, and what must hold.
//
// A [Reproducer] is a piece of history: commands that people typed in 2001 to
// 2004 and that hung or crashed their machines. [Play] runs one of them, round
// after round, on real goroutines, against a generation of the lookup protocol
// and on the locks of a provider, under a [lockdep.Watch] that knows who sleeps
// and why. What it reports comes from the runs.
//
// A reproducer can be gated. A gate holds a task until the others have come to
// rest, or makes one slow to wake, and so brings about in every round what
// needed luck and two processors then. Gates know tasks and the labels of the
// steps; they know nothing of what a generation does wrong.
package scenario
