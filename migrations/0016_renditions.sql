-- +goose Up

-- What was made of an image: its files, the first for every browser, the
-- others in other widths. A recipe names the program that made them. Nothing
-- is made twice of the same bytes by the same recipe.
CREATE TABLE renditions (
    original     bytea NOT NULL CHECK (length(original) = 32),
    recipe       text NOT NULL,
    position     int NOT NULL,
    sha256       bytea NOT NULL REFERENCES blobs,
    content_type text NOT NULL,
    width        int NOT NULL,
    height       int NOT NULL,
    PRIMARY KEY (original, recipe, position)
);
