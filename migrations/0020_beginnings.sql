-- +goose Up
-- How lessons begin: enough of a word that thousands of sections have.
CREATE INDEX sections_first_tsv ON sections USING gin (tsv) WITH (fastupdate = off) WHERE position = 0;
