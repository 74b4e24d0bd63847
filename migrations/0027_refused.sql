-- +goose Up
-- How often Stripe has answered that it does not give a payment back, or that it
-- failed. It keeps such an answer for a day under the key of the call: so the
-- count is part of the next call's.
ALTER TABLE refunds ADD COLUMN refused integer NOT NULL DEFAULT 0;
