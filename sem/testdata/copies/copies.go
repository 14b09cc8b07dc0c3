// Package copies does what go vet must complain about.
package copies

import "github.com/floodgate-go/floodgate/sem"

func semaphore(s *sem.Semaphore) sem.Semaphore { return *s }

func rw(l *sem.RW) sem.RW { return *l }
