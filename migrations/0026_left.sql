-- +goose Up

-- Lessons that readers left are asked for by the day of their last access, on
-- /admin and behind it.
CREATE INDEX progress_left ON progress (last_access) WHERE NOT completed;
