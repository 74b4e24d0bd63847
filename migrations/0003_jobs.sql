-- +goose Up

-- The newest slot of each scheduled job for which it was added.
CREATE TABLE schedule (
    name text PRIMARY KEY,
    slot timestamptz NOT NULL
);

-- losses counts the workers in a row that died over a job.
ALTER TABLE outbox ADD COLUMN losses int NOT NULL DEFAULT 0;

-- What upkeep looks for.
CREATE INDEX sessions_expires ON sessions (expires);
CREATE INDEX sign_in_requests_created_at ON sign_in_requests (created_at);
