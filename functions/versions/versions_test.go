package versions_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/versions"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

const instrument = "/api/versions/instrument"

// publish inserts versions of instrument, one after the other.
func publish(t *testing.T, p *platform.Platform, numbers ...string) (made []version.Version) {
	t.Helper()
	for _, number := range numbers {
		err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
			s := source.Source{Module: "instrument", Version: number, Files: []source.File{}}
			id, err := source.Keep(t.Context(), tx, s, platformtest.Operator(t, p).ID)
			if err != nil {
				return err
			}
			v, err := version.Insert(t.Context(), tx, version.Publication{
				Version:  version.Version{Module: s.Module, Version: number, Title: "Instrument " + number, Checksum: "sum of " + number},
				SourceID: id, Digest: s.Digest(), Price: 4900, Currency: "usd",
			})
			made = append(made, v)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return made
}

// listed returns the numbers of the versions, the active one with a star.
func listed(t *testing.T, p *platform.Platform) (numbers []string) {
	t.Helper()
	got := platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), "GET", instrument, nil)
	if got.Status != http.StatusOK {
		t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	var list struct {
		Versions []version.Version `json:"versions"`
	}
	got.Into(t, &list)
	for _, v := range list.Versions {
		if v.Active {
			v.Version += "*"
		}
		numbers = append(numbers, v.Version)
	}
	return numbers
}

func activate(t *testing.T, p *platform.Platform, name string) platformtest.Answer {
	t.Helper()
	return platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), "POST", instrument, map[string]string{"activate": name})
}

func TestActivate(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	made := publish(t, p, "1.0.0", "1.1.0", "1.0.1")
	for _, tc := range []struct {
		name, activate string
		want           []string
		older          bool
	}{
		{"the first", "1.0.0", []string{"1.0.1", "1.1.0", "1.0.0*"}, false},
		{"a newer one by its id", made[1].ID.String(), []string{"1.0.1", "1.1.0*", "1.0.0"}, false},
		{"the same again", "1.1.0", []string{"1.0.1", "1.1.0*", "1.0.0"}, false},
		{"back to the first", "1.0.0", []string{"1.0.1", "1.1.0", "1.0.0*"}, true},
	} {
		got := activate(t, p, tc.activate)
		var v version.Version
		if got.Into(t, &v); got.Status != http.StatusOK || !v.Active {
			t.Errorf("%s: %d %s", tc.name, got.Status, got.Body)
		}
		if strings.Contains(got.Body, "This is older than version 1.1.0, revision 1, which was active until now") != tc.older {
			t.Errorf("%s: the answer says %s", tc.name, got.Body)
		}
		if list := listed(t, p); !slices.Equal(list, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, list, tc.want)
		}
		var title string
		if err := p.DB.QueryRow(t.Context(), `SELECT title FROM modules`).Scan(&title); err != nil || title != v.Title {
			t.Errorf("%s: the module is %q, want %q, %v", tc.name, title, v.Title, err)
		}
	}
}

func TestActivateWhatIsNotThere(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p, "1.0.0")
	for _, tc := range []struct {
		activate string
		status   int
		want     string
	}{
		{"2.0.0", http.StatusNotFound, "Its newest is 1.0.0."},
		{"", http.StatusBadRequest, "Say which version"},
		{"01900000-0000-7000-8000-000000000000", http.StatusNotFound, "no version"},
	} {
		got := activate(t, p, tc.activate)
		if got.Status != tc.status || !strings.Contains(got.Body, tc.want) {
			t.Errorf("%q: %d %s, want %d and %q", tc.activate, got.Status, got.Body, tc.status, tc.want)
		}
	}
	if list := fmt.Sprint(listed(t, p)); list != "[1.0.0]" {
		t.Errorf("versions are %s", list)
	}
}

func TestModuleWithoutVersions(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	for _, method := range []string{"GET", "POST"} {
		got := platformtest.Call(t, p, versions.Routes(p), platformtest.Operator(t, p), method, instrument, map[string]string{"activate": "1.0.0"})
		if got.Status != http.StatusNotFound || !strings.Contains(got.Body, "Nothing of a module") {
			t.Errorf("%s: %d %s", method, got.Status, got.Body)
		}
	}
}

func TestOnlyStaff(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, method := range []string{"GET", "POST"} {
		if got := platformtest.Call(t, p, versions.Routes(p), nil, method, instrument, nil); got.Status != http.StatusUnauthorized {
			t.Errorf("%s by nobody: status %d", method, got.Status)
		}
		if got := platformtest.Call(t, p, versions.Routes(p), ana, method, instrument, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s by a learner: status %d", method, got.Status)
		}
	}
}
