package manuscript

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/mdx/record"
	"pilothandbook/handbook/version"
)

const (
	maxTitle     = 120 // characters
	maxSummary   = 400
	maxChangelog = 4_000
	maxID        = 80
)

var (
	idShape       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	versionShape  = regexp.MustCompile(`^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?$`)
	currencyShape = regexp.MustCompile(`^[a-z]{3}$`)
)

// Modules are the keys of those that have lessons.
func Modules() []string { return []string{"private_commercial", "instrument"} }

// keys are what there is to sell. The last one is made of the others.
func keys() []string { return append(Modules(), "bundle") }

// uneven are the currencies that Stripe reckons in whole units or thousandths,
// and those whose hundredths it does not charge. Prices are in hundredths
// everywhere here: 9900 would be shown as 99.00 and paid as 9,900.
func uneven() []string {
	return []string{
		"bhd", "bif", "clp", "djf", "gnf", "huf", "isk", "jod", "jpy", "kmf", "krw", "kwd", "mga", "omr", "pyg",
		"rwf", "tnd", "twd", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
	}
}

// wrong reports a fault at a place of module.yaml.
func (g *gate) wrong(at record.Place, format string, args ...any) {
	g.fault(moduleFile, at.Line, at.Column, format, args...)
}

// module reads module.yaml, and tells whether it can be read at all. If not,
// nothing else is checked by it: each lesson would be told unlisted.
func (g *gate) module() bool {
	src, ok := g.texts[moduleFile]
	if !ok {
		g.fault(moduleFile, 0, 0, "the file is missing; it names the module, its price and its lessons")
		return false
	}
	r := record.Read("the file", src, g.wrong)
	if r.Broken {
		return false
	}
	r.Only("key", "title", "summary", "version", "price", "currency", "changelog", "components", "lessons", "retired", "includes", "unknown_components")
	r.Require("key", "title", "summary", "version", "price", "currency", "changelog")
	m := &g.m.Module
	m.Key, m.Version, m.Currency = r.Text("key"), r.Text("version"), r.Text("currency")
	m.Title = r.Line("title", maxTitle)
	m.Summary = r.Line("summary", maxSummary)
	m.Changelog = strings.TrimSpace(r.Text("changelog"))
	g.price(r)
	g.terms(r)
	g.allowance(r)
	g.former(r, g.entries(r))
	g.includes(r)
	g.unknown(r)
	g.parts(r)
	return true
}

func (g *gate) price(r record.Map) {
	price, ok := r.Int("price", "in cents, as 5900")
	if ok && (price < version.MinPrice || price > version.MaxPrice) {
		g.wrong(r.At("price"), "the price is %d cents; write it in cents, as 5900, from %d to %d", price, version.MinPrice, version.MaxPrice)
	}
	g.m.Price = price
}

// terms checks the fields of one value.
func (g *gate) terms(r record.Map) {
	m := g.m.Module
	if m.Key != "" && !slices.Contains(keys(), m.Key) {
		g.wrong(r.At("key"), "there is no module %q; the key is one of %s", m.Key, strings.Join(keys(), ", "))
	}
	if m.Version != "" && !versionShape.MatchString(m.Version) {
		g.wrong(r.At("version"), "%q is not a version; write three numbers, as 1.4.0", m.Version)
	}
	if m.Currency != "" && !currencyShape.MatchString(m.Currency) {
		g.wrong(r.At("currency"), "%q is not a currency; write three lower-case letters, as usd", m.Currency)
	}
	if slices.Contains(uneven(), m.Currency) {
		g.wrong(r.At("currency"), "prices in %q cannot be shown: its smallest unit is not a hundredth; choose another currency, as usd", m.Currency)
	}
	if n := len([]rune(m.Changelog)); n > maxChangelog {
		g.wrong(r.At("changelog"), "the changelog has %d characters; shorten it to %d", n, maxChangelog)
	}
}

