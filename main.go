// The handbook: one program, one word per thing it does. Without a word it
// runs everything on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
)

func main() {
	// The first signal stops gently, a second one at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// word is one thing the program does.
type word struct {
	name, args, help string
	run              func(ctx context.Context, args []string, out io.Writer) error
}

// words lists all of them, in the order of the help.
func words() []word {
	return []word{
		{"", "", "run the whole handbook on this machine", start},
		{"web", "", "serve readers", serveWeb},
		{"worker", "", "run jobs: mails, publishing", work},
		{"migrate", "", "bring the database to this program's schema", migrate},
		{"new", "[--key MODULE] DIR", "make a module's folder, to begin with", newModule},
		{"preview", "[--port PORT] DIR", "show a module's folder while it is written", showPreview},
		{"import", "[--key MODULE] [--unknown-components keep|fault] SRC DIR", "make a module's folder of documentation for another reader", importSite},
		{"publish", "[--activate] [--check] DIR", "check a module's folder and publish it as a version", publish},
		{"versions", "[--activate VERSION | --diff FROM..TO] MODULE", "list a module's versions, make one active (an older one is the roll back), or compare two", versions},
		{"reprocess", "[--version VERSION] MODULE", "make a version again with the handbook's present program", reprocess},
		{compileWord, "", "compile the components of a module, for the worker and the preview", compile},
		{"jobs", "", "show what is queued, running and dead, with the causes", jobs},
		{"retry", "ID | KIND | --all", "run dead jobs again", retry},
		{"roll-up", "DAY", "count a day's analytics again", rollUp},
		{"reconcile", "[--restored]", "ask Stripe for what was missed, and settle it; after a backup was restored, what was sold since too", reconcile},
		{"replay", "[--seen] EVENT | all", "settle quarantined events again, with this program; or close one, as what it asks for was done by hand", replay},
		{"price", "MODULE CENTS", "set what a module costs from now on; what is being paid keeps its price", price},
		{"rotate-key", "[--lost]", "wrap the keys of offline packages by the first key of CONTENT_ENCRYPTION_KEY; make new ones for those that are lost", rotateKey},
		{"fsck", "", "check that events, purchases, grants, ledger, jobs, mails and offline packages agree", fsck},
		{"doctor", "", "check configuration, servers, Stripe, mail, clock, schedules and what waits for an operator", doctor},
		{"routes", "", "print all routes and who may call them", routes},
		{"version", "", "print the version of this program", printVersion},
		{"help", "", "print this", help},
	}
}

// errUsage is a call that cannot be meant.
type errUsage struct{ text string }

func (e errUsage) Error() string { return e.text }

// run does what args say and returns the exit code: 0 done, 1 failed, 2 not
// understood.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	name := ""
	if len(args) > 0 {
		name, args = strings.TrimLeft(args[0], "-"), args[1:]
	}
	if name == "h" || slices.Contains(args, "-h") || slices.Contains(args, "--help") {
		name, args = "help", nil
	}
	for _, w := range words() {
		if w.name != name {
			continue
		}
		err := w.refuse(args)
		if err == nil {
			err = w.run(ctx, args, out)
		}
		if usage, ok := errors.AsType[errUsage](err); ok {
			fmt.Fprintf(errs, "%s\nusage: handbook %s %s\n", usage.text, w.name, w.args)
			return 2
		}
		if err != nil {
			fmt.Fprintln(errs, err)
			return 1
		}
		return 0
	}
	fmt.Fprintf(errs, "handbook does not know the word %q; \"handbook help\" lists them\n", name)
	return 2
}

// refuse tells of arguments to a word that takes none.
func (w word) refuse(args []string) error {
	if w.args == "" && len(args) > 0 {
		return errUsage{w.name + " takes no argument"}
	}
	return nil
}

func help(_ context.Context, _ []string, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "The Interactive Pilot Handbook.\n\nusage: handbook [WORD]")
	fmt.Fprintln(w)
	for _, o := range words() {
		name := o.name
		if name == "" {
			name = "(nothing)"
		}
		fmt.Fprintf(w, "  %s %s\t%s\n", name, o.args, o.help)
	}
	fmt.Fprintln(w, "\nAll words but new, preview, import, publish, versions, reprocess, routes, version and help read their configuration from the environment: docs/configuration.md.\nThose from jobs to doctor use the local handbook that runs here where no DATABASE_URL is set.")
	return w.Flush()
}
