package post

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/mail"
)

// finding is what a reader found wrong.
type finding struct {
	Lesson, Title, Module, Version, Text, URL string
}

// Report tells every operator of an error in a lesson: one mail each, and none
// waits for another's mailbox. A mailbox that refuses for good is tried again
// beside one that is only busy, as the job is dead once nobody is left to be told.
func (j Jobs) Report(ctx context.Context, a job.ErrorReport) error {
	f, err := j.finding(ctx, a)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // it was removed
	}
	if err != nil {
		return err
	}
	var refused, passing error
	for _, operator := range j.Config.Admins() {
		err := j.once(ctx, cause{
			key: "report:" + a.Report.String() + ":" + operator, kind: a.Job().Kind, to: operator, kept: "A reader reports an error in \"" + f.Title + "\"",
		}, "report", f)
		if mail.Permanent(err) {
			refused = errors.Join(refused, err)
		} else {
			passing = errors.Join(passing, err)
		}
	}
	if passing != nil {
		return passing
	}
	return refused
}

func (j Jobs) finding(ctx context.Context, a job.ErrorReport) (finding, error) {
	var f finding
	err := j.DB.QueryRow(ctx, `
		SELECT r.lesson_id, l.title, l.module_key, r.version, r.text
		FROM reports r
		JOIN content_versions v ON v.version = r.version
		JOIN lessons l ON l.version_id = v.id AND l.lesson_id = r.lesson_id
		WHERE r.id = $1
		ORDER BY v.revision DESC
		LIMIT 1`, a.Report).Scan(&f.Lesson, &f.Title, &f.Module, &f.Version, &f.Text)
	if err != nil {
		return f, fmt.Errorf("report %s: %w", a.Report, err)
	}
	f.URL = j.Config.AuthURL + "/modules/" + f.Module + "/lessons/" + f.Lesson
	return f, nil
}
