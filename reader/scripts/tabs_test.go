package scripts_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"pilothandbook/functions/asset"
	"pilothandbook/functions/session"
	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
	"pilothandbook/router"
)

const tabbed = `---
title: Tabs
summary: Two ways.
date: 2026-11-23
---

<Tabs>
<TabItem label="Rule of thumb">
Double it.
</TabItem>
<TabItem label="Exact">
### Derivation {/*derivation*/}

Integrate it.
</TabItem>
<TabItem label="Table">
Look it up.
</TabItem>
</Tabs>
`

// seen returns the tab that is chosen, and the panels that are seen.
const seen = `() => [...document.querySelectorAll("[aria-selected=true]")].map((e) => e.textContent).join() + ": " +
	[...document.querySelectorAll("section.tab")].filter((e) => e.checkVisibility({ contentVisibilityAuto: true }) && e.offsetHeight > 20).map((e) => e.lastElementChild.textContent.trim()).join()`

func TestTabs(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	p := platformtest.New(t)
	made, faults := mdx.Render("lessons/tabs.mdx", []byte(tabbed), mdx.Resolver{Component: mdx.Builtin, Names: mdx.BuiltinNames()})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	page := reader.New(fstest.MapFS{"page.html": {Data: []byte(`{{define "main"}}<article class="prose">` + made.HTML + `</article>{{end}}`)}}, "page.html")
	server := httptest.NewServer(router.New(p, slices.Concat(asset.Routes(p), session.Routes(p), []web.Route{{
		Method: "GET", Path: "/tabs", Access: web.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			return page.Show(w, r, http.StatusOK, reader.View{Title: "Tabs", Same: true})
		},
	}})...))
	t.Cleanup(server.Close)

	lesson := tab(t, b, server.URL+"/tabs")
	shows(t, lesson, "[role=tab][aria-selected=true]", "Rule of thumb")
	want := func(what, is string) {
		t.Helper()
		if got := js(t, lesson, seen); got != is {
			t.Errorf("%s: %q, want %q", what, got, is)
		}
	}
	want("at first", "Rule of thumb: Double it.")
	click(t, lesson, "[role=tab]:nth-child(3)")
	want("a click", "Table: Look it up.")
	for _, step := range []struct {
		key  input.Key
		want string
	}{
		{input.ArrowRight, "Rule of thumb: Double it."}, {input.ArrowRight, "Exact: Integrate it."}, {input.Home, "Rule of thumb: Double it."},
		{input.ArrowLeft, "Table: Look it up."}, {input.Home, "Rule of thumb: Double it."}, {input.End, "Table: Look it up."},
	} {
		if err := lesson.Keyboard.Type(step.key); err != nil {
			t.Fatal(err)
		}
		want("a key", step.want)
	}
	js(t, lesson, `() => { location.hash = "#derivation"; return "" }`)
	shows(t, lesson, "[role=tab][aria-selected=true]", "Exact")
	want("a link into a panel", "Exact: Integrate it.")
	linked := tab(t, b, server.URL+"/tabs#derivation")
	shows(t, linked, "[role=tab][aria-selected=true]", "Exact")

	if err := (proto.EmulationSetEmulatedMedia{Media: "print"}).Call(linked); err != nil {
		t.Fatal(err)
	}
	if got, all := js(t, linked, seen), "Exact: Double it.,Integrate it.,Look it up."; got != all {
		t.Errorf("on paper: %q, want %q", got, all)
	}
	plain := tab(t, b, "about:blank")
	if err := (proto.EmulationSetScriptExecutionDisabled{Value: true}).Call(plain); err != nil {
		t.Fatal(err)
	}
	if err := plain.Navigate(server.URL + "/tabs"); err != nil {
		t.Fatal(err)
	}
	if err := plain.WaitLoad(); err != nil {
		t.Fatal(err)
	}
	if text := plain.MustElement("article").MustText(); strings.Join(strings.Fields(text), " ") != "Rule of thumb Double it. Exact Derivation Integrate it. Table Look it up." {
		t.Errorf("without script: %q", text)
	}
}

func click(t *testing.T, page *rod.Page, selector string) {
	t.Helper()
	e, err := page.Element(selector)
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
}
