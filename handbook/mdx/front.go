package mdx

import (
	"bytes"
	"net/url"
	"regexp"
	"time"

	"pilothandbook/handbook/mdx/record"
)

const (
	maxTitle   = 120 // characters
	maxSummary = 400
)

// acsCode is a task element, such as PA.I.F.K2b.
var acsCode = regexp.MustCompile(`^[A-Z]{2,3}\.[IVX]+\.[A-Z]\.[KRS]\d{1,2}[a-z]?\d?$`)

// front reads the front matter, and leaves in f where the Markdown begins.
func front(src []byte, l *Lesson, f *faults) bool {
	text, body, ok := split(src)
	if !ok {
		f.at(0, "a lesson begins with its title, summary and date between two lines of ---")
		return false
	}
	f.body = body
	m := record.Read("the front matter", text, func(at record.Place, format string, args ...any) {
		f.add(at.Line+1, at.Column, format, args...)
	})
	m.Only("title", "summary", "date", "acs", "sources")
	m.Require("title", "summary", "date")
	l.Title = m.Line("title", maxTitle)
	l.Summary = m.Line("summary", maxSummary)
	l.Date = date(m, f)
	l.ACS = codes(m, f)
	l.Sources = sources(m, f)
	return true
}

// split finds the YAML between the first line and the next one of ---.
func split(src []byte) (text []byte, body int, ok bool) {
	offset := 0
	for line := range bytes.Lines(src) {
		fence := string(bytes.TrimRight(line, " \t\r\n")) == "---"
		if offset == 0 && !fence {
			return nil, 0, false
		}
		if offset > 0 && fence {
			first := bytes.IndexByte(src, '\n') + 1
			return src[first:offset], offset + len(line), true
		}
		offset += len(line)
	}
	return nil, 0, false
}

func date(m record.Map, f *faults) time.Time {
	text := m.Text("date")
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		at := m.At("date")
		f.add(at.Line+1, at.Column, "%q is not a date; write it as 2026-03-31", text)
	}
	return day
}

func codes(m record.Map, f *faults) []string {
	var codes []string
	for _, item := range m.Texts("acs") {
		if why := impossible(item.Text); why != "" {
			f.add(item.Line+1, item.Column, "%s", why)
			continue
		}
		codes = append(codes, item.Text)
	}
	return codes
}

func sources(m record.Map, f *faults) []Source {
	var sources []Source
	for _, s := range m.Maps("sources") {
		s.Only("title", "url")
		s.Require("title", "url")
		source := Source{Title: s.Line("title", 2*maxTitle), URL: s.Line("url", maxURL)}
		if u, err := url.Parse(source.URL); source.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
			at := s.At("url")
			f.add(at.Line+1, at.Column, "%q is not an address that begins with https://", source.URL)
		}
		sources = append(sources, source)
	}
	return sources
}
