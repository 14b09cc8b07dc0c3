// Package waitq has wait queues in the manner of Linux: goroutines sleep until
// a condition holds, and whoever makes it true wakes all of them, one, or some.
package waitq
