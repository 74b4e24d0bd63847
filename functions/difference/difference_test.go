package difference_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/difference"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// Each lesson that differs can be opened; what is gone and what came are told
// apart by more than their colours.
func TestPage(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor", "ils")
	platformtest.Publish(t, p, v)
	v.Version.Version = "2.0.0"
	for i := range v.Lessons[:2] {
		v.Lessons[i].HTML = strings.Replace(v.Lessons[i].HTML, "Words of", "Sentences about", 1)
	}
	platformtest.Draft(t, p, v)
	got, doc := platformtest.Page(t, p, difference.Routes(p), platformtest.Operator(t, p), "/versions/instrument/diff?from=1.0.0&to=2.0.0")
	if got.Status != http.StatusOK {
		t.Fatal(got.Status, got.Body)
	}
	lessons := doc.Find("details")
	if n := lessons.Length(); n != 2 || doc.Find("details[open]").Length() != 1 || lessons.First().Is("[open]") == lessons.Last().Is("[open]") {
		t.Errorf("%d lessons, %d open", n, doc.Find("details[open]").Length())
	}
	if name := strings.Join(strings.Fields(lessons.First().Find("summary").Text()), " "); name != "Lesson holding holding · changed" {
		t.Errorf("the first is called %q", name)
	}
	if gone, came := lessons.Last().Find("del").Text(), lessons.Last().Find("ins").Text(); gone != "Words of" || came != "Sentences about" {
		t.Errorf("gone %q, came %q", gone, came)
	}
}
