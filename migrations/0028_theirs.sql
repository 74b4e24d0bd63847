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
