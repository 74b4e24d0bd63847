package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"pilothandbook/author"
	"pilothandbook/author/foreign"
	"pilothandbook/handbook/bundle"
	"pilothandbook/preview"
)

// newModule makes a folder to begin with.
func newModule(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("new", flag.ContinueOnError)
	key := flags.String("key", "instrument", "the module's key")
	rest, err := arguments(flags, args, 1, "new takes one folder")
	if err != nil {
		return err
	}
	return author.New(out, rest[0], *key)
}

// showPreview serves a folder to this machine until ctx ends.
func showPreview(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("preview", flag.ContinueOnError)
	port := flags.Uint("port", 4000, "the port to listen on")
	rest, err := arguments(flags, args, 1, "preview takes one folder")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.FormatUint(uint64(*port), 10)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is in use, perhaps by another preview; choose one with --port", *port)
	}
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintf(out, "Preview of %s: http://localhost:%d\nIt shows what you save. Leave with Ctrl-C.\n", rest[0], l.Addr().(*net.TCPAddr).Port)
	return preview.Serve(untilOrphaned(ctx), l, rest[0], compiler(), slog.New(slog.NewTextHandler(os.Stderr, nil)))
}

const compileWord = "compile"

// compile does what another process of this program asks for.
func compile(_ context.Context, _ []string, out io.Writer) error { return bundle.Serve(os.Stdin, out) }

// compiler compiles in a process of its own, which can be ended. Where this
// program is not found it compiles in this one.
func compiler() bundle.Compiler {
	program, err := os.Executable()
	if err != nil {
		return bundle.Compiler{}
	}
	return bundle.Compiler{Command: []string{program, compileWord}}
}

// importSite makes a module's folder of a site that was written for another
// reader.
func importSite(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	key := flags.String("key", "instrument", "the module's key")
	unknown := flags.String("unknown-components", "fault", "keep or fault")
	rest, err := arguments(flags, args, 2, "import takes the folder of the site and the one to make")
	if err != nil {
		return err
	}
	if *unknown != "keep" && *unknown != "fault" {
		return errUsage{fmt.Sprintf("--unknown-components is keep or fault, not %q", *unknown)}
	}
	return foreign.Import(foreign.Options{
		From: rest[0], To: rest[1], Key: *key, Keep: *unknown == "keep", Out: out,
		Date: time.Now().UTC().Format(time.DateOnly),
	})
}
