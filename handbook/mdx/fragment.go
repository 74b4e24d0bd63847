package mdx

import "bytes"

// Fragment renders Markdown that stands in no lesson, such as what a component
// shows without script. It has no headings and footnotes, and no files of a
// module; of the resolver it takes formulas and code alone. The problems are
// what is wrong with it.
func Fragment(src string, r Resolver) (html string, problems []string) {
	d := &document{lesson: &Lesson{}, faults: &faults{src: []byte(src)}, body: []byte(src)}
	if bytes.Contains(d.body, []byte("[^")) {
		d.faults.at(0, "it has a footnote; write its text in place")
	}
	if found, ok := d.parse(); ok {
		s := newSurvey(d, found, Resolver{Math: r.Math, Code: r.Code})
		s.module()
		s.walk()
	}
	if len(d.lesson.Headings) > 0 {
		d.faults.at(0, "it has a heading, which belongs to the lesson; write a line in ** instead")
	}
	if len(d.faults.list) == 0 {
		var err error
		if html, err = d.html(); err != nil {
			d.faults.at(0, "%v", err)
		}
	}
	for _, f := range d.faults.sorted() {
		problems = append(problems, f.Text)
	}
	return Sanitise(html), problems
}
