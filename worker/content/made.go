package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"pilothandbook/handbook/edition"
	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/queue"
)

// render makes the lessons' HTML, which is sanitised, and tells after each how
// many there are.
func render(ctx context.Context, m *manuscript.Manuscript, f *folder) (lessons []mdx.Lesson, err error) {
	var faults []mdx.Fault
	url := func(file string, sum [sha256.Size]byte) string {
		return fmt.Sprintf("/media/%s/%x%s", m.Key, sum, path.Ext(file))
	}
	for lesson, wrong := range m.Render(url) {
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

// media lists the images of a module. One that a free lesson shows is free.
func media(m *manuscript.Manuscript, lessons []mdx.Lesson) []version.Medium {
	free := map[string]bool{}
	for i, l := range lessons {
		for _, img := range l.Images {
			free[img.Path] = free[img.Path] || m.Lessons[i].Preview
		}
		for _, link := range l.Links {
			free[link.Path] = free[link.Path] || m.Lessons[i].Preview
		}
	}
	var all []version.Medium
	for _, f := range m.Files {
		if width, height, ok := m.Picture(f.Path); ok {
			all = append(all, version.Medium{
				Path: f.Path, SHA256: f.SHA256, ContentType: contentType(f.Path), Width: width, Height: height, Preview: free[f.Path],
			})
		}
	}
	return all
}

// contentType is that of the kinds of image that the gate lets through.
func contentType(file string) string {
	switch path.Ext(file) {
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	}
	return "image/jpeg"
}

// publication puts together what is inserted.
func publication(s source.Source, m *manuscript.Manuscript, lessons []mdx.Lesson, media []version.Medium) version.Publication {
	p := version.Publication{
		Version: version.Version{
			Module: m.Key, Version: m.Version, Changelog: m.Changelog, Title: m.Title, Summary: m.Summary, Includes: m.Includes,
		},
		SourceID: s.ID, Digest: s.Digest(), Price: m.Price, Currency: m.Currency, Media: media,
	}
	for i, l := range lessons {
		p.Lessons = append(p.Lessons, edition.Lesson(m.Lessons[i], l))
		p.Size += int64(len(l.HTML))
		if from := m.Lessons[i].MovedFrom; from != "" {
			p.Former = append(p.Former, version.Former{ID: from, Moved: m.Lessons[i].ID})
		}
	}
	for _, id := range m.Retired {
		p.Former = append(p.Former, version.Former{ID: id})
	}
	for _, f := range m.Files {
		switch {
		case strings.HasPrefix(f.Path, "media/"):
			p.Size += f.Size
		case strings.HasPrefix(f.Path, "components/"):
			p.Components++
		}
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
