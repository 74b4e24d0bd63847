package operate

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
)

// examination bounds each part of what the doctor looks at.
const examination = 5 * time.Second

// The doctor's verdicts. Only bad ones are problems.
const (
	ok   = "ok"
	warn = "warn"
	bad  = "bad"
)

// finding is a line of what the doctor says.
type finding struct{ verdict, about, says, do string }

// findings gathers those of one part, until its time is up.
type findings struct {
	mu  sync.Mutex
	all []finding
}

func (f *findings) add(verdict, about, says, do string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, finding{verdict, about, says, do})
}

func (f *findings) taken() []finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]finding(nil), f.all...)
}

// doctor has what it looks with: the settings of both services, and
// connections by those of web.
type doctor struct {
	web, worker *config.Config
	way         http.RoundTripper // to Cloudinary
	*platform.Platform
}

// Doctor looks at everything that a deployment depends on and prints a line for
// each thing: whether it is right, what that means, and what to do. web and
// worker are the settings of the services as the environment has them, unchecked.
// It returns how many things are bad.
func Doctor(ctx context.Context, web, worker *config.Config, out io.Writer) (int, error) {
	return diagnose(ctx, web, worker, out, nil)
}

// diagnose is Doctor, who asks Cloudinary by a way: nil is the network.
func diagnose(ctx context.Context, web, worker *config.Config, out io.Writer, way http.RoundTripper) (int, error) {
	if !Deployed(web, worker) {
		tell(out, finding{bad, "configuration", "none of the variables of a deployment is set here",
			"run it where web or worker run, with their variables; docs/configuration.md lists them. Or start a local handbook here"})
		return 1, nil
	}
	cfg := *web
	cfg.DatabaseMaxConns = 1
	p, err := platform.Open(&cfg, config.Command, slog.New(slog.DiscardHandler))
	if err != nil {
		tell(out, finding{bad, "configuration", err.Error(), "correct it; docs/configuration.md tells its form"})
		return 1, nil
	}
	defer p.Close()
	d := doctor{web, worker, way, p}
	problems := 0
	for _, f := range d.examine(ctx) {
		tell(out, f)
		if f.verdict == bad {
			problems++
		}
	}
	_, err = fmt.Fprintf(out, "%d problems\n", problems)
	return problems, err
}

// Deployed reports whether any variable of a deployment is set.
func Deployed(web, worker *config.Config) bool {
	return web.DatabaseURL != "" || web.RedisURL != "" || web.StripeSecretKey != "" || worker.MailURL != ""
}

func tell(out io.Writer, f finding) {
	says := strings.ReplaceAll(strings.TrimSpace(f.says), "\n", "; ")
	fmt.Fprintf(out, "%-6s%-15s%s\n", f.verdict, f.about, says)
	if f.do != "" {
		fmt.Fprintf(out, "%21s-> %s\n", "", f.do)
	}
}

// part is looked at by itself.
type part struct {
	about string
	look  func(ctx context.Context, f *findings)
}

// examine looks at all parts at once, and returns the findings in their order.
func (d doctor) examine(ctx context.Context) []finding {
	parts := []part{
		{"configuration", d.configuration}, {"PostgreSQL", d.postgres}, {"Redis", d.redis}, {"caches", d.caches}, {"Stripe", d.stripe}, {"mail", d.mail}, {"Cloudinary", d.images},
	}
	found := make([][]finding, len(parts))
	var looking sync.WaitGroup
	for i, p := range parts {
		looking.Go(func() { found[i] = p.examine(ctx) })
	}
	looking.Wait()
	var all []finding
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

// examine looks for as long as it may. What does not end by itself a little
// before is left behind.
func (p part) examine(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, examination-examination/10)
	defer cancel()
	var f findings
	done := make(chan struct{})
	go func() { p.look(ctx, &f); close(done) }()
	select {
	case <-done:
	case <-time.After(examination):
		f.add(bad, p.about, fmt.Sprintf("it has not answered everything after %s", examination), "see whether it is reachable from here, and how busy it is")
	}
	return f.taken()
}

// configuration checks the settings of both services. A service's own
// variables may be set for that one only.
func (d doctor) configuration(_ context.Context, f *findings) {
	web, worker := d.web.Check(config.Web), d.worker.Check(config.Worker)
	const do = "docs/configuration.md tells what each variable is"
	switch {
	case web == nil && worker == nil:
		f.add(ok, "configuration", "web and worker have what they need", "")
	case web == nil:
		f.add(warn, "configuration", "web has what it needs; "+worker.Error(), "if this is not the worker's environment, look there too")
	case worker == nil:
		f.add(warn, "configuration", "the worker has what it needs; "+web.Error(), "if this is not the environment of web, look there too")
	default:
		f.add(bad, "configuration", web.Error(), do)
		f.add(bad, "configuration", worker.Error(), do)
	}
	if !d.web.Production() {
		f.add(warn, "configuration", "APP_ENV is "+d.web.AppEnv+": queries are logged", "leave it unset in production")
	}
}
