-- +goose Up

-- What browsers told of: a page that was seen, a search. There is no address, no
-- browser, no referrer; a person is a user's id at most, and the deletion of the
-- account takes that away too. It is no foreign key, as one would look up each
-- event's user and lock users whenever a month begins or goes; handbook/analytics
-- sees to it that nobody who is deleted is written.
CREATE TABLE analytics_events (
    at        timestamptz NOT NULL, -- when it happened, by a clock that is right within five minutes
    kind      text NOT NULL,        -- as handbook/analytics lists them
    module_id text NOT NULL,        -- '' for none, as below
    lesson_id text NOT NULL,
    version   text NOT NULL,        -- of the module, as it was seen
    user_id   uuid                  -- NULL for somebody who is not signed in, or not any more
) PARTITION BY RANGE (at);
CREATE INDEX analytics_events_user_id ON analytics_events (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX analytics_events_at ON analytics_events USING brin (at);

-- The same, counted. What is here stays when the events have gone.
CREATE TABLE analytics_daily (
    day       date NOT NULL,   -- in UTC
    kind      text NOT NULL,
    module_id text NOT NULL,
    lesson_id text NOT NULL,
    version   text NOT NULL,
    events    bigint NOT NULL, -- all of them
    anonymous bigint NOT NULL, -- those of them that nobody is known of
    people    bigint NOT NULL, -- how many people the others are of
    PRIMARY KEY (day, kind, module_id, lesson_id, version)
);

-- Makes the partitions of this many months, in UTC, that are not there yet.
-- There is none for all else: an event without a month is refused.
-- +goose StatementBegin
CREATE FUNCTION make_analytics_partitions(first_month date, months int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date;
    partition text;
BEGIN
    FOR n IN 0 .. months - 1 LOOP
        month := date_trunc('month', first_month) + n * interval '1 month';
        partition := to_char(month, '"analytics_events_"YYYY"_"MM');
        IF to_regclass(partition) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF analytics_events FOR VALUES FROM (%L) TO (%L)',
                           partition, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00');
        END IF;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Last month's is for events that arrive as it ends.
SELECT make_analytics_partitions(((now() AT TIME ZONE 'UTC') - interval '1 month')::date, 4);
