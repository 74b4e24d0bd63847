package post

import (
	"embed"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"
)

//go:embed letters
var files embed.FS

// envelope is what the layout of every mail shows around its words.
type envelope struct {
	Subject string
	Data    any
}

// compose writes a letter as text and as HTML.
func compose(l letter) (plain, rich string, err error) {
	t, err := text.ParseFS(files, "letters/layout.txt", "letters/"+l.page+".txt")
	if err != nil {
		return "", "", fmt.Errorf("mail %s: %w", l.page, err)
	}
	h, err := html.ParseFS(files, "letters/layout.html", "letters/"+l.page+".html")
	if err != nil {
		return "", "", fmt.Errorf("mail %s: %w", l.page, err)
	}
	var p, r strings.Builder
	e := envelope{Subject: l.subject, Data: l.data}
	if err := t.ExecuteTemplate(&p, "layout", e); err != nil {
		return "", "", fmt.Errorf("text of mail %s: %w", l.page, err)
	}
	if err := h.ExecuteTemplate(&r, "layout", e); err != nil {
		return "", "", fmt.Errorf("HTML of mail %s: %w", l.page, err)
	}
	return p.String(), r.String(), nil
}