// entries reads the list of lessons, and returns the ids that they had before.
func (g *gate) entries(r record.Map) (moved []record.Item) {
	g.m.Line = r.At("lessons").Line
	ids, files := map[string]bool{}, map[string]bool{}
	for _, e := range r.Maps("lessons") {
		e.Only("id", "file", "preview", "moved_from")
		e.Require("id", "file")
		l := Lesson{ID: e.Text("id"), File: e.Text("file"), Preview: e.Flag("preview"), MovedFrom: e.Text("moved_from"), Line: e.At("id").Line}
		if l.MovedFrom != "" {
			moved = append(moved, record.Item{Place: e.At("moved_from"), Text: l.MovedFrom})
		}
		switch {
		case l.ID == "":
		case !idShape.MatchString(l.ID):
			g.wrong(e.At("id"), "%q is not an id; write lower-case words joined by hyphens", l.ID)
		case len(l.ID) > maxID:
			g.wrong(e.At("id"), "the id has %d characters; shorten it to %d", len(l.ID), maxID)
		case ids[l.ID]:
			g.wrong(e.At("id"), "the id %q is used twice; give each lesson its own", l.ID)
		}
		if l.File != "" && files[l.File] {
			g.wrong(e.At("file"), "%s is listed twice; remove one", l.File)
		} else if l.File != "" {
			g.entryFile(e.At("file"), l.File)
		}
		ids[l.ID], files[l.File] = true, true
		g.m.Lessons = append(g.m.Lessons, l)
	}
	return moved
}

// entryFile checks that a listed lesson is there.
func (g *gate) entryFile(at record.Place, file string) {
	_, ok := g.texts[file]
	switch {
	case !fs.ValidPath(file):
		g.wrong(at, "the path %q leaves the module's folder or is not plain; write it as lessons/name.mdx", file)
	case path.Ext(file) != ".mdx":
		g.wrong(at, "%s is no lesson; a lesson's file ends in .mdx", file)
	case ok:
	default:
		g.entryAbsent(at, file)
	}
}

// entryAbsent tells of a listed lesson that is not there. Looking for what it
// may be a slip of takes time, and nobody needs it a thousand times.
func (g *gate) entryAbsent(at record.Place, file string) {
	const hints = 5
	near := ""
	if g.absent++; g.absent <= hints {
		near = record.Nearest(file, g.lessonFiles())
	}
	if near != "" {
		g.wrong(at, "there is no file %s; did you mean %s?", file, near)
		return
	}
	g.wrong(at, "there is no file %s; add it, or remove the lesson", file)
}

func (g *gate) includes(r record.Map) {
	modules := Modules()
	for _, item := range r.Texts("includes") {
		switch {
		case !slices.Contains(modules, item.Text):
			g.wrong(item.Place, "there is no module %q to include; known are %s", item.Text, strings.Join(modules, ", "))
		case slices.Contains(g.m.Includes, item.Text):
			g.wrong(item.Place, "%s is included twice; remove one", item.Text)
		}
		g.m.Includes = append(g.m.Includes, item.Text)
	}
}

// unknown reads what becomes of components that this handbook does not have.
// Only a module that says so keeps them: elsewhere each is a slip.
func (g *gate) unknown(r record.Map) {
	switch policy := r.Text("unknown_components"); policy {
	case "keep":
		g.m.Unknown = mdx.Keep
	case "", "fault":
	default:
		g.wrong(r.At("unknown_components"), "%q is no policy; write keep, which shows what stands inside unknown components, or fault", policy)
	}
}

// parts checks that a module is made of lessons, and a bundle of modules.
func (g *gate) parts(r record.Map) {
	lessons, includes := len(g.m.Lessons), len(g.m.Includes)
	previews := slices.ContainsFunc(g.m.Lessons, func(l Lesson) bool { return l.Preview })
	switch {
	case lessons == 0 && includes == 0:
		g.wrong(r.Place, "the module has no lessons; list them, or for a bundle what it includes")
	case lessons > 0 && includes > 0:
		g.wrong(r.At("includes"), "the module has lessons and includes others; a bundle has no lessons of its own")
	case lessons > 0 && !previews:
		g.wrong(r.At("lessons"), "no lesson can be read before buying; set preview: true on at least one")
	}
}
