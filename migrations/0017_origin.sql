-- +goose Up

-- Which request made a job necessary, for those who read logs, and its span
-- where it is traced.
ALTER TABLE outbox
    ADD COLUMN request text NOT NULL DEFAULT '',
    ADD COLUMN trace text NOT NULL DEFAULT '';
