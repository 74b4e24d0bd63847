-- +goose Up
-- The checkout up to which open sessions were read, where a reconciliation's
-- time was up: the next one goes on after it. NULL: from the first one.
ALTER TABLE reconciled ADD COLUMN sessions_after uuid;
