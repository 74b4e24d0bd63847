package offline

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/seal"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// Keyring returns the keyring of CONTENT_ENCRYPTION_KEY.
func Keyring(cfg *config.Config) *seal.Keyring {
	var keys []seal.WrappingKey
	for _, k := range cfg.ContentKeys() {
		keys = append(keys, seal.WrappingKey{ID: k.ID, Key: seal.Key([]byte(k.Key.Reveal()))})
	}
	return seal.NewKeyring(keys...)
}

// Key is the key of a module, with the id that manifests and licences know it
// by.
type Key struct {
	ID  uuid.UUID
	Key seal.Key
}

// ModuleKey returns the key of a module, which it makes at the first call.
func ModuleKey(ctx context.Context, q db.Querier, ring *seal.Keyring, module string) (Key, error) {
	k, err := find(ctx, q, ring, module)
	if !errors.Is(err, pgx.ErrNoRows) {
		return k, err
	}
	if err := create(ctx, q, ring, module); err != nil {
		return Key{}, fmt.Errorf("new key of %q: %w", module, err)
	}
	return find(ctx, q, ring, module) // another process may have been quicker
}

func find(ctx context.Context, q db.Querier, ring *seal.Keyring, module string) (k Key, err error) {
	var w seal.Wrapped
	err = q.QueryRow(ctx, `
		SELECT id, wrapped_by, wrapped
		FROM module_keys
		WHERE module_key = $1`, module).Scan(&k.ID, &w.By, &w.Body)
	if err != nil {
		return k, fmt.Errorf("key of %q: %w", module, err)
	}
	k.Key, err = Unwrap(ring, w, module)
	return k, err
}

func create(ctx context.Context, q db.Querier, ring *seal.Keyring, module string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	w, err := ring.Wrap(seal.NewKey(), module)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, `
		INSERT INTO module_keys (id, module_key, wrapped_by, wrapped)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (module_key) DO NOTHING`, id, module, w.By, w.Body)
	return err
}

// Unwrap returns a module's key. What readers are told of a keyring that lacks
// its wrapping key is not their fault, and nothing they could mend.
func Unwrap(ring *seal.Keyring, w seal.Wrapped, module string) (seal.Key, error) {
	k, err := ring.Unwrap(w, module)
	if err != nil {
		return k, fault.New(fault.Unavailable, "Offline packages cannot be opened on our side at the moment. Read online, and try again later.").Because(err)
	}
	return k, nil
}

// Rewrapped is a module whose key was wrapped anew.
type Rewrapped struct{ Module, From, To string }

// Rewrap wraps the keys of all modules by the keyring's current key, one
// transaction each, while they are in use. It can be stopped at any moment and
// be done again. Keys that cannot be unwrapped stay, and are told as errors. by
// says how the operator told so.
func Rewrap(ctx context.Context, p *db.Pool, ring *seal.Keyring, by string) (done []Rewrapped, err error) {
	rows, err := p.Query(ctx, `
		SELECT module_key
		FROM module_keys
		WHERE wrapped_by <> $1
		ORDER BY module_key`, ring.Current())
	if err != nil {
		return nil, fmt.Errorf("keys of modules: %w", err)
	}
	modules, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("keys of modules: %w", err)
	}
	var faults []error
	for _, module := range modules {
		r, err := rewrap(ctx, p, ring, module, by)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		done = append(done, r)
	}
	return done, errors.Join(faults...)
}

func rewrap(ctx context.Context, p *db.Pool, ring *seal.Keyring, module, by string) (Rewrapped, error) {
	r := Rewrapped{Module: module, To: ring.Current()}
	err := db.Tx(ctx, p, func(tx pgx.Tx) error {
		var w seal.Wrapped
		err := tx.QueryRow(ctx, `
			SELECT wrapped_by, wrapped
			FROM module_keys
			WHERE module_key = $1
			FOR UPDATE`, module).Scan(&w.By, &w.Body)
		if err != nil {
			return err
		}
		k, err := ring.Unwrap(w, module)
		if err != nil {
			return err
		}
		r.From = w.By
		if w, err = ring.Wrap(k, module); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE module_keys
			SET wrapped_by = $2, wrapped = $3
			WHERE module_key = $1`, module, w.By, w.Body)
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{
			Action: "key wrapped anew", Subject: audit.Module(module), Detail: map[string]any{"from": r.From, "to": r.To, "by": by},
		})
	})
	return r, err
}

// WrappedBy returns the ids of the keys that module keys are wrapped by, with
// the modules under each.
func WrappedBy(ctx context.Context, q db.Querier) (map[string][]string, error) {
	rows, err := q.Query(ctx, `
		SELECT wrapped_by, array_agg(module_key ORDER BY module_key)
		FROM module_keys
		GROUP BY wrapped_by`)
	if err != nil {
		return nil, fmt.Errorf("keys of modules: %w", err)
	}
	by := map[string][]string{}
	var id string
	var modules []string
	_, err = pgx.ForEachRow(rows, []any{&id, &modules}, func() error {
		by[id] = modules
		modules = nil
		return nil
	})
	return by, err
}
