package main

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// object is a mapping of YAML or JSON.
type object = map[string]any

// base is base.yaml: what all parts share.
type base struct {
	Document   object            // as it is, but for paths and components
	Faults     map[string]string // what to do about each kind of fault
	Parameters map[string]string // what each parameter of a path is, in the short form
	Schemas    object
	Responses  object
	Security   map[string][]object // who that is, by the words of web.Access
	Schemes    object
}

// part is the openapi.yaml of a function.
type part struct {
	function string
	Group    string // the tag of its routes
	Paths    map[string]map[string]operation
	Schemas  object
}

// parts is all that the description is made of.
type parts struct {
	base
	functions []part
	all       schemas
}

// load reads base.yaml and all parts. An unknown key is refused.
func load(functions fs.FS) (*parts, error) {
	var p parts
	if err := read(functions, "describe/base.yaml", &p.base); err != nil {
		return nil, err
	}
	files, err := fs.Glob(functions, "*/openapi.yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		one := part{function: path.Dir(file)}
		if err := read(functions, file, &one); err != nil {
			return nil, err
		}
		p.functions = append(p.functions, one)
	}
	return &p, nil
}

func read(files fs.FS, name string, into any) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.DisallowUnknownField()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// document puts all parts together.
func (p *parts) document() (object, error) {
	paths := object{}
	if err := p.gather(); err != nil {
		return nil, err
	}
	for _, f := range p.functions {
		for at, methods := range f.Paths {
			item, _ := paths[at].(object)
			if item == nil {
				item = object{}
				paths[at] = item
			}
			for method, o := range methods {
				if item[method] != nil {
					return nil, fmt.Errorf("%s: %s %s is described twice", f.function, method, at)
				}
				described, err := p.operation(f, method, at, o)
				if err != nil {
					return nil, fmt.Errorf("%s: %s %s: %w", f.function, method, at, err)
				}
				item[method] = described
			}
		}
	}
	written, err := p.write()
	if err != nil {
		return nil, err
	}
	responses, err := p.responses()
	if err != nil {
		return nil, err
	}
	p.Document["paths"] = paths
	p.Document["components"] = object{
		"schemas": written, "responses": responses, "parameters": p.parameters(), "securitySchemes": p.Schemes,
	}
	return p.Document, nil
}

// gather puts the schemas of all parts together.
func (p *parts) gather() error {
	p.all = schemas(maps.Clone(p.Schemas))
	for _, f := range p.functions {
		for name, s := range f.Schemas {
			if p.all[name] != nil {
				return fmt.Errorf("%s: there is another schema %s", f.function, name)
			}
			p.all[name] = s
		}
	}
	return nil
}

// write writes all schemas out.
func (p *parts) write() (object, error) {
	out := object{}
	for name, s := range p.all {
		var err error
		if out[name], err = p.all.schema(s); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return out, nil
}

// responses returns base.yaml's own, and each kind of fault as it is answered
// below /api/ (NotFound) and elsewhere, as a page too (NotFoundPage).
func (p *parts) responses() (object, error) {
	all := object{}
	for name, r := range p.Responses {
		all[name] = r
	}
	for _, kind := range fault.Kinds() {
		text := p.Faults[kind.String()]
		if text == "" {
			return nil, fmt.Errorf("base.yaml does not say what to do about the fault %q", kind)
		}
		asJSON := object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Fault"}}}
		asPage := object{"application/json": asJSON["application/json"], "text/html": object{}}
		all[component(kind)] = object{"description": text, "headers": headers(kind, true), "content": asJSON}
		all[component(kind)+"Page"] = object{"description": text, "headers": headers(kind, false), "content": asPage}
	}
	return all, nil
}

// headers returns those of the answer to a kind of fault. A form that is shown
// once more with what is wrong has none of them.
func headers(kind fault.Kind, required bool) object {
	h := object{"X-Request-Id": object{"required": required, "description": "The request in our log.", "schema": object{"type": "string"}}}
	if kind == fault.TooMany || kind == fault.Unavailable {
		h["Retry-After"] = object{"required": required, "description": "When to try again, in seconds.", "schema": object{"type": "integer"}}
	}
	if kind == fault.SignedOut {
		h["WWW-Authenticate"] = object{"description": "Bearer, where no page is wanted.", "schema": object{"type": "string"}}
	}
	return h
}

// component returns the name of a kind of fault among the responses.
func component(kind fault.Kind) string {
	var name strings.Builder
	for word := range strings.FieldsSeq(kind.String()) {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

func (p *parts) parameters() object {
	all := object{}
	for name, text := range p.Parameters {
		all[name] = parameter(name, "path", named(text), true)
	}
	return all
}

// parameter moves the description from a schema to its parameter.
func parameter(name, in string, s object, required bool) object {
	param := object{"name": name, "in": in, "required": required, "schema": s}
	if text, ok := s["description"]; ok {
		param["description"] = text
		delete(s, "description")
	}
	return param
}

var braces = regexp.MustCompile(`\{([a-z0-9]+)\}`)

// kindOf returns a kind of fault by its word.
func kindOf(word string) (fault.Kind, error) {
	for _, k := range fault.Kinds() {
		if k.String() == word {
			return k, nil
		}
	}
	return 0, fmt.Errorf("there is no kind of fault %q", word)
}

func status(k fault.Kind) string { return strconv.Itoa(web.Status(k)) }
