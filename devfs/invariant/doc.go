// Package invariant holds what must be so in a device file system, whatever
// protocol looks its names up: sixteen statements of safety and eight of
// liveness.
package invariant
