-- +goose Up

-- Mails that an operator has sent again. The id is made with the form, so that
-- a second click is the same act. A mail that comes of it has the cause
-- resend:ID; where there was nothing to tell any more, none is due.
CREATE TABLE resends (
    id      uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    mail_id uuid NOT NULL REFERENCES mails ON DELETE CASCADE,
    reason  text NOT NULL CHECK (reason <> ''),
    at      timestamptz NOT NULL DEFAULT now(),
    due     boolean NOT NULL DEFAULT true
);
CREATE INDEX resends_user_id ON resends (user_id, at);
CREATE INDEX resends_mail_id ON resends (mail_id);
