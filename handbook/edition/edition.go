// Package edition turns what an author wrote into what readers get.
package edition

import (
	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/version"
)

// Lesson is a lesson of a version, from its entry in module.yaml and its
// rendered text.
func Lesson(listed manuscript.Lesson, l mdx.Lesson) version.Lesson {
	made := version.Lesson{
		Head: version.Head{
			ID: listed.ID, Title: l.Title, Summary: l.Summary, Preview: listed.Preview, Dated: l.Date, Words: l.Words, ACS: l.ACS,
		},
		HTML: l.HTML,
	}
	for _, s := range l.Sources {
		made.Sources = append(made.Sources, version.Source(s))
	}
	for _, h := range l.Headings {
		made.Headings = append(made.Headings, version.Heading(h))
	}
	return made
}
