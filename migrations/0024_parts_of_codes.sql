-- +goose Up

-- A part of an ACS code's element (PA.I.F.K2a) is found by the element too
-- (PA.I.F.K2). The sections there are, are written anew, once the worker that
-- does not know this yet has gone.
INSERT INTO outbox (id, kind, queue, payload, run_at)
SELECT gen_random_uuid(), 'update-search-index', 'content-processing', jsonb_build_object('version', id), now() + interval '10 minutes'
FROM content_versions;
