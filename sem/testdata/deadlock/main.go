// Command deadlock waits for ever.
package main

import (
	"context"
	"os"

	"github.com/floodgate-go/floodgate/sem"
)

func main() {
	ctx := context.Background()
	if os.Args[1] == "down" {
		_ = new(sem.Semaphore).Down(ctx)
	}
	var l sem.RW
	_ = l.DownWrite(ctx)
	_ = l.DownRead(ctx)
}
