// Package sem is the semaphores of Linux.
package sem
