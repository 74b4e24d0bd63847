package manuscript_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/manuscript"
)

func TestModuleFaults(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, old, new, want string }{
		{"key", "key: instrument", "key: rotor", `1:6: there is no module "rotor"; the key is one of private_commercial, instrument, bundle`},
		{"no title", "title: Instrument\n", "", `1:1: title is missing; add a line "title: …"`},
		{"no changelog", "changelog: First edition.", "changelog:", `7:1: changelog is empty; give it a value`},
		{"slip", "currency: usd", "curency: usd", `1:1: currency is missing; add a line "currency: …"` + "\n" +
			`module.yaml:6:1: there is no field "curency"; did you mean "currency"?`},
		{"version", "version: 1.2.0", "version: 1.2", `4:10: "1.2" is not a version; write three numbers, as 1.4.0`},
		{"version with zeros", "version: 1.2.0", "version: 1.02.0", `4:10: "1.02.0" is not a version; write three numbers, as 1.4.0`},
		{"price in words", "price: 5900", "price: 59.00", `5:8: price must be a whole number, in cents, as 5900`},
		{"octal price", "price: 5900", "price: 0700", `5:8: price must be a whole number, in cents, as 5900`},
		{"free", "price: 5900", "price: 0", `5:8: the price is 0 cents; write it in cents, as 5900, from 50 to 100000`},
		{"dear", "price: 5900", "price: 100001", `5:8: the price is 100001 cents; write it in cents, as 5900, from 50 to 100000`},
		{"currency", "currency: usd", "currency: USD", `6:11: "USD" is not a currency; write three lower-case letters, as usd`},
		{"no cents", "currency: usd", "currency: jpy", `6:11: prices in "jpy" cannot be shown: its smallest unit is not a hundredth; choose another currency, as usd`},
		{"long changelog", "First edition.", strings.Repeat("a", 4001), `7:12: the changelog has 4001 characters; shorten it to 4000`},
		{"id twice", "{id: vor", "{id: holding", `12:10: the id "holding" is used twice; give each lesson its own`},
		{"id", "{id: vor", "{id: VOR_1", `12:10: "VOR_1" is not an id; write lower-case words joined by hyphens`},
		{"no id", "{id: vor, ", "{", `12:6: id is missing; add a line "id: …"`},
		{"long id", "{id: vor", "{id: " + strings.Repeat("v", 81), `12:10: the id has 81 characters; shorten it to 80`},
		{"field of a lesson", "preview: true", "preveiw: true", `9:3: no lesson can be read before buying; set preview: true on at least one` + "\n" +
			`module.yaml:11:5: there is no field "preveiw"; did you mean "preview"?`},
		{"preview in words", "preview: true", "preview: yes", `9:3: no lesson can be read before buying; set preview: true on at least one` + "\n" +
			`module.yaml:11:14: preview must be true or false`},
		{"no preview", "preview: true", "preview: false", `9:3: no lesson can be read before buying; set preview: true on at least one`},
		{"both", "lessons:", "includes: [instrument]\nlessons:", `8:11: the module has lessons and includes others; a bundle has no lessons of its own`},
		{"include", "lessons:", "includes: [bundle, instrument, instrument]\nlessons:", `8:11: the module has lessons and includes others; a bundle has no lessons of its own` + "\n" +
			`module.yaml:8:12: there is no module "bundle" to include; known are private_commercial, instrument` + "\n" +
			`module.yaml:8:32: instrument is included twice; remove one`},
		{"bell in the title", "title: Instrument", `title: "Instru\ament"`, `2:8: title has a character that cannot be seen or stored; type it again`},
		{"NUL in the summary", "summary: Flying without looking out.", `summary: "Flying\0"`, `3:10: summary has a character that cannot be seen or stored; type it again`},
		{"no UTF-8", "title: Instrument", "title: Instr\xffment", `2:8: title has a character that cannot be seen or stored; type it again`},
		{"written backwards", "title: Instrument", "title: Instr\u202ement", `2:8: title has a character that cannot be seen or stored; type it again`},
		{"policy", "currency: usd", "currency: usd\nunknown_components: drop", `7:21: "drop" is no policy; write keep, which shows what stands inside unknown components, or fault`},
		{"no YAML", "key: instrument", "key: [", `1:6: the file is not YAML: sequence end token ']' not found`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			yaml := strings.Replace(moduleYAML, tc.old, tc.new, 1)
			if yaml == moduleYAML {
				t.Fatalf("%q is not in the module", tc.old)
			}
			_, faults := manuscript.Read(folder(map[string]string{"module.yaml": yaml}))
			var lines []string
			for _, f := range faults {
				if f.File == "module.yaml" {
					lines = append(lines, f.String())
				}
			}
			if diff := cmp.Diff("module.yaml:"+tc.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What follows from a module.yaml that cannot be read is not told.
func TestOneFaultForBrokenYAML(t *testing.T) {
	t.Parallel()

	_, faults := manuscript.Read(folder(map[string]string{"module.yaml": "key: [\n" + moduleYAML}))
	if len(faults) != 1 || faults[0].File != "module.yaml" {
		t.Errorf("got %s", text(faults))
	}
}

// Links and headings of large lessons are compared in a time that grows with
// their number, not its square.
func TestManyLinks(t *testing.T) {
	t.Parallel()

	var links, headings strings.Builder
	for i := range 990 {
		fmt.Fprintf(&headings, "## H%d\n\n", i)
		links.WriteString(strings.Repeat(fmt.Sprintf("[x](vor.mdx#h%d) ", i), 5) + "\n\n")
	}
	_, faults := manuscript.Read(folder(map[string]string{
		"lessons/vor.mdx": front + headings.String(), "lessons/holding.mdx": front + links.String(),
	}))
	if len(faults) > 0 {
		t.Errorf("got %.300s", text(faults))
	}
}

// A list of lessons none of which is there costs no look at every file each.
func TestManyAbsent(t *testing.T) {
	t.Parallel()

	files, list := map[string]string{}, moduleYAML
	for i := range 2_000 {
		files[fmt.Sprintf("lessons/%050d.mdx", i)] = front
	}
	for i := range 600 {
		list += fmt.Sprintf("  - {id: a%d, file: lessons/%050da.mdx}\n", i, i)
	}
	files["module.yaml"] = list
	_, faults := manuscript.Read(folder(files))
	if got := text(faults); strings.Count(got, "there is no file") != 600 || strings.Count(got, "did you mean") != 5 {
		t.Errorf("got %.300s", got)
	}
}

func TestFolderFaults(t *testing.T) {
	t.Parallel()

	yaml := func(old, replacement string) string { return strings.Replace(moduleYAML, old, replacement, 1) }
	whole := raster(func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	for _, tc := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"no module.yaml", map[string]string{"module.yaml": gone, "lessons/vor.mdx": gone, "lessons/holding.mdx": gone},
			"module.yaml: the file is missing; it names the module, its price and its lessons"},
		{"neither", map[string]string{"module.yaml": moduleYAML[:strings.Index(moduleYAML, "lessons:")], "lessons/vor.mdx": gone, "lessons/holding.mdx": gone},
			"module.yaml:1:1: the module has no lessons; list them, or for a bundle what it includes"},
		{"no such lesson", map[string]string{"module.yaml": moduleYAML + "  - {id: ils, file: lessons/ils-approach.mdx}\n"},
			"module.yaml:13:21: there is no file lessons/ils-approach.mdx; add it, or remove the lesson"},
		{"mistyped lesson", map[string]string{"module.yaml": yaml("lessons/vor.mdx", "lessons/vro.mdx")},
			"lessons/holding.mdx:8:1: the module has no \"lessons/vor.mdx\"; paths count from the lesson's own folder\n" +
				"lessons/vor.mdx: the lesson is not listed; add it to the lessons of module.yaml, or remove the file\n" +
				"module.yaml:12:21: there is no file lessons/vro.mdx; did you mean lessons/vor.mdx?"},
		{"lesson twice", map[string]string{"module.yaml": moduleYAML + "  - {id: again, file: lessons/vor.mdx}\n"},
			"module.yaml:13:23: lessons/vor.mdx is listed twice; remove one"},
		{"lesson outside", map[string]string{"module.yaml": moduleYAML + "  - {id: ils, file: ../ils.mdx}\n"},
			"module.yaml:13:21: the path \"../ils.mdx\" leaves the module's folder or is not plain; write it as lessons/name.mdx"},
		{"no lesson's name", map[string]string{"module.yaml": moduleYAML + "  - {id: ils, file: media/a.svg}\n"},
			"module.yaml:13:21: media/a.svg is no lesson; a lesson's file ends in .mdx"},
		{"unlisted lesson", map[string]string{"drafts/ils.mdx": front},
			"drafts/ils.mdx: the lesson is not listed; add it to the lessons of module.yaml, or remove the file"},
		{"heading elsewhere", map[string]string{"lessons/vor.mdx": front + "## Dial"},
			"lessons/holding.mdx:8:1: there is no heading #needle in lessons/vor.mdx; name one that it has, as #dial"},
		{"no media", map[string]string{"media/a.svg": gone},
			"lessons/holding.mdx:8:21: the module has no \"media/a.svg\"; paths count from the lesson's own folder"},
		{"media of another kind", map[string]string{"media/a.webp": "RIFF"},
			"media/a.webp: files of type \".webp\" are not taken; convert it to svg, png or jpg"},
		{"no PNG", map[string]string{"media/p.png": svg},
			"media/p.png: this is no PNG (png: invalid format: not a PNG file); save it again in the format its name tells"},
		{"no JPEG", map[string]string{"media/j.jpg": ""},
			"media/j.jpg: this is no JPEG (unexpected EOF); save it again in the format its name tells"},
		{"large image", map[string]string{"media/a.svg": strings.Replace(svg, "640", "10001", 1)},
			"media/a.svg: the image is 10001 × 360 pixels; scale it to at most 10000 a side"},
		{"pixels beyond all bounds", map[string]string{"media/p.png": huge(t)},
			"media/p.png: the image is 50000 × 50000 pixels; scale it to at most 10000 a side"},
		{"archive behind an image", map[string]string{"media/p.png": whole + "PK\x03\x04"},
			"media/p.png: 4 bytes of something else stand behind the image; open it in a program for images and save it as a new file, which leaves them out"},
		{"dark without light", map[string]string{"media/b.dark.svg": svg},
			"media/b.dark.svg: dark pages show this instead of b.svg, which is not there; add that, or rename this"},
		{"dark of another size", map[string]string{"media/a.dark.svg": strings.Replace(svg, "640", "320", 1)},
			"media/a.dark.svg: this has 320 × 360 pixels and a.svg 640 × 360; make both the same size"},
		{"dark without a fault", map[string]string{"media/a.dark.svg": svg}, ""},
		{"large file", map[string]string{"media/x.png": strings.Repeat("x", 20<<20+1)},
			"media/x.png: the file is over 20 MiB; make it smaller"},
		{"name", map[string]string{"media/a b.svg": svg},
			"media/a b.svg: the name \"a b.svg\" has characters other than letters, digits, -, _ and dots; rename it"},
		{"encoding", map[string]string{"lessons/vor.mdx": front + "## Needle\n\xff"},
			"lessons/vor.mdx:7:1: this is not UTF-8; save the file in that encoding"},
		{"several", map[string]string{"lessons/vor.mdx": front + "## Needle\n\n<X>\n\n# H", "module.yaml": yaml("price: 5900", "price: 1")},
			"lessons/vor.mdx:8:1: <X> is not a component of this handbook; write Markdown, or \\< for the character\n" +
				"lessons/vor.mdx:10:1: a lesson's title is in its front matter; begin headings with ##\n" +
				"module.yaml:5:8: the price is 1 cents; write it in cents, as 5900, from 50 to 100000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, faults := manuscript.Read(folder(tc.change))
			if diff := cmp.Diff(tc.want, text(faults)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestManyFiles(t *testing.T) {
	t.Parallel()

	many := map[string]string{}
	for i := range 5000 {
		many[fmt.Sprintf("components/%d.ts", i)] = "x"
	}
	_, faults := manuscript.Read(folder(many))
	want := ".: the folder has over 5000 files; move out what is not of the module"
	if got := text(faults); !strings.HasPrefix(got, want) {
		t.Errorf("got %.200s\nwant %s", got, want)
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()

	inside := func(s string) string {
		return "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 8 8\">\n" + s + "\n</svg>"
	}
	for _, tc := range []struct{ name, src, want string }{
		{"good", inside(`<style>.a{fill:url(#g)}</style><linearGradient id="g"/><use href="#a"/><use xlink:href="#a"/><path d="M0 0" fill="url('#g')"/>`), ""},
		{"declaration", `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + svg, ""},
		{"script", inside("<script>alert(1)</script>"), ":2:1: <script> is not allowed in a drawing; remove it"},
		{"script in a group", inside("<g>\n<SCRIPT/></g>"), ":3:1: <SCRIPT> is not allowed in a drawing; remove it"},
		{"HTML", inside("<foreignObject><p xmlns=\"http://www.w3.org/1999/xhtml\"/></foreignObject>"),
			":2:1: <foreignObject> is not allowed in a drawing; remove it\nmedia/x.svg:2:16: <p> is not of SVG; save the file as plain SVG, with xmlns=\"http://www.w3.org/2000/svg\""},
		{"handler", inside("<g onload=\"alert(1)\"/>"), ":2:1: the attribute onload runs script; remove it"},
		{"handler of the root", `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" OnLoad="x"/>`, ":1:1: the attribute OnLoad runs script; remove it"},
		{"link out", inside("<a href=\"https://x.org\"/>"), `:2:1: href "https://x.org" leaves the drawing; only #id is allowed`},
		{"script link", inside("<a xlink:href=\" javascript:alert(1)\"/>"), `:2:1: href "javascript:alert(1)" leaves the drawing; only #id is allowed`},
		{"image within", inside("<image href=\"data:image/png;base64,AA\"/>"), `:2:1: href "data:image/png;base64,AA" leaves the drawing; only #id is allowed`},
		{"animated link", inside("<set attributeName=\"xlink:href\" to=\"x\"/>"), ":2:1: an animation of xlink:href is not allowed; remove it"},
		{"style out", inside("<style>@font-face{src:url(https://x.org)}</style>"), ":2:8: a style has a url() that leaves the drawing; only url(#id) is allowed"},
		{"import", inside("<style><![CDATA[@Import 'x']]></style>"), `:2:8: a style has "@import", which is not allowed; remove it`},
		{"escaped", inside(`<path style="fill:u\72l(x)"/>`), `:2:1: the attribute style has "\\", which is not allowed; remove it`},
		{"fill out", inside(`<path fill="url( 'https://x.org#a')"/>`), ":2:1: the attribute fill has a url() that leaves the drawing; only url(#id) is allowed"},
		{"base", inside(`<g xml:base="https://x.org"/>`), ":2:1: the attribute base is not allowed; remove it"},
		{"entities", "<!DOCTYPE svg [<!ENTITY a \"b\">]>\n" + svg, ":1:1: a <!DOCTYPE> or the like is not allowed; remove it"},
		{"style sheet", "<?xml-stylesheet href=\"x\"?>\n" + svg, ":1:1: <?xml-stylesheet?> is not allowed; remove it"},
		{"no namespace", `<svg width="1" height="1"/>`, `:1:1: <svg> is not of SVG; save the file as plain SVG, with xmlns="http://www.w3.org/2000/svg"`},
		{"no svg", `<g xmlns="http://www.w3.org/2000/svg"/>`, ":1:1: the file begins with <g>, not <svg>"},
		{"no size", `<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="NaN"/>`, `:1:1: the drawing has no size; give <svg> a width and height, or viewBox="0 0 width height"`},
		{"not closed", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\">\n<g>", ":2: this is no SVG: unexpected EOF"},
		{"empty", "", ": this is no SVG: it has no <svg> element"},
		{"encoding", "<svg>\xff</svg>", ": this is not UTF-8; save the file in that encoding"},
		{"deep", inside(strings.Repeat("<g>", 100)), ":2:298: elements are nested deeper than 100 levels; flatten the groups"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			want := tc.want
			if want != "" {
				want = "media/x.svg" + want
			}
			_, faults := manuscript.Read(folder(map[string]string{"media/x.svg": tc.src}))
			if diff := cmp.Diff(want, text(faults)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// huge is a PNG of a hundred bytes that claims 50,000 × 50,000 pixels.
func huge(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../raster/testdata/refused/huge.png")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
