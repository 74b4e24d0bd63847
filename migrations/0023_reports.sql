-- +goose Up

-- What became of a report, and what the operator who closed it had to say.
ALTER TABLE reports
    ADD COLUMN outcome text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'answered', 'mended', 'no error')),
    ADD COLUMN word text NOT NULL DEFAULT '' CHECK (length(word) <= 300),
    ADD CONSTRAINT reports_closed_check CHECK (outcome = '' OR closed_at IS NOT NULL);
