package devfs

import (
	"fmt"
	"strings"

	"github.com/floodgate-go/floodgate/vfs"
)

// EventType tells what an [Event] is about, with the numbers of the protocol.
type EventType uint32

// The types of events. Kernels from 2.5.51 on never send AsyncOpen and Close.
const (
	Registered   EventType = iota // an entry was made by the kernel
	Unregistered                  // an entry was removed by the kernel
	AsyncOpen                     // first open of an entry
	Close                         // last close of an entry
	Lookup                        // a name was looked up and is missing
	Change                        // mode, owner or group was changed
	Create                        // an entry was made from user space
	Delete                        // an entry was removed from user space
)

var eventNames = [...]string{"REGISTERED", "UNREGISTERED", "ASYNC_OPEN", "CLOSE", "LOOKUP", "CHANGE", "CREATE", "DELETE"}

// String returns the name in the protocol, such as "LOOKUP".
func (e EventType) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return fmt.Sprintf("EVENT(%d)", uint32(e))
}

// Mask returns the mask that selects this type.
func (e EventType) Mask() Mask { return 1 << e }

// Mask is a set of event types. The zero Mask selects none.
type Mask uint32

// AllEvents selects every type.
const AllEvents Mask = 1<<len(eventNames) - 1

// Events returns the mask that selects the given types.
func Events(types ...EventType) (m Mask) {
	for _, e := range types {
		m |= e.Mask()
	}
	return m
}

// String lists the types in m.
func (m Mask) String() string {
	var names []string
	for e := range EventType(len(eventNames)) {
		if m&e.Mask() != 0 {
			names = append(names, e.String())
		}
	}
	return strings.Join(names, "|")
}

// An Event is what the daemon reads (struct devfsd_notify_struct).
type Event struct {
	Type     EventType
	Mode     vfs.Mode // 0 for Lookup
	Dev      vfs.Dev  // of devices
	UID, GID uint32   // who did it; of Change, Create and Delete: the owner
	Overrun  uint32   // events lost since the last read: the queue was full
	Name     string   // the path from the root, without its leading slash

	receipt *receipt // of a lookup in flight
}

// String returns type and name.
func (e Event) String() string { return e.Type.String() + " " + e.Name }
