package post

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
)

// batch is how many owners are told before others' mails have their turn: a
// sign-in code must not wait for thousands of news.
const batch = 50

// Announce adds a mail about a version for each owner of its module who asked
// for it. Each batch, and the job for the next one, is added in the
// transaction that ends this job, so that whatever dies nobody is left out and
// nobody told twice.
func (j Jobs) Announce(ctx context.Context, a job.ContentUpdateNotification) error {
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		owners, err := interested(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, user := range owners {
			if _, err := queue.Add(ctx, tx, job.ContentUpdateMail{User: user, Version: a.Version}); err != nil {
				return err
			}
		}
		if len(owners) == batch {
			a.After = owners[batch-1]
			if _, err := queue.Add(ctx, tx, a); err != nil {
				return err
			}
		}
		return queue.Finish(ctx, tx, map[string]int{"mails": len(owners)})
	})
}

// current holds while a version v or a newer one of its module is active: one
// that was taken back is no news.
const current = `EXISTS (
			SELECT FROM content_versions o
			WHERE o.module_id = v.module_id AND o.is_active AND (o.release_date, o.id) >= (v.release_date, v.id))`

// owns holds for a user u whose grants open the module of a version v.
const owns = `EXISTS (
			SELECT FROM grants g, opened_by(g.module_key) o
			WHERE g.user_id = u.id AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now()) AND o = v.module_id)`

// interested lists the next batch of owners.
func interested(ctx context.Context, q db.Querier, a job.ContentUpdateNotification) ([]uuid.UUID, error) {
	rows, err := q.Query(ctx, `
		SELECT u.id
		FROM content_versions v, users u
		JOIN mail_choices c ON c.user_id = u.id AND c.list = $3 AND c.wanted
		WHERE v.id = $1 AND u.id > $2 AND `+current+` AND `+owns+`
		ORDER BY u.id
		LIMIT $4`, a.Version, a.After, account.ContentUpdates, batch)
	if err != nil {
		return nil, fmt.Errorf("owners of version %s: %w", a.Version, err)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("owners of version %s: %w", a.Version, err)
	}
	return owners, nil
}

// news is what the mail about a version says.
type news struct {
	Name, Email       string
	Title, Version    string
	Changelog, Module string
	URL, Stop         string
}

// Update tells one owner what is new in a version: once, and not if they have
// changed their mind, or the version was taken back, since it was announced.
func (j Jobs) Update(ctx context.Context, a job.ContentUpdateMail) error {
	n := news{URL: j.Config.AuthURL}
	err := j.DB.QueryRow(ctx, `
		SELECT u.email, coalesce(u.name, ''), v.title, v.version, coalesce(v.changelog, ''), v.module_id
		FROM content_versions v, users u
		JOIN mail_choices c ON c.user_id = u.id AND c.list = $3 AND c.wanted
		WHERE v.id = $1 AND u.id = $2 AND `+current+` AND `+owns,
		a.Version, a.User, account.ContentUpdates).Scan(&n.Email, &n.Name, &n.Title, &n.Version, &n.Changelog, &n.Module)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("news of version %s for %s: %w", a.Version, a.User, err)
	}
	secret := j.Config.AuthSecret.Reveal()
	n.Stop = n.URL + "/mailchoice/" + account.UnsubscribeToken(secret, a.User, account.ContentUpdates)
	return j.once(ctx, cause{
		key: "update:" + a.Version.String() + ":" + a.User.String(), kind: a.Job().Kind, user: &a.User, to: n.Email,
		kept: "New in " + n.Title + ": edition " + n.Version, header: account.UnsubscribeHeader(n.URL, secret, a.User, account.ContentUpdates),
	}, "update", n)
}
