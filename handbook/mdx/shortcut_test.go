package mdx_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pilothandbook/handbook/mdx"
	"pilothandbook/platform/platformtest/hostile"
)

// shortcutHTML is what could lead the shortcut astray.
var shortcutHTML = []string{
	"",
	" \t\u00a0\n",
	"a\r\nb",
	"a\x00b",
	`It's "so" > that`,
	"&amp;&lt;&quot;&#39;&#x27;&notit;&not it&;&#0;&#13;&amp",
	"&a<p>b;",
	"a < b > c <5> <",
	"<p>a</p",
	"<P>a</P><p >b</p >",
	"<br/><hr />",
	"</p></li></a>",
	`<a>a</a><a href="/x">b</a>`,
	`<a href="javascript:x">a</a>b</a>`,
	`<a href='/x'>a</a><a href=/x>b</a>`,
	`<a href="/it's">a</a><a href="/&quot;">b</a><a href="/a b">c</a>`,
	`<a href="/x?b=&quot;&amp;a=1">a</a>`,
	`<img src="/x" alt="it's a &quot;b&quot;">`,
	`<img src="/x" alt="a > b"><img src="/x" alt="a < b">`,
	`<img src="/x" alt="<p>"><p>`,
	`<img src="/x" alt="><p>`,
	`<img src="/x" alt='"'>`,
	"<img src=\"/x\" alt=\"a\rb\">",
	`<h2 id="a b">c</h2><h2 id="a">c</h2>`,
	`<title><p></title><p><textarea><h2 id="a"></textarea>`,
	`<script>'<p>'</script>'`,
	`<style><p></style><h2 id="a">b</h2>`,
	`<!-- <p> --><p><!-- > -->`,
	`<![CDATA[<p>]]><p>`,
	`<?x <p>?><p>`,
	`</ p><p>`,
}

func TestShortcutOfWhatIsHostile(t *testing.T) {
	t.Parallel()

	for _, src := range slices.Concat(shortcutHTML, hostile.HTML()) {
		if got, want := mdx.Sanitise(src), mdx.Authority(src); got != want {
			t.Errorf("%q gives %q, want %q", src, got, want)
		}
	}
}

// TestShortcutOfFragments puts tags and pieces of text together anyhow.
func TestShortcutOfFragments(t *testing.T) {
	t.Parallel()

	all := strings.Join(slices.Concat(shortcutHTML, hostile.HTML()), "")
	fragment := rapid.SampledFrom(regexp.MustCompile(`<[^>]*>|[^<>]+|[<>]`).FindAllString(all, -1))
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(rapid.SliceOfN(fragment, 1, 8).Draw(t, "fragments"), "")
		if got, want := mdx.Sanitise(src), mdx.Authority(src); got != want {
			t.Errorf("%q gives %q, want %q", src, got, want)
		}
	})
}

// TestShortcutIsTaken shows that ordinary lessons go the short way.
func TestShortcutIsTaken(t *testing.T) {
	t.Parallel()

	for file, src := range contents(t) {
		raw := mdx.Raw(file, src, files)
		got, ok := mdx.Shortcut(raw)
		if want := mdx.Authority(raw); !ok || got != want {
			t.Errorf("%s: taken %v, right %v", file, ok, got == want)
		}
	}
}
