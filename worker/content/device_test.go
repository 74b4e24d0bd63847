package content_test

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"pilothandbook/functions/file"
	"pilothandbook/functions/licence"
	"pilothandbook/functions/manifest"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
	"pilothandbook/router"
)

// wantWhole makes a version's package, has a device fetch and open it, and
// checks that all its lessons are there with everything that they load. It
// counts what that is, by how it is loaded.
func wantWhole(t *testing.T, p *platform.Platform, v version.Version, loads map[string]int) {
	t.Helper()
	if err := pack(t.Context(), p, v.ID); err != nil {
		t.Fatal(err)
	}
	d, m := fetched(t, p, v.Module)
	has := func(path string) bool {
		return slices.ContainsFunc(m.Files, func(f offline.File) bool { return f.Path == path })
	}
	var outline struct{ Lessons []version.Head }
	open(t, d, v.Module, "outline.json", &outline)
	for _, head := range outline.Lessons {
		var l version.Lesson
		open(t, d, v.Module, "lessons/"+head.ID+".json", &l)
		for how, addresses := range loaded(t, l) {
			loads[how] += len(addresses)
			for _, to := range addresses {
				if !has(strings.TrimPrefix(to, "/")) {
					t.Errorf("the package of %s lacks %s, which %s loads by %s", v.Module, to, head.ID, how)
				}
			}
		}
	}
	for _, f := range m.Files {
		if _, err := d.Read(v.Module, f.Path); err != nil {
			t.Error(err)
		}
	}
}

// fetched returns a device that has fetched a module's package.
func fetched(t *testing.T, p *platform.Platform, module string) (*device.Device, offline.Manifest) {
	t.Helper()
	server := httptest.NewServer(router.New(p, slices.Concat(manifest.Routes(p), file.Routes(p), licence.Routes(p))...))
	t.Cleanup(server.Close)
	who := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, who, module)
	d, err := device.Open(t.TempDir(), server.URL, who.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Update(t.Context(), module); err != nil {
		t.Fatal(err)
	}
	m, err := d.Manifest(module)
	if err != nil {
		t.Fatal(err)
	}
	return d, m
}

// open reads a file of a device as JSON.
func open(t *testing.T, d *device.Device, module, path string, into any) {
	t.Helper()
	b, err := d.Read(module, path)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatalf("%s of %s: %v", path, module, err)
	}
}

// address finds addresses of media wherever they stand, in the props of
// components too.
var address = regexp.MustCompile(`/media/[a-z0-9_-]+/[0-9a-f]{64}\.[a-z0-9]+`)

// loaded returns the addresses that a lesson's page loads, by what loads them.
func loaded(t *testing.T, l version.Lesson) map[string][]string {
	t.Helper()
	all := map[string][]string{"anything": address.FindAllString(l.HTML, -1)}
	doc := platformtest.Parse(t, l.HTML)
	for selector, attribute := range map[string]string{"[src]": "src", "[poster]": "poster", "link[href]": "href", "object[data]": "data", `a[href^="/media/"]`: "href"} {
		doc.Find(selector).Each(func(_ int, s *goquery.Selection) {
			how := goquery.NodeName(s) + " " + attribute
			all[how] = append(all[how], s.AttrOr(attribute, ""))
		})
	}
	doc.Find("[srcset]").Each(func(_ int, s *goquery.Selection) {
		how := goquery.NodeName(s) + " srcset"
		for candidate := range strings.SplitSeq(s.AttrOr("srcset", ""), ",") {
			all[how] = append(all[how], strings.Fields(candidate)[0])
		}
	})
	if l.Script != "" {
		all["script"] = []string{l.Script}
	}
	return all
}
