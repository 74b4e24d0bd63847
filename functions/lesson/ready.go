package lesson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pilothandbook/handbook/version"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/fault"
	"pilothandbook/reader/encoded"
	"pilothandbook/reader/leaf"
)

// kept is how long a lesson that nobody reads stays in memory at most.
const kept = 24 * time.Hour

// ready is a lesson as it is sent.
type ready struct {
	head version.Head
	body *encoded.Body
}

// form is how a lesson is written: as a page or as JSON.
type form string

const (
	asPage form = "page"
	asJSON form = "json"
)

// recall returns a lesson from this process's memory.
func (e endpoint) recall(ctx context.Context, v *version.Version, lesson string, f form) (*ready, error) {
	return cache.Recall(ctx, e.memory, "lesson:"+string(f)+string(v.ID[:])+lesson, kept, func(ctx context.Context) (*ready, int, error) {
		heads, err := e.outline(ctx, v)
		if err != nil {
			return nil, 0, err
		}
		i := slices.IndexFunc(heads, func(h version.Head) bool { return h.ID == lesson })
		if i < 0 {
			return nil, 0, fault.New(fault.NotFound, "There is no lesson %q in %s. The page of the module lists those that there are.", lesson, v.Title)
		}
		body, err := e.fetch(ctx, v, heads, i, f)
		if err != nil {
			return nil, 0, err
		}
		return &ready{heads[i], body}, body.Size(), nil
	})
}

func (e endpoint) outline(ctx context.Context, v *version.Version) ([]version.Head, error) {
	return cache.Recall(ctx, e.memory, "outline:"+string(v.ID[:]), kept, func(ctx context.Context) ([]version.Head, int, error) {
		heads, err := version.Outline(ctx, e.db, v.ID)
		return heads, 512 * (1 + len(heads)), err
	})
}

// fetch returns a lesson's body from Redis, else builds it. That a lesson may
// be read by all is never taken from there.
func (e endpoint) fetch(ctx context.Context, v *version.Version, heads []version.Head, i int, f form) (*encoded.Body, error) {
	// A version that was rendered again may keep its checksum, so that its id
	// is in the key too.
	key := fmt.Sprintf("%s:%s:%s:%s:%s", v.Checksum, v.ID, heads[i].ID, f, e.stamp)
	if packed, ok := e.cache.Bytes(ctx, cache.Content, key); ok {
		if body, err := encoded.Unpack(packed); err == nil {
			return body, nil
		}
	}
	l, err := version.ReadLesson(ctx, e.db, v.ID, heads[i].ID)
	if err != nil {
		return nil, err
	}
	text, err := e.write(leaf.Of(v, heads, i, l), f)
	if err != nil {
		return nil, err
	}
	body := encoded.New(text)
	if packed := body.Packed(); packed != nil {
		e.cache.SetBytes(ctx, cache.Content, key, packed)
	}
	return body, nil
}

// write builds the bytes of a lesson, which depend on nothing but l and this
// build.
func (e endpoint) write(l leaf.Leaf, f form) ([]byte, error) {
	if f == asPage {
		return e.page.Build(l, e.notice)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return nil, fmt.Errorf("lesson %q: %w", l.ID, err)
	}
	return b.Bytes(), nil
}

// makeStamp names what this build makes of a lesson: templates, assets, code
// and notice. It is the hash of a lesson that uses all of them, so that
// another build never serves what this one put into Redis.
func (e endpoint) makeStamp() string {
	v := &version.Version{Module: "module", Title: "Title", Version: "1.2.3", Checksum: "sum"}
	heads := []version.Head{{ID: "before"}, {ID: "lesson"}, {ID: "after"}}
	sample := leaf.Of(v, heads, 1, version.Lesson{
		Head:     version.Head{ID: "lesson", Title: "Title", Summary: "Summary", Preview: true, Dated: time.Unix(0, 0).UTC(), Words: 400, ACS: []string{"PA.I.F.K1"}},
		Sources:  []version.Source{{Title: "Source", URL: "https://example.com"}},
		Headings: []version.Heading{{Level: 2, ID: "two", Text: "Two"}, {Level: 3, ID: "three", Text: "Three"}},
		HTML:     "<p>Text</p>", Script: "/media/module/script.js",
	})
	h := sha256.New()
	for _, f := range []form{asPage, asJSON} {
		b, err := e.write(sample, f)
		if err != nil {
			panic(err) // the template is at fault; a test has seen it
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
