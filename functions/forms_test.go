package functions_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// typed is more than any field takes, with all that HTML has to escape.
var typed = strings.Repeat(`a <b> & "c" 'd' `, 400)

// TestFormsKeepWhatWasTyped finds every form that the handbook shows to anyone
// and in which something can be typed, and sends what no field takes, with the
// last choice of each list. The page that refuses it must have the same form,
// with all that was typed and chosen, must name the field and say what is
// wrong with it, and must have the focus on it.
func TestFormsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	tried := map[string]bool{}
	for _, role := range []string{anonymous, owner, author, operator} {
		for _, route := range w.routes {
			if changes(route) || strings.HasPrefix(route.Path, "/api/") {
				continue
			}
			for _, f := range w.forms(t, role, w.path(t, route)) {
				name := role + " " + f.action
				if len(f.typed) == 0 || tried[name] {
					continue
				}
				tried[name] = true
				t.Run(name, func(t *testing.T) { w.keeps(t, role, f) })
			}
		}
	}
	if len(tried) < 15 {
		t.Errorf("only these forms were found: %v", tried)
	}
}

// keeps sends a form with something wrong in each field that is typed.
func (w *world) keeps(t *testing.T, role string, f filled) {
	t.Helper()
	values := f.values
	for _, name := range f.typed {
		values.Set(name, typed)
	}
	for name, choices := range f.choices {
		values.Set(name, choices[len(choices)-1])
	}
	got := w.send(t, w.request(t, role, "POST", f.action, form(values.Encode())))
	if got.Status < 400 || got.Status >= 500 {
		t.Fatalf("answered with %d", got.Status)
	}
	page := parse(t, got.Body)
	all := formsOf(page)
	at := slices.IndexFunc(all, func(g filled) bool { return g.action == f.action && slices.Equal(g.typed, f.typed) })
	if at < 0 {
		t.Fatalf("the page of %d has no such form: %.2000s", got.Status, got.Body)
	}
	for _, name := range f.typed {
		if kept := all[at].values.Get(name); strings.ReplaceAll(kept, "\r\n", "\n") != typed {
			t.Errorf("of %s this is kept: %.80q", name, kept)
		}
	}
	for name := range f.choices {
		if kept, want := all[at].values.Get(name), values.Get(name); kept != want {
			t.Errorf("of %s %q is chosen, it was %q", name, kept, want)
		}
	}
	if len(all[at].wrong) == 0 {
		t.Error("it does not say which field is wrong")
	}
	if !all[at].focus {
		t.Error("the focus is not on what is wrong")
	}
	for _, said := range all[at].wrong {
		if !slices.ContainsFunc(strings.Fields(said), func(id string) bool { return textOf(byID(page, id)) != "" }) {
			t.Errorf("of what is wrong the page has no words under any of the ids %q", said)
		}
	}
}

// forms returns the forms of a page that are sent by POST.
func (w *world) forms(t *testing.T, role, path string) []filled {
	t.Helper()
	got := w.send(t, w.request(t, role, "GET", path, input{}))
	if got.Status != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	return formsOf(parse(t, got.Body))
}

// filled is a form as a page shows it.
type filled struct {
	action  string
	values  url.Values          // that it would be sent with
	typed   []string            // names of the fields that one types into
	choices map[string][]string // of the fields in which one chooses, by name
	wrong   []string            // what describes those that are marked as wrong
	focus   bool                // is on one of those
}

func formsOf(page *html.Node) []filled {
	var all []filled
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && attr(n, "method") == "post" {
			all = append(all, read(n))
		}
	}
	return all
}

func read(n *html.Node) filled {
	f := filled{action: attr(n, "action"), values: url.Values{}, choices: map[string][]string{}}
	for field := range n.Descendants() {
		name := attr(field, "name")
		if field.Type != html.ElementNode || name == "" {
			continue
		}
		kind := field.Data
		if kind == "input" {
			kind = attr(field, "type")
		}
		switch kind {
		case "", "text", "email", "date", "number":
			f.values.Set(name, attr(field, "value"))
			f.typed = append(f.typed, name)
		case "textarea":
			f.values.Set(name, textOf(field))
			f.typed = append(f.typed, name)
		case "hidden":
			f.values.Set(name, attr(field, "value"))
		case "select":
			chosen, all := options(field)
			f.values.Set(name, chosen)
			f.choices[name] = all
		}
		if attr(field, "aria-invalid") == "true" {
			f.wrong = append(f.wrong, attr(field, "aria-describedby"))
			f.focus = f.focus || slices.ContainsFunc(field.Attr, func(a html.Attribute) bool { return a.Key == "autofocus" })
		}
	}
	return f
}

// options returns what is chosen in a list, and what can be. A browser chooses the
// first where none is.
func options(list *html.Node) (chosen string, all []string) {
	for n := range list.Descendants() {
		if n.Type != html.ElementNode || n.Data != "option" {
			continue
		}
		value := attr(n, "value")
		if all = append(all, value); len(all) == 1 || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
			chosen = value
		}
	}
	return chosen, all
}

func parse(t *testing.T, body string) *html.Node {
	t.Helper()
	page, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func byID(page *html.Node, id string) *html.Node {
	for n := range page.Descendants() {
		if attr(n, "id") == id {
			return n
		}
	}
	return nil
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// textOf returns the words in an element, "" for none.
func textOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}
