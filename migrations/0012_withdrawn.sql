-- +goose Up

-- What was bought for nothing, an operator takes back.
ALTER TABLE payment_facts DROP CONSTRAINT payment_facts_kind_check;
ALTER TABLE payment_facts ADD CONSTRAINT payment_facts_kind_check CHECK (kind IN (
    'submitted', 'failed', 'paid', 'partly_refunded', 'refunded', 'disputed', 'dispute_won', 'dispute_lost', 'withdrawn'));
