// Package functions is the one list of all functions of the handbook. Each is
// a package of its own: one resource path with its methods, which can be
// mounted by the host, wrapped for Lambda, or invoked in a test, alone or
// together.
package functions

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"pilothandbook/functions/account"
	"pilothandbook/functions/analytics"
	"pilothandbook/functions/asset"
	"pilothandbook/functions/audit"
	"pilothandbook/functions/blob"
	"pilothandbook/functions/catalog"
	"pilothandbook/functions/changes"
	"pilothandbook/functions/checkout"
	"pilothandbook/functions/checkouts"
	"pilothandbook/functions/dashboard"
	"pilothandbook/functions/describe"
	"pilothandbook/functions/devices"
	"pilothandbook/functions/difference"
	"pilothandbook/functions/events"
	"pilothandbook/functions/export"
	"pilothandbook/functions/file"
	"pilothandbook/functions/finish"
	"pilothandbook/functions/grants"
	"pilothandbook/functions/health"
	"pilothandbook/functions/jobs"
	"pilothandbook/functions/lesson"
	"pilothandbook/functions/lessons"
	"pilothandbook/functions/licence"
	"pilothandbook/functions/mailchoice"
	"pilothandbook/functions/mails"
	"pilothandbook/functions/manifest"
	"pilothandbook/functions/media"
	"pilothandbook/functions/metrics"
	"pilothandbook/functions/module"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/pages"
	"pilothandbook/functions/passkey"
	"pilothandbook/functions/people"
	"pilothandbook/functions/previews"
	"pilothandbook/functions/progress"
	"pilothandbook/functions/queues"
	"pilothandbook/functions/readers"
	"pilothandbook/functions/redeem"
	"pilothandbook/functions/refund"
	"pilothandbook/functions/report"
	"pilothandbook/functions/reports"
	"pilothandbook/functions/roles"
	"pilothandbook/functions/sales"
	"pilothandbook/functions/search"
	"pilothandbook/functions/session"
	"pilothandbook/functions/signin"
	"pilothandbook/functions/stripehook"
	"pilothandbook/functions/timeline"
	"pilothandbook/functions/tokens"
	"pilothandbook/functions/upload"
	"pilothandbook/functions/versions"
	"pilothandbook/functions/views"
	"pilothandbook/platform"
	"pilothandbook/platform/web"
)

// Function is an endpoint by its package's name.
type Function struct {
	Name   string
	Routes func(*platform.Platform) []web.Route
}

// List returns all functions.
func List() []Function {
	return []Function{
		// reading
		{"catalog", catalog.Routes},
		{"module", module.Routes},
		{"lesson", lesson.Routes},
		{"changes", changes.Routes},
		{"media", media.Routes},
		{"asset", asset.Routes},
		{"report", report.Routes},
		{"search", search.Routes},
		{"pages", pages.Routes},
		// who
		{"signin", signin.Routes},
		{"passkey", passkey.Routes},
		{"session", session.Routes},
		{"devices", devices.Routes},
		{"tokens", tokens.Routes},
		{"account", account.Routes},
		{"export", export.Routes},
		{"mailchoice", mailchoice.Routes},
		// money
		{"checkout", checkout.Routes},
		{"stripehook", stripehook.Routes},
		{"orders", orders.Routes},
		{"redeem", redeem.Routes},
		{"timeline", timeline.Routes},
		// learning
		{"events", events.Routes},
		{"progress", progress.Routes},
		{"finish", finish.Routes},
		{"analytics", analytics.Routes},
		// offline
		{"manifest", manifest.Routes},
		{"file", file.Routes},
		{"licence", licence.Routes},
		// publishing
		{"blob", blob.Routes},
		{"upload", upload.Routes},
		{"versions", versions.Routes},
		{"previews", previews.Routes},
		{"difference", difference.Routes},
		// operating
		{"dashboard", dashboard.Routes},
		{"sales", sales.Routes},
		{"checkouts", checkouts.Routes},
		{"readers", readers.Routes},
		{"lessons", lessons.Routes},
		{"views", views.Routes},
		{"people", people.Routes},
		{"grants", grants.Routes},
		{"mails", mails.Routes},
		{"roles", roles.Routes},
		{"refund", refund.Routes},
		{"audit", audit.Routes},
		{"jobs", jobs.Routes},
		{"queues", queues.Routes},
		{"reports", reports.Routes},
		// machines
		{"health", health.Routes},
		{"metrics", metrics.Routes},
		{"describe", describe.Routes},
	}
}

// All returns the routes of all functions.
func All(p *platform.Platform) []web.Route {
	var routes []web.Route
	for _, f := range List() {
		routes = append(routes, f.Routes(p)...)
	}
	return routes
}

// Print returns all routes with who may call them, a line each.
func Print(p *platform.Platform) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	type line struct{ path, method, access, function string }
	var lines []line
	for _, f := range List() {
		for _, r := range f.Routes(p) {
			lines = append(lines, line{r.Path, r.Method, r.Access.String(), f.Name})
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		return strings.Compare(a.path+" "+a.method, b.path+" "+b.method)
	})
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.method, l.path, l.access, l.function)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}
