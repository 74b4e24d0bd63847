//go:build production

package main

import (
	"context"
	"errors"
	"io"
)

// start says that a build for deployment has no stand-ins to start.
func start(context.Context, []string, io.Writer) error {
	return errors.New("this build is for deployment: use \"handbook web\" and \"handbook worker\"; \"handbook help\" lists all words")
}
