// Package version knows what of a module is published: versions, of which at
// most one is active, their lessons and media. A version is immutable; its
// checksum names it for ever.
package version

import (
	"time"

	"github.com/google/uuid"
)

// Version is one published version of a module.
type Version struct {
	ID        uuid.UUID `json:"id"`
	Module    string    `json:"module"`
	Version   string    `json:"version"`
	Revision  int       `json:"revision"`
	Checksum  string    `json:"checksum"`
	Released  time.Time `json:"released"`
	Changelog string    `json:"changelog"`
	Active    bool      `json:"active"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary"`
	Includes  []string  `json:"includes,omitempty"`
}

// Source is where a lesson's facts come from.
type Source struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Heading is a heading of a lesson, for its table of contents.
type Heading struct {
	Level int    `json:"level"`
	ID    string `json:"id"`
	Text  string `json:"text"`
}

// Head is a lesson in an outline: everything but its text.
type Head struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Summary string    `json:"summary"`
	Preview bool      `json:"preview"`
	Dated   time.Time `json:"dated"`
	Words   int       `json:"words"`
	ACS     []string  `json:"acs"`
}

// Minutes returns how long reading takes, at 200 words a minute.
func (h Head) Minutes() int { return max(1, (h.Words+100)/200) }

// Lesson is a lesson with its text.
type Lesson struct {
	Head
	Sources  []Source  `json:"sources"`
	Headings []Heading `json:"headings"`
	HTML     string    `json:"html"`             // sanitised when it was published
	Script   string    `json:"script,omitempty"` // address of what its own components need
}
