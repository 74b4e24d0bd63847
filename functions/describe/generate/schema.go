package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// types are the short words of schemas, besides the names of schemas.
var types = map[string]object{
	"string": {"type": "string"}, "integer": {"type": "integer"}, "number": {"type": "number"}, "boolean": {"type": "boolean"},
	"time":   {"type": "string", "format": "date-time"},
	"date":   {"type": "string", "format": "date"},
	"uuid":   {"type": "string", "format": "uuid"},
	"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
	"base64": {"type": "string", "contentEncoding": "base64"},
	"any":    {},
}

// own are the keys that make a mapping a schema as OpenAPI writes it.
var own = []string{"type", "$ref", "enum", "const", "oneOf", "anyOf"}

// schemas are all schemas by their names, in the short form.
type schemas object

// schema writes out a schema in its short form:
//
//	string, what it is    a type, or the name of a schema, and its description
//	string|null           the same or null
//	[Lesson]              a list of them
//	{key: …, title?: …}   an object with exactly these properties, of which those with ? may be missing;
//	                      `...: [Version]` takes over those of another schema
//
// What has a type, a $ref, an enum, a const, oneOf or anyOf is OpenAPI's own;
// within its properties and items the short form goes on.
func (all schemas) schema(short any) (object, error) {
	switch s := short.(type) {
	case string:
		return named(s), nil
	case []any:
		if len(s) != 1 {
			return nil, fmt.Errorf("a list has the form [of what], not %v", s)
		}
		items, err := all.schema(s[0])
		return object{"type": "array", "items": items}, err
	case object:
		if slices.ContainsFunc(own, func(key string) bool { return s[key] != nil }) {
			return all.full(s)
		}
		return all.closed(s)
	}
	return nil, fmt.Errorf("%v is no schema", short)
}

// named writes out a type or the name of a schema, with its description.
func named(s string) object {
	word, text, described := strings.Cut(s, ", ")
	word, null := strings.CutSuffix(word, "|null")
	out := object{"$ref": "#/components/schemas/" + word}
	if t, ok := types[word]; ok {
		out = maps.Clone(t)
	}
	switch {
	case null && out["type"] != nil:
		out["type"] = []any{out["type"], "null"}
	case null:
		out = object{"anyOf": []any{out, object{"type": "null"}}}
	}
	if described {
		out["description"] = text
	}
	return out
}

// full goes on in what OpenAPI's own form holds.
func (all schemas) full(s object) (object, error) {
	out := maps.Clone(s)
	var err error
	if items, ok := s["items"]; ok {
		if out["items"], err = all.schema(items); err != nil {
			return nil, err
		}
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		list, _ := s[key].([]any)
		for i, one := range list {
			if list[i], err = all.schema(one); err != nil {
				return nil, err
			}
		}
	}
	if more, ok := s["additionalProperties"]; ok {
		if _, closed := more.(bool); !closed {
			if out["additionalProperties"], err = all.schema(more); err != nil {
				return nil, err
			}
		}
	}
	if inner, ok := s["properties"].(object); ok {
		o, err := all.closed(inner)
		if err != nil {
			return nil, err
		}
		for key, v := range o {
			if _, said := s[key]; !said || key == "properties" {
				out[key] = v
			}
		}
	}
	return out, nil
}

// closed writes out an object that has these properties and no others.
func (all schemas) closed(s object) (object, error) {
	props, required, err := all.properties(s)
	out := object{"type": "object", "properties": props, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out, err
}

// properties returns schemas by name, and the names that may not be missing.
func (all schemas) properties(s object) (out object, required []string, err error) {
	out = object{}
	s, err = all.spread(s)
	for _, key := range sorted(s) {
		name, optional := strings.CutSuffix(key, "?")
		if !optional {
			required = append(required, name)
		}
		if out[name], err = all.schema(s[key]); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, required, err
}

func sorted(m object) []string { return slices.Sorted(maps.Keys(m)) }

// spread puts the properties of the schemas that an object takes over into a
// copy of it. What the object says itself counts.
func (all schemas) spread(s object) (object, error) {
	names, _ := s["..."].([]any)
	out := object{}
	for _, name := range names {
		other, ok := all[fmt.Sprint(name)].(object)
		if !ok {
			return nil, fmt.Errorf("there is no schema %v to take over", name)
		}
		more, err := all.spread(other)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, more)
	}
	maps.Copy(out, s)
	delete(out, "...")
	return out, nil
}
