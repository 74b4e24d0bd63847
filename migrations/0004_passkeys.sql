-- +goose Up

-- What a passkey tells of its owner: 64 random bytes, made with the first one.
ALTER TABLE users ADD COLUMN passkey_handle bytea UNIQUE CHECK (length(passkey_handle) = 64);

CREATE TABLE passkeys (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) <= 1023),
    public_key    bytea NOT NULL,
    sign_count    bigint NOT NULL,
    flags         smallint NOT NULL,
    transports    text[] NOT NULL DEFAULT '{}',
    name          text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz
);
CREATE INDEX passkeys_user_id ON passkeys (user_id);

-- A challenge under way, for one browser and for one answer. user_id is whose
-- account gets the passkey; NULL while somebody signs in. state is the
-- ceremony's own record.
CREATE TABLE passkey_challenges (
    challenge  bytea PRIMARY KEY,
    browser    bytea NOT NULL,
    user_id    uuid REFERENCES users ON DELETE CASCADE,
    state      jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_user_id ON passkey_challenges (user_id);
CREATE INDEX passkey_challenges_expires_at ON passkey_challenges (expires_at);
