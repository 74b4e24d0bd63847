package describe

import (
	"cmp"
	"embed"
	"maps"
	"slices"
	"strings"

	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// view is the page.
type view struct {
	About   []string // paragraphs
	Groups  []group
	Kinds   []answer // of faults
	Objects []object
}

// group is the routes for one purpose.
type group struct {
	Name, About string
	Routes      []route
}

// route is a method of a path.
type route struct {
	ID, Method, Path, Summary, About, For string
	Takes                                 []field
	Body                                  *body
	Answers, Faults                       []answer
	Usual                                 []string // statuses of faults that are as everywhere
}

// body is what is sent or answered.
type body struct {
	Types  string
	Link   string
	Word   string
	Text   string
	Fields []field
}

// answer is a status with what comes with it.
type answer struct {
	Status string
	Text   string
	Bodies []body
}

// object is a schema with a name.
type object struct {
	Name, Text string
	Fields     []field
}

// who says in words who may call a route.
var who = map[string]string{
	"public": "anybody", "signed in": "whoever is signed in", "author": "authors, by session or token",
	"staff": "authors and operators, authors by a token too", "operator": "operators", "signed": "a machine with a secret of its own",
}

// methods are in the order in which a path has them.
var methods = []string{"get", "post", "put", "delete"}

// page builds the page of the description, the same for everybody.
func page(text []byte, notice string) ([]byte, error) {
	d := read(text)
	v := view{About: strings.Split(d.Info.Description, "\n\n"), Kinds: d.kinds(), Objects: d.objects()}
	for _, tag := range d.Tags {
		g := group{Name: tag.Name, About: tag.Description}
		for _, at := range slices.Sorted(maps.Keys(d.Paths)) {
			for _, method := range methods {
				if o, ok := d.Paths[at][method]; ok && slices.Contains(o.Tags, tag.Name) {
					g.Routes = append(g.Routes, d.route(strings.ToUpper(method), at, o))
				}
			}
		}
		v.Groups = append(v.Groups, g)
	}
	return reader.New(files, "page.html").Build(reader.View{Title: "Interface", Notice: notice, Same: true, Data: v})
}

func (d document) route(method, at string, o operation) route {
	r := route{ID: o.ID, Method: method, Path: at, Summary: o.Summary, About: o.Description, For: who[o.Access]}
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[name(p.Ref)]
		}
		f := field{Name: p.Name, In: p.In, Optional: !p.Required, Text: p.Description}
		f.Type, f.Link = p.Schema.words()
		r.Takes = append(r.Takes, f)
	}
	if all := bodies(o.RequestBody.Content); len(all) > 0 {
		r.Body = &all[0]
		r.Body.Text = o.RequestBody.Description
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		a, usual := d.answer(status, o.Responses[status])
		switch {
		case usual:
			r.Usual = append(r.Usual, status)
		case status >= "4":
			r.Faults = append(r.Faults, a)
		default:
			r.Answers = append(r.Answers, a)
		}
	}
	return r
}

// answer returns a status in words, and whether it is a fault that the route
// itself says nothing of.
func (d document) answer(status string, said response) (a answer, usual bool) {
	meant := said
	if said.Ref != "" {
		meant = d.Components.Responses[name(said.Ref)]
	}
	a = answer{Status: status, Text: cmp.Or(said.Description, meant.Description)}
	if status < "4" || said.Ref == "" {
		a.Bodies = bodies(meant.Content)
	}
	return a, status >= "4" && said.Ref != "" && said.Description == ""
}

// bodies returns what content there may be; media types with the same schema
// are together.
func bodies(content map[string]media) []body {
	var all []body
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		s := content[kind].Schema
		b := body{Types: kind, Text: s.Description, Fields: s.fields("")}
		if len(b.Fields) == 0 && kind == "application/json" {
			b.Word, b.Link = s.words()
			if s.Items != nil {
				b.Fields = s.Items.fields("")
			}
		}
		all = append(all, b)
	}
	return all
}

// kinds returns the kinds of faults, by status.
func (d document) kinds() []answer {
	var all []answer
	seen := map[string]bool{}
	for _, item := range d.Paths {
		for _, o := range item {
			for status, r := range o.Responses {
				if meant, ok := d.Components.Responses[name(r.Ref)]; ok && status >= "4" && !seen[status] {
					seen[status] = true
					all = append(all, answer{Status: status, Text: meant.Description})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b answer) int { return strings.Compare(a.Status, b.Status) })
	return all
}

func (d document) objects() []object {
	var all []object
	for _, key := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		s := d.Components.Schemas[key]
		all = append(all, object{Name: key, Text: s.Description, Fields: s.fields("")})
	}
	return all
}
