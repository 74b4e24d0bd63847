// Package preview shows a module's folder to its author as readers will get
// it, without a database: with the templates, styles and scripts of the real
// reader, and the faults of the gate above each page. A page shows a saved
// change by itself. Where a lesson has become faulty, its last good page
// stays.
//
//	GET /                              the lessons, and all faults
//	GET /modules/:module/lessons/:id   a lesson
//	GET /media/…  /assets/…            what pages show
//	GET /components/…                  the scripts of the module's own components
//	GET /preview/events?after=N        Server-Sent Events: the folder was read again
//
// Whatever else pages lead to is not there, which a page says.
package preview

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/serve"
	"pilothandbook/reader"
	"pilothandbook/reader/leaf"
	"pilothandbook/router"
)

//go:embed index.html missing.html panel.html preview.js
var files embed.FS

// Serve shows the folder on l until ctx ends.
func Serve(ctx context.Context, l net.Listener, dir string, c bundle.Compiler, log *slog.Logger) error {
	s, err := newStand(ctx, dir, c)
	if err != nil {
		return err
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return s.watch(ctx) })
	both.Go(func() error { return serve.Server{Handler: s.handler(), Log: log}.Run(ctx, l) })
	return both.Wait()
}

// stand serves one folder.
type stand struct {
	*shelf
	stop  <-chan struct{}
	leaf  leaf.Page
	index *reader.Page
	gone  *reader.Page
	panel *template.Template
}

func newStand(ctx context.Context, dir string, c bundle.Compiler) (*stand, error) {
	shelf, err := newShelf(dir, c)
	if err != nil {
		return nil, err
	}
	return &stand{
		shelf: shelf, stop: ctx.Done(), leaf: leaf.New(), index: reader.New(files, "index.html"), gone: reader.New(files, "missing.html"),
		panel: template.Must(template.ParseFS(files, "panel.html")),
	}, nil
}

func (s *stand) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showIndex)
	mux.HandleFunc("GET /", s.showMissing)
	mux.HandleFunc("GET /modules/{module}/lessons/{lesson}", s.showLesson)
	mux.HandleFunc("POST /modules/{module}/lessons/{lesson}/finish", next)
	mux.Handle("GET /modules/{module}", http.RedirectHandler("/", http.StatusSeeOther))
	mux.HandleFunc("GET /assets/{file}", asset)
	mux.HandleFunc("GET /media/{path...}", s.medium)
	mux.HandleFunc("GET /components/{file}", s.component)
	mux.HandleFunc("GET /preview/events", s.events)
	mux.HandleFunc("GET /preview/preview.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "preview.js")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page elsewhere must not read the folder through a name of its own.
		host, _, _ := net.SplitHostPort(r.Host)
		if host != "localhost" && host != "127.0.0.1" {
			http.Error(w, "The preview answers to localhost only.", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", router.Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func (s *stand) showIndex(w http.ResponseWriter, _ *http.Request) {
	now := s.now()
	page, err := s.index.Build(reader.View{Title: "Preview", Same: true, Data: now})
	s.send(w, http.StatusOK, page, err, now.panel(s.dir, ""))
}

func (s *stand) showLesson(w http.ResponseWriter, r *http.Request) {
	now, l, state := s.lesson(r.PathValue("lesson"))
	panel := now.panel(s.dir, state.file)
	panel.Stale = state.stale
	if l == nil {
		page, err := s.index.Build(reader.View{Title: "Preview", Same: true, Data: now})
		s.send(w, http.StatusNotFound, page, err, panel)
		return
	}
	page, err := s.leaf.Build(*l, "")
	s.send(w, http.StatusOK, page, err, panel)
}

// showMissing answers where pages of the whole handbook lead that a preview does
// not have.
func (s *stand) showMissing(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") { // which scripts ask
		http.NotFound(w, r)
		return
	}
	page, err := s.gone.Build(reader.View{Title: "Not in a preview", Same: true})
	s.send(w, http.StatusNotFound, page, err, s.now().panel(s.dir, ""))
}

// send puts the panel and its script into a page of the real reader.
func (s *stand) send(w http.ResponseWriter, status int, page []byte, err error, p panel) {
	var b bytes.Buffer
	if err == nil {
		err = s.panel.Execute(&b, p)
	}
	if err != nil {
		http.Error(w, "The page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	page = bytes.Replace(page, []byte("</head>"), []byte("<script src=\"/preview/preview.js\" type=\"module\"></script>\n</head>"), 1)
	page = bytes.Replace(page, []byte(`<header class="top">`), append(b.Bytes(), `<header class="top">`...), 1)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page)
}

// panel is what stands above a page.
type panel struct {
	Dir    string
	Number int
	Faults []mdx.Fault // those of the page's own file first
	More   int
	Stale  bool // the page is the last good one
}

// maxShown is how many faults a page tells; the command line tells all.
const maxShown = 50

func (n now) panel(dir, file string) panel {
	var own, others []mdx.Fault
	for _, f := range n.Faults {
		if f.File == file {
			own = append(own, f)
		} else {
			others = append(others, f)
		}
	}
	p := panel{Dir: dir, Number: n.Number, Faults: append(own, others...)}
	if p.More = len(p.Faults) - maxShown; p.More > 0 {
		p.Faults = p.Faults[:maxShown]
	}
	return p
}

// next goes on as "finish" does.
func next(w http.ResponseWriter, r *http.Request) {
	to := r.FormValue("next")
	if !strings.HasPrefix(to, "/modules/") {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func asset(w http.ResponseWriter, r *http.Request) {
	f, ok := reader.Files()[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, f.Name, time.Time{}, bytes.NewReader(f.Body))
}

// medium serves images of the folder, and nothing else of it.
func (s *stand) medium(w http.ResponseWriter, r *http.Request) {
	path := "media/" + r.PathValue("path")
	if _, _, ok := s.now().m.Picture(path); !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	http.ServeFileFS(w, r, os.DirFS(s.dir), path)
}

// mediaURL changes with the image.
func mediaURL(path string, sum [sha256.Size]byte) string {
	return "/" + path + "?" + hex.EncodeToString(sum[:8])
}

// component serves the script of a lesson that was shown.
func (s *stand) component(w http.ResponseWriter, r *http.Request) {
	body, ok := s.script(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript")
	_, _ = w.Write(body)
}

// scriptURL changes with the script.
func scriptURL(sum [sha256.Size]byte) string {
	return "/components/" + hex.EncodeToString(sum[:]) + ".js"
}

// events tells when the folder has been read after the page was made.
func (s *stand) events(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for {
		_ = out.Flush()
		number, changed := s.changes()
		if number != after {
			if _, err := fmt.Fprintf(w, "data: %d\n\n", number); err != nil {
				return
			}
			after = number
			continue
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		}
	}
}
