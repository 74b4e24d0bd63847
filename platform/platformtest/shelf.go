package platformtest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
)

// Canary is a word of every lesson and figure that must be bought.
const Canary = "canary-of-the-paid-lessons"

// Drawing returns an SVG that says what; the paid ones say Canary.
func Drawing(what string) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><title>%s</title><path d="M0 0h40v30z"/></svg>`, what)
}

// Figure returns the address of a figure in a module.
func Figure(module string, svg []byte) string {
	return fmt.Sprintf("/media/%s/%x.svg", module, sha256.Sum256(svg))
}

// Shelf publishes two modules of two lessons each, the first of them free,
// and the bundle of both.
func Shelf(t testing.TB, p *platform.Platform) {
	t.Helper()
	Publish(t, p, Volume("private_commercial", "Private and Commercial Pilot", 7900, "density-altitude", "weight-and-balance"))
	Publish(t, p, Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi"))
	Publish(t, p, version.Publication{
		Version: version.Version{Module: "bundle", Version: "1.0.0", Title: "Complete Pilot Handbook", Summary: "Both volumes.",
			Checksum: "bundle-1.0.0", Includes: []string{"private_commercial", "instrument"}},
		Price: 11900, Currency: "usd",
	})
}

// Volume returns a module with these lessons, of which the first is free.
func Volume(module, title string, price int, lessons ...string) version.Publication {
	v := version.Publication{
		Version: version.Version{Module: module, Version: "1.0.0", Title: title, Summary: "About " + title + ".", Checksum: module + "-1.0.0", Changelog: "First edition."},
		Price:   price, Currency: "usd",
	}
	for i, id := range lessons {
		l := version.Lesson{
			Head: version.Head{ID: id, Title: "Lesson " + id, Summary: "What " + id + " is.", Preview: i == 0,
				Dated: time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC), Words: 1000, ACS: []string{"PA.I.F.K1"}},
			Sources:  []version.Source{{Title: "14 CFR 91.103", URL: "https://www.ecfr.gov/current/title-14/section-91.103"}},
			Headings: []version.Heading{{Level: 2, ID: "first", Text: "First"}},
		}
		what := Canary
		if l.Preview {
			what = "free"
		}
		svg := Drawing(what + " " + id)
		v.Media = append(v.Media, version.Medium{Path: "media/" + id + ".svg", SHA256: sha256.Sum256(svg), ContentType: "image/svg+xml", Preview: l.Preview})
		l.HTML = fmt.Sprintf(`<h2 id="first">First</h2><p>Words of %s: %s.</p><figure><img src="%s" alt="A figure" width="40" height="30"></figure>`, id, what, Figure(module, svg))
		v.Lessons = append(v.Lessons, l)
	}
	return v
}

// Publish makes a publication the active version of its module, with the
// drawings of Volume as its media.
func Publish(t testing.TB, p *platform.Platform, pub version.Publication) version.Version {
	t.Helper()
	v := Draft(t, p, pub)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return version.Activate(t.Context(), tx, v.ID, uuid.Nil) })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Draft makes a version as Publish does, which readers have not.
func Draft(t testing.TB, p *platform.Platform, pub version.Publication) version.Version {
	t.Helper()
	var v version.Version
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		digest := sha256.Sum256([]byte(pub.Module + pub.Version.Version))
		pub.SourceID, pub.Digest = uuid.New(), digest[:]
		_, err = tx.Exec(t.Context(), `
			INSERT INTO sources (id, module_key, version, digest, files)
			VALUES ($1, $2, $3, $4, '[]')`, pub.SourceID, pub.Module, pub.Version.Version, pub.Digest)
		if err != nil {
			return err
		}
		for _, l := range pub.Lessons {
			for _, what := range []string{"free", Canary} {
				svg := Drawing(what + " " + l.ID)
				sum := sha256.Sum256(svg)
				_, err = tx.Exec(t.Context(), `
					INSERT INTO blobs (sha256, size, body)
					VALUES ($1, $2, $3)
					ON CONFLICT DO NOTHING`, sum[:], len(svg), svg)
				if err != nil {
					return err
				}
			}
		}
		v, err = version.Insert(t.Context(), tx, pub)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Grant lets somebody read a module.
func Grant(t testing.TB, p *platform.Platform, who *User, module string) {
	t.Helper()
	change(t, p, who, `INSERT INTO grants (id, user_id, module_key) VALUES (gen_random_uuid(), $1, $2)`, module)
}

// Bought lets somebody read a module that they paid its price for.
func Bought(t testing.TB, p *platform.Platform, who *User, module string) {
	t.Helper()
	change(t, p, who, `
		WITH paid AS (
			INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, currency, status)
			SELECT id, $1, 'pi_' || id, key, price, currency, 'completed'
			FROM modules, gen_random_uuid() AS id
			WHERE key = $2
			RETURNING id, user_id, module_type)
		INSERT INTO grants (id, user_id, module_key, purchase_id)
		SELECT id, user_id, module_type, id FROM paid`, module)
}

// Revoke takes back what Grant gave, as a refund does.
func Revoke(t testing.TB, p *platform.Platform, who *User, module string) {
	t.Helper()
	change(t, p, who, `UPDATE grants SET revoked_at = now() WHERE user_id = $1 AND module_key = $2`, module)
}

func change(t testing.TB, p *platform.Platform, who *User, sql, module string) {
	t.Helper()
	if _, err := p.DB.Exec(t.Context(), sql, who.ID, module); err != nil {
		t.Fatal(err)
	}
	access.NewGate(p).Forget(t.Context(), who.ID)
}
