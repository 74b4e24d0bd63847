-- +goose Up

-- Who.

CREATE TABLE users (
    id         uuid PRIMARY KEY,
    email      text NOT NULL UNIQUE CHECK (email = lower(email)),
    name       text,
    roles      text[] NOT NULL DEFAULT '{}' CHECK (roles <@ '{author,operator}'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_created_at ON users (created_at);

-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();

-- session_token is the SHA-256 of what the cookie holds.
CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    session_token bytea NOT NULL UNIQUE,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires       timestamptz NOT NULL,
    device        text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user_id ON sessions (user_id);

-- code and link are keyed hashes; both are made by the job that mails them.
CREATE TABLE sign_in_requests (
    id          uuid PRIMARY KEY,
    email       text NOT NULL CHECK (email = lower(email)),
    browser     bytea NOT NULL,
    code        bytea,
    link        bytea,
    replaced_codes bytea[] NOT NULL DEFAULT '{}',
    next        text NOT NULL DEFAULT '/',
    wrong       int NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    replaced_at timestamptz
);
CREATE INDEX sign_in_requests_email ON sign_in_requests (email, created_at);

-- Authors' tokens; token is a SHA-256.
CREATE TABLE tokens (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    token      bytea NOT NULL UNIQUE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used  timestamptz,
    revoked_at timestamptz
);
CREATE INDEX tokens_user_id ON tokens (user_id);

-- What is sold and read.

CREATE TABLE modules (
    key        text PRIMARY KEY CHECK (key IN ('private_commercial', 'instrument', 'bundle')),
    title      text NOT NULL,
    summary    text NOT NULL DEFAULT '',
    price      int NOT NULL CHECK (price > 0),
    currency   text NOT NULL DEFAULT 'usd' CHECK (currency ~ '^[a-z]{3}$'),
    includes   text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER modules_touch BEFORE UPDATE ON modules FOR EACH ROW EXECUTE FUNCTION touch();

-- opened_by is the one place that knows what a bought module opens.
-- +goose StatementBegin
CREATE FUNCTION opened_by(bought text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT bought
    UNION
    SELECT unnest(includes) FROM modules WHERE key = bought
$$;
-- +goose StatementEnd

CREATE TABLE blobs (
    sha256     bytea PRIMARY KEY CHECK (length(sha256) = 32),
    size       bigint NOT NULL,
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE blobs ALTER COLUMN body SET STORAGE EXTERNAL;

-- An uploaded module folder: files is [{path, sha256, size}].
CREATE TABLE sources (
    id         uuid PRIMARY KEY,
    module_key text NOT NULL,
    version    text NOT NULL,
    digest     bytea NOT NULL,
    files      jsonb NOT NULL,
    author_id  uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (module_key, version, digest)
);

CREATE TABLE content_versions (
    id              uuid PRIMARY KEY,
    module_id       text NOT NULL REFERENCES modules,
    version         text NOT NULL,
    revision        int NOT NULL DEFAULT 1,
    checksum        text NOT NULL,
    release_date    timestamptz NOT NULL DEFAULT now(),
    changelog       text,
    is_active       boolean NOT NULL DEFAULT false,
    source_id       uuid NOT NULL REFERENCES sources,
    title           text NOT NULL,
    summary         text NOT NULL DEFAULT '',
    includes        text[] NOT NULL DEFAULT '{}',
    size            bigint NOT NULL DEFAULT 0,
    component_count int NOT NULL DEFAULT 0,
    UNIQUE (module_id, version, revision)
);
CREATE INDEX content_versions_module_id_is_active ON content_versions (module_id, is_active);
CREATE INDEX content_versions_version ON content_versions (version);
CREATE UNIQUE INDEX content_versions_one_active ON content_versions (module_id) WHERE is_active;

-- A lesson's id belongs to one module for ever: progress refers to it.
CREATE TABLE lesson_ids (
    lesson_id  text PRIMARY KEY,
    module_key text NOT NULL REFERENCES modules,
    UNIQUE (lesson_id, module_key)
);

CREATE TABLE lessons (
    version_id uuid NOT NULL REFERENCES content_versions ON DELETE CASCADE,
    lesson_id  text NOT NULL,
    module_key text NOT NULL,
    position   int NOT NULL,
    title      text NOT NULL,
    summary    text NOT NULL DEFAULT '',
    preview    boolean NOT NULL DEFAULT false,
    dated      date NOT NULL,
    words      int NOT NULL,
    acs        text[] NOT NULL DEFAULT '{}',
    sources    jsonb NOT NULL DEFAULT '[]',
    headings   jsonb NOT NULL DEFAULT '[]',
    html       text NOT NULL,
    PRIMARY KEY (version_id, lesson_id),
    UNIQUE (version_id, position),
    FOREIGN KEY (lesson_id, module_key) REFERENCES lesson_ids (lesson_id, module_key)
);

-- preview: some free lesson shows it.
CREATE TABLE media (
    version_id   uuid NOT NULL REFERENCES content_versions ON DELETE CASCADE,
    path         text NOT NULL,
    sha256       bytea NOT NULL REFERENCES blobs,
    content_type text NOT NULL,
    width        int NOT NULL DEFAULT 0,
    height       int NOT NULL DEFAULT 0,
    preview      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (version_id, path)
);
CREATE INDEX media_sha256 ON media (sha256);

-- Money.

CREATE TABLE checkouts (
    id                uuid PRIMARY KEY,
    user_id           uuid REFERENCES users ON DELETE SET NULL,
    module_type       text NOT NULL REFERENCES modules,
    amount            int NOT NULL,
    currency          text NOT NULL,
    livemode          boolean NOT NULL,
    params            jsonb NOT NULL,
    state             text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'expired')),
    stripe_session_id text UNIQUE,
    url               text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL DEFAULT now(),
    expires_at        timestamptz NOT NULL
);
CREATE UNIQUE INDEX checkouts_one_open ON checkouts (user_id, module_type) WHERE state = 'open';

CREATE TABLE purchases (
    id                uuid PRIMARY KEY,
    user_id           uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    stripe_payment_id text NOT NULL UNIQUE,
    module_type       text NOT NULL CHECK (module_type IN ('private_commercial', 'instrument', 'bundle')),
    amount            int NOT NULL,
    currency          text NOT NULL DEFAULT 'usd',
    status            text NOT NULL CHECK (status IN ('completed', 'pending', 'refunded')),
    purchased_at      timestamptz NOT NULL DEFAULT now(),
    checkout_id       uuid UNIQUE REFERENCES checkouts
);
CREATE INDEX purchases_user_id_status ON purchases (user_id, status);
CREATE INDEX purchases_purchased_at ON purchases (purchased_at);

-- Access is the existence of a grant that is neither revoked nor over.
CREATE TABLE grants (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    module_key  text NOT NULL REFERENCES modules,
    purchase_id uuid REFERENCES purchases ON DELETE CASCADE,
    reason      text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    revoked_at  timestamptz,
    UNIQUE (user_id, module_key, purchase_id)
);

-- The inbox: what Stripe told us, kept as it came.
CREATE TABLE stripe_events (
    id          text PRIMARY KEY,
    type        text NOT NULL,
    api_version text NOT NULL,
    livemode    boolean NOT NULL,
    created     timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    state       text NOT NULL CHECK (state IN ('settled', 'ignored', 'quarantined')),
    reason      text NOT NULL DEFAULT '',
    payload     jsonb NOT NULL
);
CREATE INDEX stripe_events_quarantined ON stripe_events (received_at) WHERE state = 'quarantined';

-- What is known of a payment: a set that only grows. The purchase is a function
-- of it, so that the order in which facts arrive does not matter. source is the
-- Stripe object that tells it; amount is what was paid, or all that was given
-- back by then.
CREATE TABLE payment_facts (
    stripe_payment_id text NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('submitted', 'paid', 'partly_refunded', 'refunded')),
    source            text NOT NULL,
    amount            int NOT NULL,
    currency          text NOT NULL,
    at                timestamptz NOT NULL,
    checkout_id       uuid NOT NULL REFERENCES checkouts,
    PRIMARY KEY (stripe_payment_id, kind, source, amount)
);

-- The books, without personal data; they outlive accounts.
CREATE TABLE ledger (
    id                uuid PRIMARY KEY,
    at                timestamptz NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('sale', 'refund')),
    module_type       text NOT NULL,
    amount            int NOT NULL,
    currency          text NOT NULL,
    stripe_payment_id text NOT NULL,
    UNIQUE (stripe_payment_id, kind)
);

-- Learning.

-- id is the client's own; body is the event as it came, unknown fields
-- included; at is the device's clock as it was told.
CREATE TABLE study_events (
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    id          uuid NOT NULL,
    device      text NOT NULL DEFAULT '',
    lesson_id   text NOT NULL,
    kind        text NOT NULL,
    at          timestamptz NOT NULL,
    active_ms   int NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT now(),
    body        jsonb NOT NULL,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX study_events_lesson ON study_events (user_id, lesson_id);

-- minutes is the length of what it is given, rounded down.
-- +goose StatementBegin
CREATE FUNCTION minutes(active tstzmultirange) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(coalesce(sum(extract(epoch FROM upper(stretch) - lower(stretch))), 0) / 60)::int
    FROM unnest(active) AS stretch
$$;
-- +goose StatementEnd

-- active holds when the lesson was read; time_spent is its length in minutes.
CREATE TABLE progress (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    lesson_id    text NOT NULL REFERENCES lesson_ids,
    completed    boolean NOT NULL DEFAULT false,
    last_access  timestamptz NOT NULL DEFAULT now(),
    time_spent   int NOT NULL GENERATED ALWAYS AS (minutes(active)) STORED,
    completed_at timestamptz,
    active       tstzmultirange NOT NULL DEFAULT '{}',
    UNIQUE (user_id, lesson_id)
);
CREATE INDEX progress_user_id_completed ON progress (user_id, completed);
CREATE INDEX progress_user_id_last_access ON progress (user_id, last_access);

-- Errors that readers report.
CREATE TABLE reports (
    id         uuid PRIMARY KEY,
    lesson_id  text NOT NULL REFERENCES lesson_ids,
    version    text NOT NULL,
    user_id    uuid REFERENCES users ON DELETE SET NULL,
    text       text NOT NULL CHECK (length(text) <= 4000),
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at  timestamptz
);
CREATE INDEX reports_open ON reports (created_at) WHERE closed_at IS NULL;

-- Later.

CREATE TABLE outbox (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL,
    queue       text NOT NULL,
    payload     jsonb NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'queued', 'running', 'done', 'dead')),
    attempt     int NOT NULL DEFAULT 1,
    failures    int NOT NULL DEFAULT 0,
    run_at      timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    progress    text NOT NULL DEFAULT '',
    error       text NOT NULL DEFAULT '',
    result      jsonb
);
CREATE INDEX outbox_waiting ON outbox (queue, run_at) WHERE state = 'waiting';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state IN ('queued', 'running');
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE state IN ('done', 'dead');

-- One row per mail; cause makes it one mail per cause.
CREATE TABLE mails (
    id         uuid PRIMARY KEY,
    cause      text NOT NULL UNIQUE,
    kind       text NOT NULL,
    user_id    uuid REFERENCES users ON DELETE SET NULL,
    address    text NOT NULL,
    subject    text NOT NULL DEFAULT '',
    state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz
);
CREATE INDEX mails_user_id ON mails (user_id);
