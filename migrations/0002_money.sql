-- +goose Up

-- The modules that the price of a checkout was lowered for, as the buyer
-- owned them: a later payment does not make their purchases superfluous.
ALTER TABLE checkouts ADD credited text[] NOT NULL DEFAULT '{}';

-- A dispute names the payment, but not whose sale it was: one that is told
-- before the sale has no checkout yet.
ALTER TABLE payment_facts ALTER checkout_id DROP NOT NULL;
ALTER TABLE payment_facts DROP CONSTRAINT payment_facts_kind_check;
ALTER TABLE payment_facts ADD CONSTRAINT payment_facts_kind_check CHECK (kind IN (
    'submitted', 'failed', 'paid', 'partly_refunded', 'refunded', 'disputed', 'dispute_won', 'dispute_lost'));

ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_kind_check CHECK (kind IN ('sale', 'refund', 'dispute'));

-- What is given back without anybody asking. The id is Stripe's idempotency
-- key; stripe_refund_id is there once Stripe has done it.
CREATE TABLE refunds (
    id                uuid PRIMARY KEY,
    stripe_payment_id text NOT NULL UNIQUE,
    user_id           uuid REFERENCES users ON DELETE SET NULL,
    module_type       text NOT NULL,
    amount            int NOT NULL CHECK (amount > 0),
    currency          text NOT NULL,
    reason            text NOT NULL CHECK (reason IN ('duplicate', 'account_deleted')),
    created_at        timestamptz NOT NULL DEFAULT now(),
    stripe_refund_id  text
);
CREATE INDEX refunds_user_id ON refunds (user_id);

-- Up to where Stripe's events were compared with the inbox; one row at most.
CREATE TABLE reconciled (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    created timestamptz NOT NULL
);
