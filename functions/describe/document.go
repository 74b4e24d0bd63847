package describe

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// document is what the page shows of the description.
type document struct {
	Info       struct{ Title, Description string }
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]schema
		Parameters map[string]parameter
		Responses  map[string]response
	}
}

type operation struct {
	ID          string `json:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Access      string `json:"x-access"`
	Parameters  []parameter
	RequestBody struct {
		Description string
		Content     map[string]media
	}
	Responses map[string]response
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string
	In          string
	Description string
	Required    bool
	Schema      schema
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Content     map[string]media
}

type media struct{ Schema schema }

type schema struct {
	Ref         string `json:"$ref"`
	Type        any    // a word, or a list of words
	Format      string
	Description string
	Properties  map[string]schema
	Required    []string
	Items       *schema
	Enum        []any
	Const       any
	AnyOf       []schema
	OneOf       []schema
}

// read reads the description, which a test has seen.
func read(text []byte) document {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		panic(err)
	}
	return d
}

// field is a value of a request or an answer, in words.
type field struct {
	Name, In string
	Optional bool
	Type     string
	Link     string // the name of the schema that tells more, "" if there is none
	Text     string
}

// name returns what a reference ends with.
func name(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

// words says what a schema is, and which schema tells more.
func (s schema) words() (text, link string) {
	switch {
	case s.Ref != "":
		return name(s.Ref), name(s.Ref)
	case s.Items != nil:
		text, link = s.Items.words()
		return "list of " + text, link
	case s.Const != nil:
		return fmt.Sprintf("%q", fmt.Sprint(s.Const)), ""
	case s.Enum != nil:
		var all []string
		for _, one := range s.Enum {
			all = append(all, fmt.Sprintf("%q", fmt.Sprint(one)))
		}
		return strings.Join(all, ", "), ""
	case s.AnyOf != nil || s.OneOf != nil:
		var all []string
		for _, one := range append(s.AnyOf, s.OneOf...) {
			more, at := one.words()
			all = append(all, more)
			if link == "" {
				link = at
			}
		}
		return strings.Join(all, " or "), link
	case s.Format != "":
		return s.Format + s.null(), ""
	}
	if word, ok := s.Type.(string); ok {
		return word, ""
	}
	if list, ok := s.Type.([]any); ok {
		return fmt.Sprint(list[0]) + s.null(), ""
	}
	return "any value", ""
}

// null says so where a value may be null.
func (s schema) null() string {
	if list, ok := s.Type.([]any); ok && slices.Contains(list, any("null")) {
		return " or null"
	}
	return ""
}

// fields lists what an object holds, of objects within it too.
func (s schema) fields(before string) []field {
	var all []field
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[key]
		f := field{Name: before + key, Optional: !slices.Contains(s.Required, key), Text: p.Description}
		f.Type, f.Link = p.words()
		all = append(all, f)
		if p.Items != nil {
			all = append(all, p.Items.fields(f.Name+"[].")...)
		}
		all = append(all, p.fields(f.Name+".")...)
	}
	return all
}
