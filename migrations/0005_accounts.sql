-- +goose Up

-- When the reader of a session last showed, by a fresh code or the like, that
-- it is them.
ALTER TABLE sessions ADD COLUMN verified_at timestamptz NOT NULL DEFAULT now();
UPDATE sessions SET verified_at = created_at;

-- Who did what to whom. actor and subject hold ids, and detail words of ours,
-- never what somebody typed, so that nothing in it ever needs a change: not
-- even when an account is deleted, which is why nothing here refers to users.
CREATE TABLE audit_log (
    id      uuid PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   uuid,
    action  text NOT NULL,
    subject text NOT NULL,
    detail  jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_subject ON audit_log (subject, id);

-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A change of address under way; code is a keyed hash, made by the job that
-- mails it to the new address. former is told once the change is made.
CREATE TABLE email_changes (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    email      text NOT NULL CHECK (email = lower(email)),
    former     text,
    code       bytea,
    wrong      int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX email_changes_user_id ON email_changes (user_id, created_at);
CREATE INDEX email_changes_email ON email_changes (email, created_at);

-- Which mails somebody wants beside those that belong to what they do. No row
-- means no.
CREATE TABLE mail_choices (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    list       text NOT NULL,
    wanted     boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, list)
);
CREATE TRIGGER mail_choices_touch BEFORE UPDATE ON mail_choices FOR EACH ROW EXECUTE FUNCTION touch();

-- Accounts that were deleted: their ids, so that none comes back.
CREATE TABLE deleted_users (
    id         uuid PRIMARY KEY,
    deleted_at timestamptz NOT NULL DEFAULT now()
);

-- +goose StatementBegin
CREATE FUNCTION stay_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM deleted_users WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'account % is deleted', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_stay_deleted BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stay_deleted();

-- scrubbed returns an event of Stripe without what it tells about a person:
-- what is needed to settle it again stays.
-- +goose StatementBegin
CREATE FUNCTION scrubbed(event jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_set(event - 'request', '{data}', jsonb_build_object('object', coalesce((
        SELECT jsonb_object_agg(key, value)
        FROM jsonb_each(CASE jsonb_typeof(event #> '{data,object}') WHEN 'object' THEN event #> '{data,object}' ELSE '{}' END)
        WHERE key = 'metadata' OR jsonb_typeof(value) IN ('number', 'boolean', 'null')
           OR key IN ('id', 'object', 'currency', 'status', 'payment_status', 'mode', 'payment_intent', 'charge', 'reason')
              AND jsonb_typeof(value) = 'string'), '{}')))
$$;
-- +goose StatementEnd

-- An event finds its buyer by the checkout it names, or by its payment.
CREATE INDEX stripe_events_checkout ON stripe_events ((payload #>> '{data,object,metadata,checkout}'));
CREATE INDEX stripe_events_payment ON stripe_events ((payload #>> '{data,object,payment_intent}'));
CREATE INDEX payment_facts_checkout_id ON payment_facts (checkout_id);

-- What Stripe tells of a buyer whose account is deleted is kept without the
-- person.
-- +goose StatementBegin
CREATE FUNCTION stripe_events_scrub() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mark text = substring(NEW.payload #>> '{data,object,metadata,checkout}' FROM '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
BEGIN
    IF EXISTS (
        SELECT FROM checkouts
        WHERE id = mark::uuid AND user_id IS NULL
    ) OR EXISTS (
        SELECT FROM payment_facts f
        JOIN checkouts c ON c.id = f.checkout_id
        WHERE f.stripe_payment_id = NEW.payload #>> '{data,object,payment_intent}' AND c.user_id IS NULL
    ) THEN
        NEW.payload = scrubbed(NEW.payload);
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER stripe_events_scrub BEFORE INSERT OR UPDATE ON stripe_events FOR EACH ROW EXECUTE FUNCTION stripe_events_scrub();
