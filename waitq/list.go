package waitq

import "iter"

// Entries are visited class by class, and within a class from its front.
type class uint8

const (
	priority  class = iota // FIFO; an exclusive one goes to the very front
	shared                 // LIFO
	exclusive              // FIFO, by ticket
	classes
)

// A list is a ring of entries with a known front.
type list struct{ front *Waiter }

func (l *list) pushBack(w *Waiter) {
	if l.front == nil {
		w.next, w.prev = w, w
		l.front = w
		return
	}
	l.insertBefore(w, l.front)
}

func (l *list) pushFront(w *Waiter) {
	l.pushBack(w)
	l.front = w
}

// pushTicket links w in the order of tickets. A newcomer has the highest and
// goes to the back; one that comes back after a lost race is near the front.
func (l *list) pushTicket(w *Waiter) {
	if l.front == nil || l.front.prev.ticket <= w.ticket {
		l.pushBack(w)
		return
	}
	e := l.front
	for e.ticket <= w.ticket {
		e = e.next
	}
	l.insertBefore(w, e)
	if e == l.front {
		l.front = w
	}
}

// insertBefore links w before e in the ring. The front stays.
func (l *list) insertBefore(w, e *Waiter) {
	w.next, w.prev = e, e.prev
	e.prev.next = w
	e.prev = w
}

func (l *list) remove(w *Waiter) {
	if w.next == w {
		l.front = nil
	} else {
		w.prev.next, w.next.prev = w.next, w.prev
		if l.front == w {
			l.front = w.next
		}
	}
	w.next, w.prev = nil, nil
}

// after returns what follows w, or nil.
func (l *list) after(w *Waiter) *Waiter {
	if w.next == l.front {
		return nil
	}
	return w.next
}

// all yields the entries from the front on.
func (l *list) all() iter.Seq[*Waiter] {
	return func(yield func(*Waiter) bool) {
		for w := l.front; w != nil && yield(w); {
			w = l.after(w)
		}
	}
}
