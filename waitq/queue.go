// Package waitq is a placeholder that its author replaces at once.
package waitq

// Queue is a wait queue.
type Queue struct{}
