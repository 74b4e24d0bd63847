package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// errUndone ends a transaction that is not to be kept.
var errUndone = errors.New("undone")

// Probe writes a blob, reads it and removes it, in a transaction that is rolled
// back: nobody else sees it, and nothing of it stays.
func Probe(ctx context.Context, p *db.Pool) error {
	body := make([]byte, 64<<10) // is no other blob's, and cannot be compressed
	_, _ = rand.Read(body)       // never fails
	err := db.Tx(ctx, p, func(tx pgx.Tx) error {
		if err := probe(ctx, tx, body); err != nil {
			return err
		}
		return errUndone
	})
	if errors.Is(err, errUndone) {
		return nil
	}
	return err
}

func probe(ctx context.Context, tx pgx.Tx, body []byte) error {
	sum := sha256.Sum256(body)
	if _, err := tx.Exec(ctx, `
		INSERT INTO blobs (sha256, size, body)
		VALUES ($1, $2, $3)`, sum[:], len(body), body); err != nil {
		return fmt.Errorf("a blob cannot be written: %w", err)
	}
	got, err := io.ReadAll(Open(ctx, tx, sum[:], int64(len(body))))
	if err == nil && !bytes.Equal(got, body) {
		err = errors.New("it is another one")
	}
	if err != nil {
		return fmt.Errorf("a blob cannot be read: %w", err)
	}
	tag, err := tx.Exec(ctx, `
		DELETE FROM blobs
		WHERE sha256 = $1`, sum[:])
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("it stays")
	}
	if err != nil {
		return fmt.Errorf("a blob cannot be removed: %w", err)
	}
	return nil
}
