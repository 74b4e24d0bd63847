-- +goose Up

-- Which version was active when: by it is known what somebody has read.
CREATE TABLE activations (
    module_key text NOT NULL REFERENCES modules,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(), -- in the order in which they were made, which now() is not
    version_id uuid NOT NULL REFERENCES content_versions ON DELETE CASCADE,
    PRIMARY KEY (module_key, at)
);
CREATE INDEX activations_version_id ON activations (version_id);
INSERT INTO activations (module_key, at, version_id)
SELECT module_id, max(activated_at), id
FROM content_versions
WHERE activated_at IS NOT NULL
GROUP BY module_id, id
ON CONFLICT DO NOTHING;

-- Lessons that a version no longer has: readers' links and progress lead to
-- another of its lessons, or they were retired.
CREATE TABLE former_lessons (
    version_id uuid NOT NULL REFERENCES content_versions ON DELETE CASCADE,
    lesson_id  text NOT NULL,
    moved_to   text, -- NULL where it was retired
    PRIMARY KEY (version_id, lesson_id),
    FOREIGN KEY (version_id, moved_to) REFERENCES lessons (version_id, lesson_id) ON DELETE CASCADE
);
CREATE INDEX former_lessons_lesson_id ON former_lessons (lesson_id);
CREATE INDEX former_lessons_moved_to ON former_lessons (moved_to);

-- The ids under which a lesson was, is and will be known: it, and those that
-- versions which readers have had moved it from and to. What is learned under
-- one counts for all.
-- +goose StatementBegin
CREATE FUNCTION lesson_kin(lesson text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE kin (id) AS (
        SELECT lesson
        UNION
        SELECT CASE WHEN f.lesson_id = kin.id THEN f.moved_to ELSE f.lesson_id END
        FROM kin
        JOIN former_lessons f ON f.lesson_id = kin.id OR f.moved_to = kin.id
        JOIN content_versions v ON v.id = f.version_id AND v.activated_at IS NOT NULL
        WHERE f.moved_to IS NOT NULL)
    SELECT id
    FROM kin
$$;
-- +goose StatementEnd
