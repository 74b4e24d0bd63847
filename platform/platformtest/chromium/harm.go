package chromium

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// Document is what a site sends.
type Document struct{ Type, Body string }

// Harm shows documents, each in a frame of its own, in a browser that no policy
// holds back, and does to all that is in them what a reader may. It returns
// what they did: "runs " and the body of one that called alert or the like, or
// "asks " and the address, without its scheme, that another site was asked for.
func Harm(t testing.TB, b *rod.Browser, documents []Document) (did []string) {
	t.Helper()
	some := documents[:0]
	site := httptest.NewServer(frames(&some))
	defer site.Close()
	page := Tab(t, b, site.URL, "", Desk("light"))
	asked := listen(t, page, site.URL)
	if _, err := page.EvalOnNewDocument(watch); err != nil {
		t.Fatal(err)
	}
	for some = range slices.Chunk(documents, 100) {
		Visit(t, page, site.URL)
		ran, err := page.Eval(touch)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range ran.Value.Arr() {
			i, err := strconv.Atoi(strings.TrimPrefix(path.Str(), "/documents/"))
			if err != nil || i >= len(some) {
				t.Fatalf("%s runs something: %v", path.Str(), err)
			}
			did = append(did, "runs "+some[i].Body)
		}
	}
	return append(did, asked()...)
}

// frames is a site of documents.
func frames(documents *[]Document) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>Harm</title>`)
		for i := range *documents {
			fmt.Fprintf(w, `<iframe src="/documents/%d"></iframe>`, i)
		}
	})
	mux.HandleFunc("GET /documents/{i}", func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.PathValue("i"))
		if err != nil || i >= len(*documents) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", (*documents)[i].Type)
		fmt.Fprint(w, (*documents)[i].Body)
	})
	return mux
}

// listen has noted what other sites than one are asked for.
func listen(t testing.TB, page *rod.Page, site string) (asked func() []string) {
	t.Helper()
	if err := (proto.NetworkEnable{}).Call(page); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []string
	go page.EachEvent(func(e *proto.NetworkRequestWillBeSent) {
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Host == "" || "http://"+u.Host == site {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, "asks //"+u.Host+u.Path)
	})()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Compact(slices.Sorted(slices.Values(all)))
	}
}

// watch runs first in every document: it notes what calls alert, and lets no
// link lead anywhere but into a script.
const watch = `
top.ran ??= new Set();
const note = () => {
	let of = window; // a document may have frames of its own
	while (of !== top && !of.location.pathname.startsWith("/documents/")) of = of.parent;
	top.ran.add(of.location.pathname);
};
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = note;
addEventListener("click", (event) => {
	const link = event.target.closest?.("a, area");
	const to = link && new URL(link.href?.baseVal ?? link.href, "http://none.invalid/").protocol;
	if (/^(https?|mailto|file):$/.test(to)) event.preventDefault();
}, true);
addEventListener("submit", (event) => event.preventDefault(), true);`

// touch does to each element what a reader may, and returns the paths of the
// documents that ran something.
const touch = `async () => {
	const kinds = ["mouseover", "mouseenter", "mousemove", "pointerdown", "focus", "focusin", "keydown", "toggle", "animationstart", "wheel"];
	for (const frame of document.querySelectorAll("iframe")) {
		for (const e of frame.contentDocument?.querySelectorAll("*") ?? []) {
			for (const kind of kinds) e.dispatchEvent(new Event(kind, { bubbles: true }));
			e.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
		}
	}
	await new Promise((done) => setTimeout(done, 500));
	return [...top.ran];
}`
