package manuscript

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/mdx/record"
)

const (
	maxScript     = 64 << 10 // bytes of one TypeScript file
	maxScripts    = 1 << 20  // of all
	maxShared     = 500      // of them
	maxProperties = 16 << 10 // of one props.yaml
	maxComponents = 100
	maxProps      = 32
	maxValues     = 64
	maxFallback   = 4_000 // characters
	maxName       = 40

	propsEnd = ".props.yaml"
)

var (
	// componentFile is wind-triangle.ts or wind-triangle.props.yaml, or a file
	// that components share, in a folder of its own.
	componentFile = regexp.MustCompile(`^components/(?:([a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*)(?:\.ts|\.props\.yaml)|[^/]+/.+\.ts)$`)
	propShape     = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
)

// own is a component of the module.
type own struct {
	mdx.Component
	file string // that defines its element
}

// component takes in a file of the folder components.
func (g *gate) component(name string, src []byte) {
	part, limit := path.Base(name), maxScript
	if strings.HasSuffix(name, propsEnd) {
		limit = maxProperties
	}
	switch {
	case !componentFile.MatchString(name):
		g.fault(name, 0, 0, "components/ takes pairs as wind-triangle.ts and wind-triangle.props.yaml, and .ts files that they share in folders below; rename the file, or move it out")
		return
	case len(strings.TrimSuffix(strings.TrimSuffix(part, ".ts"), propsEnd)) > maxName:
		g.fault(name, 0, 0, "the name has over %d characters; shorten it", maxName)
	case len(src) > limit:
		g.fault(name, 0, 0, "the file is over %d KiB; make it smaller, or split it", limit>>10)
	case !utf8.Valid(src) || bytes.IndexByte(src, 0) >= 0:
		g.fault(name, 1+bytes.Count(src[:odd(src)], []byte("\n")), 0, "this is not UTF-8 text; save the file in that encoding")
	default:
		g.texts[name] = src
		return
	}
	g.unread = true
}

// odd is where text ends to be text.
func odd(src []byte) int {
	valid := bytes.ToValidUTF8(src, []byte{0})
	for i := range valid {
		if valid[i] == 0 {
			return i
		}
	}
	return len(src)
}

// components checks the module's own components, and makes them known to its
// lessons.
func (g *gate) components() {
	scripts, elements := bundle.Files{}, map[string]string{}
	size, whole := 0, true
	for name, src := range g.texts {
		if path.Ext(name) == ".ts" {
			scripts[name] = src
			size += len(src)
		}
	}
	for _, name := range g.componentNames() {
		c, ok := g.declared(name)
		if ok {
			elements[c.file] = c.Element
		}
		whole = whole && ok
		g.m.own[tagOf(name)] = c
	}
	switch {
	case len(g.m.own) > maxComponents:
		g.fault("components", 0, 0, "the module has over %d components; remove those that no lesson uses", maxComponents)
	case size > maxScripts:
		g.fault("components", 0, 0, "the scripts are over %d KiB; make them smaller", maxScripts>>10)
	case len(scripts) > maxShared:
		g.fault("components", 0, 0, "there are over %d scripts; put several into one file", maxShared)
	case g.unread: // imports of what could not be read would be told as well
		g.scripts = scripts
	default:
		faults, ended := g.compiler.Check(scripts, elements)
		g.faults = append(g.faults, faults...)
		g.unread = !whole || len(faults) > 0
		if ended {
			g.scripts = scripts
		}
	}
}

