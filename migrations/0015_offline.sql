-- +goose Up

-- The key that seals a module's files, wrapped by the key of
-- CONTENT_ENCRYPTION_KEY that wrapped_by names.
CREATE TABLE module_keys (
    id         uuid PRIMARY KEY,
    module_key text NOT NULL UNIQUE REFERENCES modules,
    wrapped    bytea NOT NULL,
    wrapped_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The offline package of a version. It is written whole, or not at all;
-- manifest is what devices get, byte by byte.
CREATE TABLE packages (
    version_id uuid PRIMARY KEY REFERENCES content_versions ON DELETE CASCADE,
    key_id     uuid NOT NULL REFERENCES module_keys,
    format     int NOT NULL,
    manifest   bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Its files, whose content is a blob; the sealed bytes are made as they are
-- sent.
CREATE TABLE package_files (
    version_id    uuid NOT NULL REFERENCES packages ON DELETE CASCADE,
    path          text NOT NULL,
    sha256        bytea NOT NULL REFERENCES blobs,
    sealed_sha256 bytea NOT NULL CHECK (length(sealed_sha256) = 32),
    PRIMARY KEY (version_id, path)
);
CREATE INDEX package_files_sha256 ON package_files (sha256);
CREATE INDEX package_files_sealed ON package_files (sealed_sha256);

-- Until when a device may read a module without network. device is the SHA-256
-- of its public key.
CREATE TABLE licences (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    module_key text NOT NULL REFERENCES modules,
    device     bytea NOT NULL,
    name       text NOT NULL,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    UNIQUE (user_id, module_key, device)
);
CREATE INDEX licences_expires_at ON licences (expires_at);

-- What was published before there were packages gets one too.
INSERT INTO outbox (id, kind, queue, payload)
SELECT gen_random_uuid(), 'generate-offline-package', 'content-processing', jsonb_build_object('version', id)
FROM content_versions;
