package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pilothandbook/platform/fault"
)

// operation is a method of a path in a part. What is not OpenAPI's own stands
// for something longer; the router's doings are added to each.
type operation struct {
	Access      string // as docs/routes.txt has it
	Summary     string
	Description string
	Query       object            // parameters of the query, as properties
	Form        object            // fields of an HTML form, as properties
	Body        any               // a JSON body
	Page        string            // answers 200 with this page
	JSON        any               // answers 200 with this
	Redirect    string            // answers 303, leading there
	Faults      map[string]string // what may be wrong beyond what the router finds, and what then
	Security    []object          // of routes whose access is "signed"
	Parameters  []any
	RequestBody object `yaml:"requestBody"`
	Responses   object
}

// operation writes a method of a path out.
func (p *parts) operation(f part, method, at string, o operation) (object, error) {
	security, ok := p.Security[o.Access]
	if o.Security != nil {
		security, ok = o.Security, o.Access == "signed"
	}
	if !ok || o.Summary == "" || f.Group == "" {
		return nil, fmt.Errorf("it has the access %q, the security %v, the summary %q and the group %q", o.Access, o.Security, o.Summary, f.Group)
	}
	out := object{
		"operationId": id(method, at), "tags": []string{f.Group}, "summary": o.Summary,
		"x-access": o.Access, "x-function": f.function, "security": security,
	}
	if o.Description != "" {
		out["description"] = strings.TrimSpace(o.Description)
	}
	var err error
	if out["parameters"], err = p.parametersOf(at, o); err != nil {
		return nil, err
	}
	body, err := p.body(o)
	if err != nil {
		return nil, err
	}
	if body != nil {
		out["requestBody"] = body
	}
	out["responses"], err = p.answers(o, method, at, body != nil)
	return out, err
}

// id names an operation, such as get-api-modules-module.
func id(method, at string) string {
	words := strings.FieldsFunc(at, func(r rune) bool { return strings.ContainsRune("/{}.", r) })
	return strings.Join(append([]string{method}, words...), "-")
}

func (p *parts) parametersOf(at string, o operation) ([]any, error) {
	all, own := []any{}, map[any]bool{}
	for _, param := range o.Parameters {
		all = append(all, param)
		if m, ok := param.(object); ok && m["in"] == "path" {
			own[m["name"]] = true
		}
	}
	for _, m := range braces.FindAllStringSubmatch(at, -1) {
		if own[m[1]] {
			continue
		}
		if p.Parameters[m[1]] == "" {
			return nil, fmt.Errorf("what is {%s}? Say so in base.yaml", m[1])
		}
		all = append(all, object{"$ref": "#/components/parameters/" + m[1]})
	}
	query, required, err := p.all.properties(o.Query)
	if err != nil {
		return nil, err
	}
	for _, name := range sorted(query) {
		s, _ := query[name].(object)
		all = append(all, parameter(name, "query", s, slices.Contains(required, name)))
	}
	return all, nil
}

func (p *parts) body(o operation) (object, error) {
	if o.RequestBody != nil {
		return o.RequestBody, nil
	}
	kind, short := "application/json", o.Body
	if o.Form != nil {
		kind, short = "application/x-www-form-urlencoded", o.Form
	}
	if short == nil {
		return nil, nil
	}
	s, err := p.all.schema(short)
	some := o.Form == nil || s["required"] != nil // a form without a field that must be sent may be empty
	return object{"required": some, "content": object{kind: object{"schema": s}}}, err
}

// answers returns what a route answers: what its part says, and the faults
// that the router finds before it is asked.
func (p *parts) answers(o operation, method, at string, takes bool) (object, error) {
	all, err := p.said(o)
	if err != nil {
		return nil, err
	}
	page := !strings.HasPrefix(at, "/api/")
	for word, why := range o.Faults {
		kind, err := kindOf(word)
		if err != nil {
			return nil, err
		}
		refuse(all, kind, page, why)
	}
	for _, kind := range o.routers(method, at, takes) {
		refuse(all, kind, page, "")
	}
	if page && method == "get" && o.Access != "public" && o.Access != "signed" && all["303"] == nil {
		all["303"] = object{"$ref": "#/components/responses/SignIn"}
	}
	return all, nil
}

// said returns the answers of a part but for faults.
func (p *parts) said(o operation) (object, error) {
	all := object{}
	maps.Copy(all, o.Responses)
	if o.Page != "" {
		all["200"] = object{"$ref": "#/components/responses/Page", "description": o.Page}
	}
	if o.JSON != nil {
		s, err := p.all.schema(o.JSON)
		if err != nil {
			return nil, err
		}
		all["200"] = object{"description": o.Summary, "content": object{"application/json": object{"schema": s}}}
	}
	if o.Redirect != "" {
		all["303"] = object{"$ref": "#/components/responses/SeeOther", "description": o.Redirect}
	}
	return all, nil
}

// refuse adds the answer to a fault, where there is none with its status yet.
func refuse(all object, kind fault.Kind, page bool, why string) {
	if all[status(kind)] != nil {
		return
	}
	name := "#/components/responses/" + component(kind)
	if page {
		name += "Page"
	}
	ref := object{"$ref": name}
	if why != "" {
		ref["description"] = why
	}
	all[status(kind)] = ref
}

// routers returns the faults that the router finds by itself.
func (o operation) routers(method, at string, takes bool) []fault.Kind {
	kinds := []fault.Kind{fault.Internal, fault.Unavailable}
	if strings.Contains(at, "{") || o.Access == "staff" {
		kinds = append(kinds, fault.NotFound)
	}
	if o.Access != "signed" {
		kinds = append(kinds, fault.SignedOut) // a public route refuses a token that is none
	}
	if o.Access != "signed" && (o.Access != "public" || method != "get") {
		kinds = append(kinds, fault.Forbidden)
	}
	if method != "get" {
		kinds = append(kinds, fault.Full)
	}
	if takes {
		kinds = append(kinds, fault.Invalid, fault.TooLarge)
	}
	return kinds
}