// componentNames are those of the components, by the names of their files.
func (g *gate) componentNames() []string {
	names := map[string]bool{}
	for file := range g.texts {
		if m := componentFile.FindStringSubmatch(file); m != nil && m[1] != "" {
			names[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// tagOf is how lessons write a component: wind-triangle is <WindTriangle>.
func tagOf(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// declared reads what a component takes, and tells whether both of its files
// are there.
func (g *gate) declared(name string) (c own, ok bool) {
	c.file, c.Element = "components/"+name+".ts", mdx.OwnPrefix+name
	props := "components/" + name + propsEnd
	if _, taken := mdx.Builtin(tagOf(name)); taken || tagOf(name) == mdx.FragmentTag {
		g.fault(c.file, 0, 0, "<%s> is a component of the handbook; choose another name", tagOf(name))
	}
	_, ok = g.texts[c.file]
	src, declared := g.texts[props]
	switch {
	case declared && !ok && !g.unread:
		g.fault(props, 0, 0, "there is no %s beside it; add it, with the element that it defines, or remove this file", path.Base(c.file))
	case !declared && !g.unread:
		g.fault(c.file, 0, 0, "there is no %s beside it; add it, with the props that the component takes, or move what components share into a folder", path.Base(props))
	}
	if declared {
		declaration{g, props}.read(src, &c.Component)
	}
	return c, ok
}

// declaration is a props.yaml.
type declaration struct {
	*gate
	file string
}

func (d declaration) wrong(at record.Place, format string, args ...any) {
	d.fault(d.file, at.Line, at.Column, format, args...)
}

func (d declaration) read(src []byte, c *mdx.Component) {
	r := record.Read("the file", src, d.wrong)
	r.Only("props", "fallback")
	names := map[string]bool{}
	for _, p := range r.Maps("props") {
		if len(c.Props) == maxProps {
			d.wrong(p.Place, "there are over %d props; put several into one object", maxProps)
			break
		}
		c.Props = append(c.Props, d.prop(p, names))
	}
	fallback := r.Text("fallback")
	if fallback == "" {
		c.Filled = true
		return
	}
	if n := len([]rune(fallback)); n > maxFallback {
		d.wrong(r.At("fallback"), "the fallback has %d characters; shorten it to %d", n, maxFallback)
		return
	}
	html, problems := mdx.Fragment(fallback, mdx.Resolver{Math: typeset(d.m.formulas), Code: d.m.painter.Lines})
	for _, problem := range problems {
		d.wrong(r.At("fallback"), "fallback: %s", problem)
	}
	c.Empty = true
	c.Render = func(mdx.Tag) (before, after string) { return html, "" }
}

func (d declaration) prop(r record.Map, names map[string]bool) mdx.Prop {
	r.Only("name", "type", "required", "values")
	r.Require("name", "type")
	p := mdx.Prop{Name: r.Text("name"), Required: r.Flag("required"), Type: d.typeOf(r)}
	switch {
	case p.Name == "":
	case !propShape.MatchString(p.Name) || len(p.Name) > maxName:
		d.wrong(r.At("name"), "%q is no name of a prop; write up to %d letters and digits, the first in lower case", p.Name, maxName)
	case names[p.Name]:
		d.wrong(r.At("name"), "%q is declared twice; remove one", p.Name)
	}
	names[p.Name] = true
	values := r.Texts("values")
	if len(values) > maxValues || len(values) > 0 && p.Type != mdx.String {
		d.wrong(r.At("values"), "only a string has values, %d at most; leave them out, or change the type", maxValues)
		return p
	}
	for _, v := range values {
		if slices.Contains(p.Values, v.Text) {
			d.wrong(v.Place, "%q is a value twice; remove one", v.Text)
		}
		p.Values = append(p.Values, v.Text)
	}
	return p
}

// typeOf reads the type of a prop.
func (d declaration) typeOf(r record.Map) mdx.Type {
	types := []string{"string", "number", "boolean", "array", "object"} // in the order of mdx
	text := r.Text("type")
	i := slices.Index(types, text)
	if i < 0 && text != "" {
		d.wrong(r.At("type"), "%q is no type; it is one of %s", text, strings.Join(types, ", "))
	}
	return mdx.Type(max(i, 0))
}

// named is the component of a tag: the handbook's, or the module's own.
func (m *Manuscript) named(tag string) (mdx.Component, bool) {
	if c, ok := mdx.Builtin(tag); ok {
		return c, true
	}
	c, ok := m.own[tag]
	return c.Component, ok
}

// imported is the component that a file of the module defines.
func (m *Manuscript) imported(file, name string) (mdx.Component, bool) {
	stem, inside := strings.CutPrefix(strings.TrimSuffix(file, ".ts"), "components/")
	if !inside || name != "default" || !componentFile.MatchString("components/"+stem+".ts") || strings.Contains(stem, "/") {
		return mdx.Component{}, false
	}
	c, ok := m.own[tagOf(stem)]
	return c.Component, ok
}

// ownFiles are the files of those of a lesson's elements that are the
// module's own.
func (m *Manuscript) ownFiles(elements []string) (files []string) {
	for _, e := range elements {
		if name, ok := strings.CutPrefix(e, mdx.OwnPrefix); ok {
			files = append(files, m.own[tagOf(name)].file)
		}
	}
	return files
}

func setKey(files []string) string { return fmt.Sprint(files) }
