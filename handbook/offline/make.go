package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/blob"
	"pilothandbook/handbook/seal"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
)

// Package is a package that is ready to be written.
type Package struct {
	Manifest
	version uuid.UUID
}

// Make makes the package of a version and tells after each file how many of
// how many are sealed. Only content that no package of the module has yet is
// sealed, to learn the hash of its sealed bytes. Nobody sees a package before
// Insert; an error of told ends it.
func Make(ctx context.Context, q db.Querier, ring *seal.Keyring, id uuid.UUID, told func(done, of int) error) (*Package, error) {
	v, err := version.ByID(ctx, q, id)
	if err != nil {
		return nil, err
	}
	key, err := ModuleKey(ctx, q, ring, v.Module)
	if err != nil {
		return nil, err
	}
	files, err := contents(ctx, q, v)
	if err != nil {
		return nil, err
	}
	known, err := sealedBefore(ctx, q, key.ID)
	if err != nil {
		return nil, err
	}
	p := &Package{version: id, Manifest: Manifest{
		Format: seal.Format, Chunk: seal.Chunk, Module: v.Module, Version: v.Version, Revision: v.Revision, Checksum: v.Checksum,
		Key: key.ID, Includes: db.Present(v.Includes), Files: files,
	}}
	for i := range p.Files {
		f := &p.Files[i]
		var ok bool
		if f.Sealed, ok = known[f.SHA256]; !ok {
			if f.Sealed, err = sealed(ctx, q, key.Key, *f); err != nil {
				return nil, fmt.Errorf("seal %s: %w", f.Path, err)
			}
		}
		f.SealedSize = seal.Size(f.Size)
		p.SealedSize += f.SealedSize
		if err := told(i+1, len(p.Files)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// sealed returns the hash of a file's sealed bytes.
func sealed(ctx context.Context, q db.Querier, key seal.Key, f File) (Sum, error) {
	s, err := key.File(f.SHA256, f.Size)
	if err != nil {
		return Sum{}, err
	}
	sum, err := s.Seal(io.Discard, blob.Open(ctx, q, f.SHA256[:], f.Size))
	return sum, err
}

// sealedBefore returns the hashes of sealed bytes by those of their content,
// as the packages under a key have them.
func sealedBefore(ctx context.Context, q db.Querier, key uuid.UUID) (map[Sum]Sum, error) {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT f.sha256, f.sealed_sha256
		FROM package_files f
		JOIN packages p ON p.version_id = f.version_id
		WHERE p.key_id = $1 AND p.format = $2`, key, seal.Format)
	if err != nil {
		return nil, fmt.Errorf("what the key %s has sealed: %w", key, err)
	}
	known := map[Sum]Sum{}
	var content, closed []byte
	_, err = pgx.ForEachRow(rows, []any{&content, &closed}, func() error {
		known[Sum(content)] = Sum(closed)
		return nil
	})
	return known, err
}

// Insert writes a package. A version that has one keeps it: it is the same.
func Insert(ctx context.Context, tx pgx.Tx, p *Package) error {
	manifest, err := json.Marshal(p.Manifest)
	if err != nil {
		return fmt.Errorf("manifest of version %s: %w", p.version, err)
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO packages (version_id, key_id, format, manifest)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (version_id) DO NOTHING`, p.version, p.Key, p.Format, manifest)
	if err == nil && tag.RowsAffected() == 1 {
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"package_files"}, []string{"version_id", "path", "sha256", "sealed_sha256"},
			pgx.CopyFromSlice(len(p.Files), func(i int) ([]any, error) {
				f := p.Files[i]
				return []any{p.version, f.Path, f.SHA256[:], f.Sealed[:]}, nil
			}))
	}
	if err != nil {
		return fmt.Errorf("package of version %s: %w", p.version, err)
	}
	return nil
}
