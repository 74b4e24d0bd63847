package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
)

// passkeysMost is how many passkeys a user may have.
const passkeysMost = 20

// Passkey is a key pair of a user whose private half a device keeps.
type Passkey struct {
	ID         uuid.UUID
	Credential []byte
	PublicKey  []byte
	SignCount  uint32
	Flags      byte
	Transports []string
	Name       string
	Since      time.Time
	Used       *time.Time
}

// PasskeyOwner is a user as passkeys know them.
type PasskeyOwner struct {
	User     uuid.UUID
	Handle   []byte // random: a passkey tells nothing else of its owner
	Email    string
	Name     string
	Passkeys []Passkey
}

// FindPasskeyOwner returns a user with all passkeys, and gives them a handle
// if they have none. It holds the user for the transaction, so that two
// passkeys made at once are counted.
func FindPasskeyOwner(ctx context.Context, tx pgx.Tx, user uuid.UUID) (*PasskeyOwner, error) {
	fresh := make([]byte, 64)
	_, _ = rand.Read(fresh) // never fails
	o := &PasskeyOwner{User: user}
	err := tx.QueryRow(ctx, `
		UPDATE users
		SET passkey_handle = coalesce(passkey_handle, $2)
		WHERE id = $1
		RETURNING passkey_handle, email, coalesce(name, '')`, user, fresh).Scan(&o.Handle, &o.Email, &o.Name)
	if err != nil {
		return nil, fmt.Errorf("passkey handle of %s: %w", user, err)
	}
	o.Passkeys, err = Passkeys(ctx, tx, user)
	return o, err
}

// FindPasskey returns the owner of a credential with that passkey alone, and
// holds it, after its owner, for the transaction. A handle that is not the owner's is as unknown
// as a credential that nobody has.
func FindPasskey(ctx context.Context, tx pgx.Tx, credential, handle []byte) (*PasskeyOwner, error) {
	o := &PasskeyOwner{Handle: handle}
	if _, err := tx.Exec(ctx, `SELECT FROM users WHERE passkey_handle = $1 FOR NO KEY UPDATE`, handle); err != nil {
		return nil, fmt.Errorf("hold the owner of a passkey: %w", err)
	}
	err := tx.QueryRow(ctx, `
		SELECT u.id, u.email, coalesce(u.name, '')
		FROM passkeys k
		JOIN users u ON u.id = k.user_id
		WHERE k.credential_id = $1 AND u.passkey_handle = $2
		FOR UPDATE OF k`, credential, handle).Scan(&o.User, &o.Email, &o.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "This passkey is not known here any more. Sign in with a code by mail, and delete the passkey on your device.")
	}
	if err != nil {
		return nil, fmt.Errorf("find passkey: %w", err)
	}
	o.Passkeys, err = passkeys(ctx, tx, `credential_id = $1`, credential)
	return o, err
}

// Passkeys returns a user's passkeys, the oldest first.
func Passkeys(ctx context.Context, q db.Querier, user uuid.UUID) ([]Passkey, error) {
	return passkeys(ctx, q, `user_id = $1`, user)
}

// PasskeyState is what pages ask of a user's passkeys.
type PasskeyState struct {
	Some  bool // the user has one
	Offer bool // the user should be told of them
}

// PasskeysOf tells whether a user has passkeys, or should be told of them.
func PasskeysOf(ctx context.Context, q db.Querier, user uuid.UUID) (s PasskeyState, err error) {
	err = q.QueryRow(ctx, `
		SELECT count(k.id) > 0, count(k.id) = 0 AND u.passkey_declined_at IS NULL
		FROM users u
		LEFT JOIN passkeys k ON k.user_id = u.id
		WHERE u.id = $1
		GROUP BY u.id`, user).Scan(&s.Some, &s.Offer)
	if err != nil {
		return s, fmt.Errorf("passkeys of %s: %w", user, err)
	}
	return s, nil
}

func passkeys(ctx context.Context, q db.Querier, where string, arg any) ([]Passkey, error) {
	rows, err := q.Query(ctx, `
		SELECT id, credential_id, public_key, sign_count, flags, transports, name, created_at, last_used_at
		FROM passkeys
		WHERE `+where+`
		ORDER BY created_at, id`, arg)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Passkey])
}

// Add keeps a new passkey of the owner, has them told, and returns its id, which
// is made here.
func (o *PasskeyOwner) Add(ctx context.Context, tx pgx.Tx, k Passkey) (id uuid.UUID, err error) {
	if len(o.Passkeys) >= passkeysMost {
		return id, fault.New(fault.Conflict, "You have %d passkeys, which is as many as there can be. Delete one that you no longer use first.", passkeysMost)
	}
	if id, err = uuid.NewV7(); err != nil {
		return id, err
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, transports, name)
		VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::text[], '{}'), $8)
		ON CONFLICT (credential_id) DO NOTHING`,
		id, o.User, k.Credential, k.PublicKey, k.SignCount, k.Flags, k.Transports, k.Name)
	if err != nil {
		return id, fmt.Errorf("add passkey of %s: %w", o.User, err)
	}
	if tag.RowsAffected() == 0 {
		return id, fault.New(fault.Conflict, "This passkey is known already. Sign in with it, or make one on another device.")
	}
	_, err = queue.Add(ctx, tx, job.PasskeyAdded{User: o.User, Passkey: id})
	return id, err
}

// UsePasskey records that a passkey signed, with its new count and flags.
func UsePasskey(ctx context.Context, tx pgx.Tx, credential []byte, count uint32, flags byte) error {
	_, err := tx.Exec(ctx, `
		UPDATE passkeys
		SET sign_count = $2, flags = $3, last_used_at = now()
		WHERE credential_id = $1`, credential, count, flags)
	if err != nil {
		return fmt.Errorf("use passkey: %w", err)
	}
	return nil
}

// DeletePasskey deletes one passkey of a user.
func DeletePasskey(ctx context.Context, q db.Querier, user, id uuid.UUID) error {
	tag, err := q.Exec(ctx, `DELETE FROM passkeys WHERE id = $1 AND user_id = $2`, id, user)
	if err != nil {
		return fmt.Errorf("delete passkey %s: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.NotFound, "There is no such passkey any more. Your passkeys show those that there are.")
	}
	return nil
}
