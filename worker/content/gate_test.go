package content_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestFaults(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, files fstest.MapFS)
		want  []string // how the lines begin
	}{
		{"a component that nobody knows", func(t *testing.T, files fstest.MapFS) {
			edit(t, files, "lessons/airspeed.mdx", "It measures", "<Dial /> measures")
		}, []string{"lessons/airspeed.mdx:7:1: "}},
		{"script in an image", func(t *testing.T, files fstest.MapFS) {
			edit(t, files, "media/column.svg", "</svg>", "<script>alert(1)</script></svg>")
		}, []string{"media/column.svg:1:"}},
		{"pixels beyond all bounds", func(t *testing.T, files fstest.MapFS) {
			huge, err := os.ReadFile("../../handbook/raster/testdata/refused/huge.png")
			if err != nil {
				t.Fatal(err)
			}
			files["media/dial.png"] = &fstest.MapFile{Data: huge}
		}, []string{"media/dial.png: the image is 50000 × 50000 pixels; scale it to at most 10000 a side"}},
		{"several at once", func(t *testing.T, files fstest.MapFS) {
			edit(t, files, "module.yaml", "price: 4900", "price: 1")
			edit(t, files, "lessons/altimeter.mdx", "column.svg", "colum.svg")
			edit(t, files, "lessons/altimeter.mdx", "#errors", "#faults")
		}, []string{"lessons/altimeter.mdx:17:1: ", "lessons/altimeter.mdx:19:12: ", "module.yaml:5:8: "}},
		{"announced as another version", func(t *testing.T, files fstest.MapFS) {
			edit(t, files, "module.yaml", "0.1.0", "0.1.1")
		}, []string{"module.yaml: this is instrument 0.1.1, but it was uploaded as instrument 0.1.0"}},
		{"no module.yaml", func(t *testing.T, files fstest.MapFS) {
			delete(files, "module.yaml")
		}, []string{"module.yaml: the file is missing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p := platformtest.New(t)
			files := module(t, "testdata/module")
			tc.spoil(t, files)
			wantLines(t, process(t, p, files, true), tc.want)
			wantNothing(t, p)
		})
	}
}

func wantLines(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("the module was published")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("got  %s\nwant %s…", line, want[i])
		}
	}
}

func TestLessonOfAnotherModule(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	if err := process(t, p, files, true); err != nil {
		t.Fatal(err)
	}
	edit(t, files, "module.yaml", "key: instrument", "key: private_commercial")
	edit(t, files, "module.yaml", "id: airspeed", "id: the-airspeed")
	err := run(t.Context(), p, uploaded(t, p, "private_commercial", "0.1.0", files), true)
	wantLines(t, err, []string{`module.yaml:10: the id "altimeter" is that of a lesson of instrument`})
	if n := rows(t, p, "modules"); n != 1 {
		t.Errorf("%d modules, want 1", n)
	}
}

// TestLinksAbroad: a link to a lesson of another module leads to what readers
// have of that, once they have any of it.
func TestLinksAbroad(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish := func(number string) error {
		files := module(t, "testdata/module")
		edit(t, files, "module.yaml", "0.1.0", number)
		edit(t, files, "lessons/airspeed.mdx", "It measures", `[Free](/modules/private_commercial/lessons/density-altitude#first),
[one that moved](/modules/private_commercial/lessons/weight),
[no heading](/modules/private_commercial/lessons/weight-and-balance#second),
[mistyped](/modules/private_commercial/lessons/densty-altitude) and
[none](/modules/private_commercial/lessons/rotor). It measures`)
		return run(t.Context(), p, uploaded(t, p, "instrument", number, files), true)
	}
	volume := platformtest.Volume("private_commercial", "Private and Commercial Pilot", 7900, "density-altitude", "weight-and-balance")
	volume.Former = []version.Former{{ID: "weight", Moved: "weight-and-balance"}}
	draft := platformtest.Draft(t, p, volume)
	if err := publish("0.1.0"); err != nil {
		t.Errorf("while nobody has the other: %v", err)
	}
	if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return version.Activate(t.Context(), tx, draft.ID, uuid.Nil) }); err != nil {
		t.Fatal(err)
	}
	wantLines(t, publish("0.2.0"), []string{
		`lessons/airspeed.mdx:8:1: the active version of private_commercial has no lesson "weight"; did you mean /modules/private_commercial/lessons/weight-and-balance?`,
		`lessons/airspeed.mdx:9:1: there is no heading #second in the lesson weight-and-balance of private_commercial; name one that it has, as #first`,
		`lessons/airspeed.mdx:10:1: the active version of private_commercial has no lesson "densty-altitude"; did you mean /modules/private_commercial/lessons/density-altitude?`,
		`lessons/airspeed.mdx:11:1: the active version of private_commercial has no lesson "rotor"; link to one that it has`,
	})
}
