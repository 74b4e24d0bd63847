-- +goose Up
-- events_of is the one place that knows which of Stripe's events are about somebody:
-- what was told of their checkouts, and of the payments that belong to those. Each
-- is found by an index; asked for with OR, all events would be read.
-- +goose StatementBegin
CREATE FUNCTION events_of(theirs uuid[]) RETURNS SETOF stripe_events LANGUAGE sql STABLE AS $$
    SELECT *
    FROM stripe_events
    WHERE id IN (
        SELECT id
        FROM stripe_events
        WHERE payload #>> '{data,object,metadata,checkout}' = ANY (theirs::text[])
        UNION
        SELECT id
        FROM stripe_events
        WHERE payload #>> '{data,object,payment_intent}' = ANY (ARRAY(SELECT stripe_payment_id FROM payment_facts WHERE checkout_id = ANY (theirs))))
$$;
-- +goose StatementEnd

-- What somebody asks for of their own costs the same however many others there are.
CREATE INDEX checkouts_user_id ON checkouts (user_id);
CREATE INDEX reports_user_id ON reports (user_id);
CREATE INDEX reports_lesson ON reports (lesson_id, created_at);
CREATE INDEX outbox_failed ON outbox (id) WHERE error <> '';

-- worth_of is the one place that knows by how much a payment makes something else
-- cheaper, in cents of a currency: the price that was asked, be the tax in it or on
-- top, less the discount, and less the share that went back or is about to. What
-- was taken over without books counts as it was paid.
-- +goose StatementBegin
CREATE FUNCTION worth_of(payment text, money text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(asked - discount, paid - tax) * greatest(0, paid - lost - greatest(refunded, due)) / paid
    FROM (
        SELECT max(amount) FILTER (WHERE kind = 'sale') AS paid, max(discount) AS discount, max(tax) FILTER (WHERE kind = 'sale') AS tax,
               coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refunded, coalesce(sum(amount) FILTER (WHERE kind = 'dispute'), 0) AS lost
        FROM ledger
        WHERE stripe_payment_id = payment AND currency = money) AS books,
        (SELECT (SELECT amount FROM checkouts WHERE id = (SELECT checkout_id FROM payment_facts WHERE stripe_payment_id = payment AND checkout_id IS NOT NULL LIMIT 1)),
                coalesce((SELECT amount FROM refunds WHERE stripe_payment_id = payment), 0)) AS noted (asked, due)
    WHERE paid > 0
    UNION ALL
    SELECT amount - tax
    FROM purchases
    WHERE stripe_payment_id = payment AND currency = money AND NOT EXISTS (SELECT FROM ledger WHERE stripe_payment_id = payment)
$$;
-- +goose StatementEnd

-- When the reading of all sessions began that stopped at sessions_after, as Stripe had
-- forgotten events; NULL: only what was open was read up to there.
ALTER TABLE reconciled ADD COLUMN gap_began timestamptz;

-- Its payment was told as paid when its account was deleted already, so that it bought nothing.
ALTER TABLE checkouts ADD COLUMN orphaned boolean NOT NULL DEFAULT false;

-- What is ignored is kept without the person: nobody judges it again, and where it
-- is about no checkout of ours, the deletion of an account would not find it.
-- +goose StatementBegin
CREATE FUNCTION stripe_events_ignored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.payload = scrubbed(NEW.payload);
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER stripe_events_ignored BEFORE INSERT OR UPDATE ON stripe_events FOR EACH ROW
    WHEN (NEW.state = 'ignored') EXECUTE FUNCTION stripe_events_ignored();
UPDATE stripe_events SET payload = scrubbed(payload) WHERE state = 'ignored';
