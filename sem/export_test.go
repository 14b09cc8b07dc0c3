package sem

// QueuedUnderLock returns how many are queued. The caller has the lock.
func QueuedUnderLock(s *Semaphore) int { return s.waiters.len }

// StateUnderLock returns the count and how much the first waiter wants, 0 if
// there is none. The caller has the lock.
func StateUnderLock(s *Semaphore) (free, wanted int64) {
	if w := s.waiters.head; w != nil {
		wanted = w.n
	}
	return s.free, wanted
}
