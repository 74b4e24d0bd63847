package mdx_test

import (
	"fmt"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest"
)

// front is a front matter of five lines, so that Markdown begins in line 6.
const front = "---\ntitle: T\nsummary: S\ndate: 2026-03-31\n---\n"

// files has every lesson, and media of one size.
var files = mdx.Resolver{
	Lesson: func(file string) (string, bool) {
		id, isLesson := strings.CutPrefix(strings.TrimSuffix(file, ".mdx"), "lessons/")
		return "/modules/private/lessons/" + id, isLesson
	},
	Media: func(file string) (mdx.Sized, bool) {
		return mdx.Sized{URL: "/media/0a1b/" + path.Base(file), Width: 640, Height: 360}, strings.HasPrefix(file, "media/")
	},
	Component: mdx.Builtin,
	Names:     mdx.BuiltinNames(),
}

func TestLesson(t *testing.T) {
	t.Parallel()

	src, err := os.ReadFile("testdata/lesson.mdx")
	if err != nil {
		t.Fatal(err)
	}
	got, faults := mdx.Render("lessons/density-altitude.mdx", src, files)
	for _, f := range faults {
		t.Error(f)
	}
	platformtest.Golden(t, "lesson.html", got.HTML)
	got.HTML = ""
	platformtest.Golden(t, "lesson.txt", describe(got))

	scanned, _ := mdx.Scan("lessons/density-altitude.mdx", src, files)
	if diff := cmp.Diff(got, scanned); diff != "" {
		t.Errorf("Scan differs from Render (-render +scan):\n%s", diff)
	}
}

// TestMark: a byte order mark is no part of a lesson.
func TestMark(t *testing.T) {
	t.Parallel()

	for _, text := range []string{front + "# A\n", "a\n"} {
		want, faults := mdx.Render("x.mdx", []byte(text), files)
		got, marked := mdx.Render("x.mdx", []byte("\uFEFF"+text), files)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(faults, marked); diff != "" {
			t.Error(diff)
		}
	}
	_, faults := mdx.Render("x.mdx", []byte("\uFEFF"+front+"a\n"), files)
	if len(faults) > 0 {
		t.Error(faults)
	}
}

// describe prints a lesson, a line for each thing in it.
func describe(l mdx.Lesson) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n%v\n%d words\n", l.Title, l.Summary, l.Date.Format(time.RFC3339), l.ACS, l.Words)
	for _, s := range l.Sources {
		fmt.Fprintf(&b, "source  %+v\n", s)
	}
	for _, h := range l.Headings {
		fmt.Fprintf(&b, "heading %+v\n", h)
	}
	for _, link := range l.Links {
		fmt.Fprintf(&b, "link    %+v\n", link)
	}
	for _, image := range l.Images {
		fmt.Fprintf(&b, "image   %+v\n", image)
	}
	return b.String()
}

func TestRender(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, markdown, want string }{
		{"comment in a sentence", "a{/* {x} <b> */}b", "<p>ab</p>\n"},
		{"comment over lines", "a {/* x\ny */} b", "<p>a  b</p>\n"},
		{"comment alone", "{/* x */}\n\nb", "<p>b</p>\n"},
		{"comment at the end of a heading", "## a {/* x */}", "<h2 id=\"a\">a </h2>\n"},
		{"escapes", `\{x} \<b> a < 5 {/*c*/}`, "<p>{x} &lt;b&gt; a &lt; 5 </p>\n"},
		{"code takes all", "`<b> {x}`", "<p><code>&lt;b&gt; {x}</code></p>\n"},
		{"fence takes all", "~~~\n<b> {x}\nimport x\n~~~", "<pre><code>&lt;b&gt; {x}\nimport x\n</code></pre>\n"},
		{"no indented code", "a\n\n        b", "<p>a</p>\n<p>b</p>\n"},
		{"import inside a paragraph", "all\nimport duties", "<p>all\nimport duties</p>\n"},
		{"same headings", "## a\n\n## a\n\n## a-2\n\n## a", "<h2 id=\"a\">a</h2>\n<h2 id=\"a-2\">a</h2>\n" +
			"<h2 id=\"a-2-2\">a-2</h2>\n<h2 id=\"a-3\">a</h2>\n"},
		{"heading of signs", "## ?!", "<h2 id=\"section\">?!</h2>\n"},
		{"heading of other letters", "## Höhe 5’000", "<h2 id=\"höhe-5000\">Höhe 5’000</h2>\n"},
		{"heading like a footnote", "## fn:1", "<h2 id=\"fn-1\">fn:1</h2>\n"},
		{"entities in a URL", "[a](https://x.org/?a=1&amp;b=2)", `<p><a href="https://x.org/?a=1&amp;b=2" rel="noopener">a</a></p>` + "\n"},
		{"lesson", "[a](../lessons/b.mdx#c-d)", `<p><a href="/modules/private/lessons/b#c-d">a</a></p>` + "\n"},
		{"reference", "[a]\n\n[a]: b.mdx", `<p><a href="/modules/private/lessons/b">a</a></p>` + "\n"},
		{"media by a link", "[a](../media/b.svg)", `<p><a href="/media/0a1b/b.svg">a</a></p>` + "\n"},
		{"image without a caption", "![a \"b\"](../media/b.svg)", `<figure><img src="/media/0a1b/b.svg" alt="a &#34;b&#34;"` +
			` width="640" height="360" decoding="async"></figure>` + "\n"},
		{"list that begins late", "7. a", "<ol start=\"7\">\n<li>a</li>\n</ol>\n"},
		{"NUL", "a\x00b", "<p>a\uFFFDb</p>\n"},
		{"carriage returns", "a\r\nb\r\n\r\n## c\r\n", "<p>a\nb</p>\n<h2 id=\"c\">c</h2>\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, faults := mdx.Render("lessons/x.mdx", []byte(front+tc.markdown), files)
			for _, f := range faults {
				t.Error(f)
			}
			if diff := cmp.Diff(tc.want, got.HTML); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, markdown string
		want           int
	}{
		{"none", "", 0},
		{"within a word", "un*believ*able and don't", 3},
		{"signs", "a – b & c", 3},
		{"over lines", "a\nb  \nc", 3},
		{"blocks", "## a\n\nb\n\n- c\n- d", 4},
		{"cells", "| a | b |\n|---|---|\n| c | d |", 4},
		{"not code blocks", "a `b`\n\n```\nc d\n```", 2},
		{"not alternative texts", "a ![b c](../media/x.svg)", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, _ := mdx.Scan("lessons/x.mdx", []byte(front+tc.markdown), files)
			if got.Words != tc.want {
				t.Errorf("%d words, want %d", got.Words, tc.want)
			}
		})
	}
}
