package post

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
)

// granted is what the mails about a grant say. Why an operator gave or closed
// it is for operators, and not in it.
type granted struct {
	Name, Email  string
	Title        string
	Last         string // day, "" if it was to have no end
	Gift         bool   // somebody's gift had opened it
	Stays        bool   // the reader may read all of it still, by what else opens it
	Opens        []module
	URL, Contact string

	user   uuid.UUID
	key    string // of the module
	closed bool
	own    bool // the reader has bought the gift
}

// Given tells a user what an operator has opened to them, unless it is closed
// again.
func (j Jobs) Given(ctx context.Context, a job.GrantGiven) error {
	g, err := j.granted(ctx, `g.id = $1 AND g.user_id = $2`, a.Grant, a.User)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && g.closed {
		return nil
	}
	if err != nil {
		return err
	}
	return j.once(ctx, cause{
		key: "grant-given:" + a.Grant.String(), kind: a.Job().Kind, user: &g.user, to: g.Email, kept: "Opened to you: " + g.Title,
	}, "given", g)
}

// Closed tells a user what an operator has closed.
func (j Jobs) Closed(ctx context.Context, a job.GrantClosed) error {
	g, err := j.granted(ctx, `g.id = $1 AND g.user_id = $2`, a.Grant, a.User)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return j.once(ctx, cause{
		key: "grant-closed:" + a.Grant.String(), kind: a.Job().Kind, user: &g.user, to: g.Email, kept: "Closed: " + g.Title,
	}, "closed", g)
}

// GiftClosed tells whoever has redeemed a gift that it is closed, if they
// cannot read on by something else. Who bought it for themselves is told of the
// refund.
func (j Jobs) GiftClosed(ctx context.Context, a job.GiftClosed) error {
	g, err := j.granted(ctx, `f.stripe_payment_id = $1`, a.Payment)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (!g.closed || g.Stays || g.own) {
		return nil
	}
	if err != nil {
		return err
	}
	return j.once(ctx, cause{
		key: "gift-closed:" + a.Payment, kind: a.Job().Kind, user: &g.user, to: g.Email, kept: "Closed: " + g.Title,
	}, "closed", g)
}

// granted returns what there is to say of the one grant that a condition names.
func (j Jobs) granted(ctx context.Context, condition string, args ...any) (granted, error) {
	g := granted{URL: j.Config.AuthURL, Contact: j.contact()}
	var until *time.Time
	err := j.DB.QueryRow(ctx, `
		SELECT u.id, coalesce(u.name, ''), u.email, m.key, m.title, g.expires_at, g.revoked_at IS NOT NULL, g.gift_id IS NOT NULL,
		       coalesce(p.user_id = u.id, false), NOT EXISTS (
			SELECT opened_by(m.key)
			EXCEPT
			SELECT o
			FROM grants h, opened_by(h.module_key) o
			WHERE h.user_id = u.id AND h.id <> g.id AND h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > now()))
		FROM grants g
		JOIN users u ON u.id = g.user_id
		JOIN modules m ON m.key = g.module_key
		LEFT JOIN gifts f ON f.id = g.gift_id
		LEFT JOIN purchases p ON p.stripe_payment_id = f.stripe_payment_id
		WHERE `+condition, args...,
	).Scan(&g.user, &g.Name, &g.Email, &g.key, &g.Title, &until, &g.closed, &g.Gift, &g.own, &g.Stays)
	if err != nil {
		return g, fmt.Errorf("grant of %v: %w", args, err)
	}
	if until != nil {
		g.Last = until.UTC().Add(-time.Second).Format("2 January 2006")
	}
	g.Opens, err = opened(ctx, j.DB, g.key)
	return g, err
}
