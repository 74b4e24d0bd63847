-- +goose Up

-- The address of the script that a lesson's own components need, which is
-- among the media of its version; empty if there are none.
ALTER TABLE lessons ADD COLUMN script text NOT NULL DEFAULT '';
