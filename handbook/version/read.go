package version

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

const (
	fresh = time.Second    // how long the active version counts in a process
	kept  = 24 * time.Hour // how long the last one known is kept for an outage
	cost  = 2048           // of a version in memory; an estimate
)

const columns = `v.id, v.module_id, v.version, v.revision, v.checksum, v.release_date, coalesce(v.changelog, ''), v.is_active, v.title, v.summary, v.includes`

// Active returns the active version of a module. A process looks it up at
// most once a second; while PostgreSQL does not answer, the last one known
// counts, so that what is in memory can still be read.
func Active(ctx context.Context, m *cache.Memory, q db.Querier, module string) (*Version, error) {
	if !Plain(module) {
		return nil, unknown(module)
	}
	v, err := cache.Recall(ctx, m, "active:"+module, fresh, func(ctx context.Context) (*Version, int, error) {
		loaded := m.Generation()
		v, err := active(ctx, q, module)
		if err == nil {
			m.Put(lastKnown+module, v, cost, kept, loaded)
		}
		return v, cost, err
	})
	if db.Gone(err) {
		if last, ok := cache.Look[*Version](m, lastKnown+module); ok {
			return last, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// lastKnown is the prefix of the last active versions in memory.
const lastKnown = "active before:"

func active(ctx context.Context, q db.Querier, module string) (*Version, error) {
	rows, err := q.Query(ctx, `
		SELECT `+columns+`
		FROM content_versions v
		WHERE v.module_id = $1 AND v.is_active`, module)
	if err != nil {
		return nil, fmt.Errorf("active version of %q: %w", module, err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Version])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, unknown(module)
	}
	if err != nil {
		return nil, fmt.Errorf("active version of %q: %w", module, err)
	}
	return v, nil
}

// Find returns a version by the text of its id, active or not.
func Find(ctx context.Context, q db.Querier, id string) (*Version, error) {
	key, err := uuid.Parse(id)
	if err != nil {
		return nil, errNoVersion
	}
	v, err := ByID(ctx, q, key)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

var errNoVersion = fault.New(fault.NotFound, "There is no such version. The list of versions has those that there are.")

// ByID returns a version, active or not.
func ByID(ctx context.Context, q db.Querier, id uuid.UUID) (Version, error) {
	rows, err := q.Query(ctx, `
		SELECT `+columns+`
		FROM content_versions v
		WHERE v.id = $1`, id)
	if err != nil {
		return Version{}, fmt.Errorf("version %s: %w", id, err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Version])
	if errors.Is(err, pgx.ErrNoRows) {
		return v, errNoVersion
	}
	if err != nil {
		return v, fmt.Errorf("version %s: %w", id, err)
	}
	return v, nil
}

func unknown(module string) error {
	return fault.New(fault.NotFound, "There is no module %q. The catalogue lists those that there are.", module)
}

// Plain reports whether s can be the key of a module or the id of a lesson.
// PostgreSQL need not be asked about anything else, and must not be where s
// has bytes that no text may have.
func Plain(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// Offer is a module as it stands in the catalogue: its active version, and
// what it costs.
type Offer struct {
	Version
	Price    int    `json:"price"`
	Currency string `json:"currency"`
	Lessons  int    `json:"lessons"`
	Preview  string `json:"preview,omitempty"` // id of a lesson that all may read
}

// Catalogue returns all modules with an active version: private_commercial,
// instrument, bundle.
func Catalogue(ctx context.Context, q db.Querier) ([]Offer, error) {
	rows, err := q.Query(ctx, `
		SELECT `+columns+`, m.price, m.currency,
		       (SELECT count(*) FROM lessons l WHERE l.version_id = v.id),
		       coalesce((SELECT l.lesson_id FROM lessons l WHERE l.version_id = v.id AND l.preview ORDER BY l.position LIMIT 1), '')
		FROM modules m
		JOIN content_versions v ON v.module_id = m.key AND v.is_active
		ORDER BY array_position(ARRAY['private_commercial', 'instrument', 'bundle'], m.key)`)
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Offer])
}

// In returns the offer of a module from a catalogue.
func In(catalogue []Offer, module string) (Offer, error) {
	i := slices.IndexFunc(catalogue, func(o Offer) bool { return o.Module == module })
	if i < 0 {
		return Offer{}, unknown(module)
	}
	return catalogue[i], nil
}

const head = `l.lesson_id, l.title, l.summary, l.preview, l.dated, l.words, l.acs`

// Outline returns the lessons of a version in order.
func Outline(ctx context.Context, q db.Querier, version uuid.UUID) ([]Head, error) {
	rows, err := q.Query(ctx, `
		SELECT `+head+`
		FROM lessons l
		WHERE l.version_id = $1
		ORDER BY l.position`, version)
	if err != nil {
		return nil, fmt.Errorf("outline of %s: %w", version, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Head])
}

// ReadLesson returns a lesson of a version. Its neighbours are in the
// outline.
func ReadLesson(ctx context.Context, q db.Querier, version uuid.UUID, lesson string) (Lesson, error) {
	rows, err := q.Query(ctx, `
		SELECT `+head+`, l.sources, l.headings, l.html, l.script
		FROM lessons l
		WHERE l.version_id = $1 AND l.lesson_id = $2`, version, lesson)
	if err != nil {
		return Lesson{}, fmt.Errorf("lesson %q of %s: %w", lesson, version, err)
	}
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Lesson])
	if err != nil {
		return Lesson{}, fmt.Errorf("lesson %q of %s: %w", lesson, version, err)
	}
	return l, nil
}

// Headings returns the lessons of a module's active version, each with the ids
// of its headings. There are none where no version is active.
func Headings(ctx context.Context, q db.Querier, module string) (map[string][]string, error) {
	rows, err := q.Query(ctx, `
		SELECT l.lesson_id, ARRAY(SELECT h ->> 'id' FROM jsonb_array_elements(l.headings) h)
		FROM lessons l
		JOIN content_versions v ON v.id = l.version_id
		WHERE v.module_id = $1 AND v.is_active`, module)
	if err != nil {
		return nil, fmt.Errorf("headings of %q: %w", module, err)
	}
	all := map[string][]string{}
	var id string
	var headings []string
	_, err = pgx.ForEachRow(rows, []any{&id, &headings}, func() error {
		all[id] = slices.Clone(headings)
		return nil
	})
	return all, err
}

// Bundle returns the offer of a catalogue that includes a module, nil if none
// does.
func Bundle(catalogue []Offer, module string) *Offer {
	i := slices.IndexFunc(catalogue, func(o Offer) bool { return slices.Contains(o.Includes, module) })
	if i < 0 {
		return nil
	}
	return &catalogue[i]
}
