package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/edition"
	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/queue"
)

// render makes the lessons' HTML, which is sanitised, and tells after each how
// many there are.
func render(ctx context.Context, m *manuscript.Manuscript, f *folder, made images) (lessons []mdx.Lesson, err error) {
	var faults []mdx.Fault
	for lesson, wrong := range m.RenderShowing(func(path string) mdx.Sized { return made.sized(m.Key, path) }) {
		if f.err != nil {
			return nil, f.err
		}
		lessons, faults = append(lessons, lesson), append(faults, wrong...)
		if err := queue.Say(ctx, "%d of %d lessons", len(lessons), len(m.Lessons)); err != nil {
			return nil, err
		}
	}
	return lessons, refuse(faults)
}

// scripts lists the bundles that lessons need, each once. One that a free
// lesson needs is free.
func scripts(m *manuscript.Manuscript, lessons []mdx.Lesson) []version.Medium {
	var all []version.Medium
	for i, l := range lessons {
		b, ok := m.Bundle(l)
		if !ok {
			continue
		}
		made := script(b)
		at := slices.IndexFunc(all, func(s version.Medium) bool { return s.Path == made.Path })
		if at < 0 {
			at, all = len(all), append(all, made)
		}
		all[at].Preview = all[at].Preview || m.Lessons[i].Preview
	}
	return all
}

func script(b bundle.Module) version.Medium {
	return version.Medium{Path: fmt.Sprintf("components/%x.js", b.SHA256), SHA256: b.SHA256, ContentType: "text/javascript", Size: int64(len(b.Body)), Body: b.Body}
}

// components counts the module's own components that lessons use.
func components(lessons []mdx.Lesson) int {
	used := map[string]bool{}
	for _, l := range lessons {
		for _, e := range l.Elements {
			if strings.HasPrefix(e, mdx.OwnPrefix) {
				used[e] = true
			}
		}
	}
	return len(used)
}

// publication puts together what is inserted.
func publication(s source.Source, m *manuscript.Manuscript, lessons []mdx.Lesson, media []version.Medium) version.Publication {
	p := version.Publication{
		Version: version.Version{
			Module: m.Key, Version: m.Version, Changelog: m.Changelog, Title: m.Title, Summary: m.Summary, Includes: m.Includes,
		},
		SourceID: s.ID, Digest: s.Digest(), Price: m.Price, Currency: m.Currency, Media: media, Components: components(lessons),
	}
	for i, l := range lessons {
		made := edition.Lesson(m.Lessons[i], l)
		if b, ok := m.Bundle(l); ok {
			made.Script = script(b).URL(m.Key)
		}
		p.Lessons = append(p.Lessons, made)
		p.Size += int64(len(l.HTML))
		if from := m.Lessons[i].MovedFrom; from != "" {
			p.Former = append(p.Former, version.Former{ID: from, Moved: m.Lessons[i].ID})
		}
	}
	for _, id := range m.Retired {
		p.Former = append(p.Former, version.Former{ID: id})
	}
	for _, made := range media {
		p.Size += made.Size
	}
	p.Checksum = checksum(p)
	return p
}

// checksum names what readers get: pages are kept under it. So it is over all
// that a page is made of, the version's number included, and nothing else.
func checksum(p version.Publication) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, part := range []any{p.Module, p.Version.Version, p.Title, p.Summary, p.Includes, p.Lessons, p.Media} {
		_ = enc.Encode(part) // of strings and numbers, into a hash: neither fails
	}
	return hex.EncodeToString(h.Sum(nil))
}
