-- +goose Up

-- Operators give payments back as well, and say why: the buyer asks for it, it
-- was bought by mistake, something here did not work.
ALTER TABLE refunds DROP CONSTRAINT refunds_reason_check;
ALTER TABLE refunds ADD CONSTRAINT refunds_reason_check CHECK (reason IN (
    'duplicate', 'account_deleted', 'requested', 'mistake', 'fault', 'other'));

-- Why an operator took back what reason says it was given for.
ALTER TABLE grants ADD revoke_reason text NOT NULL DEFAULT '';

-- What operators look for.
CREATE INDEX audit_log_actor ON audit_log (actor, id);
CREATE INDEX audit_log_action ON audit_log (action, id);
CREATE INDEX mails_address ON mails (address) WHERE user_id IS NULL AND address <> '';
CREATE INDEX outbox_dead ON outbox (finished_at) WHERE state = 'dead';
