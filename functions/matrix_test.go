package functions_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"pilothandbook/functions"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// owned are the parameters that lead to something of one reader's own. To all
// others there is nothing there.
var owned = []string{":checkout", ":device", ":passkey", ":change", "tokens/:token"}

// TestMatrix calls every route as everybody, with the ids of things that are
// somebody's. testdata/matrix.txt holds what each is answered. The rules
// below hold whatever is written there.
func TestMatrix(t *testing.T) {
	t.Parallel()
	routes := functions.All(platformtest.New(t))
	lines := make([][]string, len(routes))
	t.Run("routes", func(t *testing.T) {
		shared := sync.OnceValue(func() *world { return newWorld(t, false) })
		for i, route := range routes {
			t.Run(route.Method+" "+route.Path, func(t *testing.T) {
				w := shared
				if changes(route) {
					t.Parallel()
					w = func() *world { return newWorld(t, false) }
				}
				lines[i] = w().row(t, i)
			})
		}
	})
	slices.SortFunc(lines, func(a, b []string) int { return strings.Compare(a[1]+" "+a[0], b[1]+" "+b[0]) })
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "method\tpath\t%s\n", strings.Join(roles(), "\t"))
	for _, l := range lines {
		fmt.Fprintln(table, strings.Join(l, "\t"))
	}
	_ = table.Flush() // a strings.Builder takes everything
	platformtest.Golden(t, "matrix.txt", b.String())
}

// row calls the route with a number in the list as everybody, and returns its
// line of the matrix.
func (w *world) row(t *testing.T, number int) []string {
	t.Helper()
	route := w.routes[number]
	name := route.Method + " " + route.Path
	path, in, succeeded := w.path(t, route), inputs()[name], false
	if in == (input{}) {
		in = form("")
	}
	line := []string{route.Method, route.Path}
	ana, writer := w.people[owner].ID.String(), w.people[author].ID.String()
	before := w.states(t, ana, writer)
	for _, role := range roles() {
		got := w.send(t, w.request(t, role, route.Method, path, in))
		secure(t, w, route, got)
		w.mayBe(t, route, role, got)
		after := w.states(t, ana, writer)
		if tables := after[0].since(before[0]); (got.Status >= 400 || !changes(route)) && len(tables) > 0 {
			t.Errorf("%s is answered with %d, and %v changed", role, got.Status, tables)
		}
		may := role == owner || role == operator && route.Access == web.Operator || byDesign()[name]
		if tables := after[1].since(before[1]); !may && len(tables) > 0 {
			t.Errorf("%s changed the owner's %v", role, tables)
		}
		mine := role == author || role == token
		if tables := after[2].since(before[2]); !mine && len(tables) > 0 {
			t.Errorf("%s changed the author's %v", role, tables)
		}
		before = after
		succeeded = succeeded || got.Status < 400
		line = append(line, strconv.Itoa(got.Status))
	}
	_, excused := nobody()[name]
	if changes(route) && succeeded == excused {
		t.Errorf("somebody succeeds: %v, and it is among those where nobody does: %v", succeeded, excused)
	}
	return line
}

// mayBe checks an answer against what holds for all routes.
func (w *world) mayBe(t *testing.T, route web.Route, role string, got platformtest.Answer) {
	t.Helper()
	want := map[bool]int{}
	switch a := route.Access; {
	case role == anonymous && (a == web.SignedIn || a == web.Author || a == web.Staff || a == web.Operator):
		want[true] = http.StatusUnauthorized
		if route.Method == http.MethodGet && got.Status == http.StatusSeeOther { // a page leads to where one signs in
			want[true] = http.StatusSeeOther
			if to := got.Header.Get("Location"); strings.HasPrefix(route.Path, "/api/") || !strings.HasPrefix(to, "/signin?next=%2F") {
				t.Errorf("%s is led to %q", role, to)
			}
		}
	case role == token && (a == web.SignedIn || a == web.Operator),
		a == web.Author && (role == other || role == refunded || role == owner),
		a == web.Operator && role != operator:
		want[true] = http.StatusForbidden
	case a == web.Staff && (role == other || role == refunded || role == owner):
		want[true] = http.StatusNotFound
	case leadsTo(route) != "" && role != leadsTo(route):
		want[role != token] = http.StatusNotFound
	}
	if status, ok := want[true]; ok && got.Status != status {
		t.Errorf("%s is answered with %d, want %d", role, got.Status, status)
	}
	if got.Status >= 500 {
		t.Errorf("%s is answered with %d: %s", role, got.Status, got.Body)
	}
	if role != owner && role != operator && strings.Contains(got.Body, ownersEmail) {
		t.Errorf("%s learns the owner's address: %s", role, got.Body)
	}
	if role != owner && !previews(role, route.Path) && strings.Contains(got.Body, platformtest.Canary) {
		t.Errorf("%s reads what was not bought: %s", role, got.Body)
	}
}

// previews reports whether a role may read by a path what it has not bought: a
// version that readers have not, and figures of all versions.
func previews(role, path string) bool {
	staff := role == author || role == token || role == operator
	return staff && (strings.HasPrefix(path, "/previews/") || strings.HasPrefix(path, "/media/"))
}

// leadsTo returns whose thing a route's id leads to, "" where it is nobody's.
func leadsTo(route web.Route) string {
	for _, id := range owned {
		switch {
		case !strings.Contains(route.Path+"/", "/"+id+"/"):
		case route.Access == web.Author:
			return author
		case route.Access == web.SignedIn:
			return owner
		}
	}
	return ""
}
