-- +goose Up

-- What operators look at is asked by day. Events of readers are only added, and
-- nearly in the order of their time: a few bytes per block find a day's.
CREATE INDEX ledger_at ON ledger (at, id);
CREATE INDEX checkouts_created_at ON checkouts (created_at, id);
CREATE INDEX progress_completed_at ON progress (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX study_events_at ON study_events USING brin (at timestamptz_minmax_multi_ops) WITH (pages_per_range = 16, autosummarize = on);

-- studied has progress once per reader and lesson: a lesson that moved has rows
-- under its former ids too, which tell the same.
CREATE VIEW studied AS
SELECT p.id, p.user_id, p.lesson_id, l.module_key, p.completed, p.completed_at, p.last_access
FROM progress p
JOIN lesson_ids l USING (lesson_id)
WHERE NOT EXISTS (
    SELECT FROM former_lessons f
    JOIN content_versions v ON v.id = f.version_id AND v.activated_at IS NOT NULL
    WHERE f.lesson_id = p.lesson_id AND f.moved_to IS NOT NULL AND NOT EXISTS (
        SELECT FROM lessons n
        JOIN content_versions a ON a.id = n.version_id
        WHERE n.lesson_id = p.lesson_id AND a.is_active));
