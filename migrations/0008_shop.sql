-- +goose Up

-- gift: sells a code to give away, not access. agreed_at is when the buyer
-- agreed to the terms of that version, and asked for access at once.
ALTER TABLE checkouts ADD gift boolean NOT NULL DEFAULT false;
ALTER TABLE checkouts ADD agreed_at timestamptz;
ALTER TABLE checkouts ADD terms text NOT NULL DEFAULT '';
DROP INDEX checkouts_one_open;
CREATE UNIQUE INDEX checkouts_one_open ON checkouts (user_id, module_type, gift) WHERE state = 'open';

-- amount is what was paid: the price, less discount, with tax. Tax is in the
-- price or on top of it, as Stripe says.
ALTER TABLE payment_facts ADD discount int NOT NULL DEFAULT 0;
ALTER TABLE payment_facts ADD tax int NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD discount int NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD tax int NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD discount int NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD tax int NOT NULL DEFAULT 0;

-- Modules that were paid for to be given away. A row tells of no person, and
-- outlives the giver's account: the code may be in somebody's hands. The code
-- is mark and a keyed hash, so that no copy of this table opens anything. It
-- counts once, and not while voided_at is set.
CREATE TABLE gifts (
    id                uuid PRIMARY KEY,
    stripe_payment_id text NOT NULL UNIQUE,
    module_key        text NOT NULL REFERENCES modules,
    mark              text NOT NULL UNIQUE CHECK (mark ~ '^[A-Z2-7]{8}$'),
    created_at        timestamptz NOT NULL,
    redeemed_at       timestamptz,
    voided_at         timestamptz
);

-- What a gift gave: one grant, whatever happens at once.
ALTER TABLE grants ADD gift_id uuid UNIQUE REFERENCES gifts;
