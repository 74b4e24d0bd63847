-- +goose Up

-- What operators are told of is asked for again and again.
CREATE INDEX payment_facts_paid ON payment_facts (at) WHERE kind = 'paid';
CREATE INDEX refunds_due ON refunds (created_at) WHERE stripe_refund_id IS NULL;
CREATE INDEX mails_pending ON mails (created_at) WHERE state = 'pending';
