package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// untilOrphaned ends ctx when "go run" has gone, which does not pass on the
// signal that killed it. Other parents, such as a shell, may leave.
func untilOrphaned(ctx context.Context) context.Context {
	parent := os.Getppid()
	name, err := os.ReadFile("/proc/" + strconv.Itoa(parent) + "/comm")
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return ctx
	}
	ctx, orphaned := context.WithCancel(ctx)
	go func() {
		for ctx.Err() == nil && os.Getppid() == parent {
			time.Sleep(200 * time.Millisecond)
		}
		orphaned()
	}()
	return ctx
}
