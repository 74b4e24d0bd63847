-- +goose Up

-- A code that a section's title names, or that its whole lesson is about, is
-- among its codes once more, with a # before it. The sections there are, are
-- written anew.
INSERT INTO outbox (id, kind, queue, payload)
SELECT gen_random_uuid(), 'update-search-index', 'content-processing', jsonb_build_object('version', id)
FROM content_versions;
