-- +goose Up

-- When a version was first activated, which its readers are told of once.
ALTER TABLE content_versions ADD activated_at timestamptz;
UPDATE content_versions SET activated_at = release_date WHERE is_active;

-- When somebody said that they want no passkey, so that it is offered no more.
ALTER TABLE users ADD passkey_declined_at timestamptz;

-- The browsers in which somebody signed in: they have codes mailed on an
-- account of their own, which strangers cannot use up.
CREATE TABLE known_browsers (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    browser bytea NOT NULL CHECK (length(browser) = 32),
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, browser)
);
ALTER TABLE sign_in_requests ADD known boolean NOT NULL DEFAULT false;
