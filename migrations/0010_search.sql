-- +goose Up

-- Similar words. Any role that may create objects in the database may create
-- it, as it is a trusted extension.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- What can be found: the text of a version from one heading to the next. codes
-- holds what a text search would take apart, such as regulations and ACS
-- codes, in lower case and each with its prefixes.
CREATE TABLE sections (
    version_id uuid NOT NULL REFERENCES content_versions ON DELETE CASCADE,
    lesson_id  text NOT NULL,
    position   int NOT NULL,
    anchor     text NOT NULL,
    title      text NOT NULL,
    codes      text[] NOT NULL DEFAULT '{}',
    body       text NOT NULL,
    title_tsv  tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', title)) STORED,
    tsv        tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'D')) STORED,
    PRIMARY KEY (version_id, lesson_id, position),
    FOREIGN KEY (version_id, lesson_id) REFERENCES lessons ON DELETE CASCADE
);
CREATE INDEX sections_tsv ON sections USING gin (tsv) WITH (fastupdate = off);
CREATE INDEX sections_title_tsv ON sections USING gin (title_tsv) WITH (fastupdate = off);
CREATE INDEX sections_codes ON sections USING gin (codes) WITH (fastupdate = off);

-- The words of all versions, by which a mistyped one is understood.
CREATE TABLE search_words (
    word text PRIMARY KEY
);
CREATE INDEX search_words_similar ON search_words USING gist (word gist_trgm_ops);

-- What was published before there was a search is indexed too.
INSERT INTO outbox (id, kind, queue, payload)
SELECT gen_random_uuid(), 'update-search-index', 'content-processing', jsonb_build_object('version', id)
FROM content_versions;
