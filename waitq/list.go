package waitq

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
	w.insertBefore(l.front)
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
	w.insertBefore(e)
	if e == l.front {
		l.front = w
	}
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

func (w *Waiter) insertBefore(e *Waiter) {
	w.next, w.prev = e, e.prev
	e.prev.next = w
	e.prev = w
}
