package mdx_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
)

// TestPicture shows what each kind of image becomes, as a figure, in a line of
// text, and by a tag.
func TestPicture(t *testing.T) {
	t.Parallel()

	webp := []mdx.Scaled{{URL: "/media/m/a.webp", Width: 480}, {URL: "/media/m/b.webp", Width: 960}}
	images := map[string]mdx.Sized{
		"media/plain.svg": {URL: "/plain.svg", Width: 64, Height: 36},
		"media/photo.jpg": {URL: "/photo.jpg", Width: 960, Height: 540, WebP: webp},
		"media/night.png": {URL: "/day.png", Width: 640, Height: 360, WebP: webp[:1], Dark: &mdx.Sized{URL: "/night.png", Width: 640, Height: 360, WebP: webp[1:]}},
	}
	const (
		sizes = ` sizes="(min-width: 720px) 690px, 100vw"`
		dark  = ` media="screen and (prefers-color-scheme: dark)"`
		lazy  = ` loading="lazy"`
		tail  = ` decoding="async">`
		photo = `<picture><source type="image/webp" srcset="/media/m/a.webp 480w, /media/m/b.webp 960w"` + sizes + `><img src="/photo.jpg" alt="p" width="960" height="540"`
		night = `<picture><source` + dark + ` type="image/webp" srcset="/media/m/b.webp 960w"` + sizes + `><source` + dark + ` srcset="/night.png">` +
			`<source type="image/webp" srcset="/media/m/a.webp 480w"` + sizes + `><img src="/day.png" alt="n" width="640" height="360" class="themed"`
	)
	r := mdx.Resolver{Component: mdx.Builtin, Media: func(path string) (mdx.Sized, bool) {
		p, ok := images[path]
		return p, ok
	}}
	for _, tc := range []struct{ name, markdown, want string }{
		{"the first does not wait", "![p](../media/photo.jpg)\n\n![p](../media/photo.jpg \"C\")\n",
			"<figure>" + photo + tail + "</picture></figure>\n<figure>" + photo + lazy + tail + "</picture><figcaption>C</figcaption></figure>\n"},
		{"in a line of text", "See ![n](../media/night.png \"It's\") here.\n",
			"<p>See " + strings.Replace(night, ` class`, ` title="It&#39;s" class`, 1) + tail + "</picture> here.</p>\n"},
		{"by a tag", `<Figure src="../media/night.png" alt="n" />`, "<figure>" + night + tail + "</picture></figure>"},
		{"plain", "![a](../media/plain.svg)\n", `<figure><img src="/plain.svg" alt="a" width="64" height="36"` + tail + "</figure>\n"},
		{"turned round", `<Figure src="../media/plain.svg" alt="a" dark="invert" />`, `<figure><img src="/plain.svg" alt="a" width="64" height="36" class="invert"` + tail + "</figure>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), r)
			for _, f := range faults {
				t.Error(f)
			}
			if diff := cmp.Diff(strings.TrimSpace(tc.want), strings.TrimSpace(got.HTML)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestHostileSources shows that a picture's other files are this site's.
func TestHostileSources(t *testing.T) {
	t.Parallel()

	for _, attribute := range []string{
		`srcset="https://evil.example/a.webp 480w"`, `srcset="//evil.example/a.webp"`, `srcset="/a.webp, //evil.example/a"`, `srcset="/a 480w, https://evil.example"`,
		`srcset="javascript:alert(1)"`, `srcset="/a b"`, `srcset="/a?b=c"`, `src="/a"`, `onerror="x"`, `type="text/html"`, `media="screen"`, `sizes="calc(1px)"`,
	} {
		if got := mdx.Sanitise("<picture><source " + attribute + `><img src="/a" class="prose"></picture>`); strings.Contains(got, "evil") || got != `<picture><img src="/a"></picture>` {
			t.Errorf("%s: %s", attribute, got)
		}
	}
}
