package lookup

import "slices"

// A FlightPeek is what a check sees of a flight.
type FlightPeek struct {
	ID      any // tells flights apart
	Dir     Dir
	Name    string
	Alive   bool
	OnBoard bool // who looks the name up joins it
	Refs    int
	State   End
}

// Peek calls f for each flight that is alive, the oldest first, without a step.
// They are known only under a scheduler.
func (b *Board) Peek(f func(FlightPeek)) {
	for _, x := range b.all {
		f(x.Peek())
	}
}

// Peek returns the state of the flight without a step.
func (f *Flight) Peek() FlightPeek {
	return FlightPeek{ID: f, Dir: f.dir, Name: f.name, Alive: f.life.Alive(), OnBoard: !f.settled, Refs: int(f.refs.Load()),
		State: End(f.end.Load())}
}

// Stray wakes whoever waits for a flight, for no reason. It is for tests: such
// a thing may happen to any sleep.
func (b *Board) Stray() {
	var all []*Flight
	b.mu.Lock()
	all = append(all, b.all...)
	b.mu.Unlock()
	for _, f := range all {
		f.stray.WakeAll()
	}
}

// forget is the end of a flight.
func (b *Board) forget(f *Flight) {
	b.live.Records.Add(-1)
	if b.provider.Scheduler() == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = slices.DeleteFunc(b.all, func(x *Flight) bool { return x == f })
}
