-- What must agree. Every query answers with the differences, one text a row;
-- its name is the line "-- check:" before it. The first section is put before
-- each of them: it says, independently of the program's own rules, where each
-- payment stands by its facts.
WITH disputes AS (
    SELECT stripe_payment_id AS payment, bool_or(kind = 'dispute_lost') AS lost, bool_or(kind = 'dispute_won') AS won,
           max(amount) FILTER (WHERE kind = 'dispute_lost') AS amount
    FROM payment_facts
    WHERE kind LIKE 'dispute%'
    GROUP BY stripe_payment_id, source),
told AS (
    SELECT stripe_payment_id AS payment, max(checkout_id::text)::uuid AS checkout,
           bool_or(kind = 'paid') AS paid, bool_or(kind = 'submitted') AS submitted, bool_or(kind = 'failed') AS failed, bool_or(kind = 'refunded') AS refunded,
           bool_or(kind = 'withdrawn') AND max(amount) FILTER (WHERE kind = 'paid') = 0 AS withdrawn,
           max(amount) FILTER (WHERE kind = 'paid') AS amount, coalesce(max(amount) FILTER (WHERE kind LIKE '%refunded'), 0) AS back
    FROM payment_facts
    GROUP BY stripe_payment_id),
standing AS (
    SELECT t.payment, t.checkout, t.amount, t.back,
           (SELECT least(sum(d.amount), t.amount) FROM disputes d WHERE d.payment = t.payment AND d.lost HAVING count(*) > 0) AS lost,
           CASE WHEN t.paid AND (t.refunded OR t.withdrawn OR EXISTS (SELECT FROM disputes d WHERE d.payment = t.payment AND d.lost)) THEN 'refunded'
                WHEN t.paid THEN 'completed'
                WHEN t.submitted AND NOT t.failed THEN 'pending'
                ELSE '' END AS status,
           t.paid AND NOT t.refunded AND NOT t.withdrawn AND NOT EXISTS (SELECT FROM disputes d WHERE d.payment = t.payment AND (d.lost OR NOT d.won)) AS open
    FROM told t)

-- check: an event waits for an operator
SELECT id || ' (' || type || '): ' || reason
FROM stripe_events
WHERE state = 'quarantined'

-- check: an event is settled, but nothing is known of its payment
SELECT e.id || ' (' || e.type || ')'
FROM stripe_events e
WHERE e.state = 'settled' AND e.type IN ('checkout.session.completed', 'checkout.session.async_payment_succeeded')
  AND NOT EXISTS (SELECT FROM payment_facts f
                  WHERE f.stripe_payment_id = coalesce(e.payload #>> '{data,object,payment_intent}', e.payload #>> '{data,object,id}'))

-- check: an event tells of a refund that nothing is known of
SELECT e.id || ' of ' || (e.payload #>> '{data,object,payment_intent}')
FROM stripe_events e
WHERE CASE WHEN e.state = 'settled' AND e.type = 'charge.refunded'
           THEN (e.payload #>> '{data,object,amount_refunded}')::bigint > 0
                AND NOT EXISTS (SELECT FROM payment_facts f
                                WHERE f.stripe_payment_id = e.payload #>> '{data,object,payment_intent}' AND f.kind IN ('partly_refunded', 'refunded')
                                  AND f.amount >= (e.payload #>> '{data,object,amount_refunded}')::bigint)
           ELSE false END

-- check: an event tells of a dispute that nothing is known of
SELECT e.id || ' of ' || (e.payload #>> '{data,object,payment_intent}') || ': ' || (e.payload #>> '{data,object,status}')
FROM stripe_events e
WHERE e.state = 'settled' AND e.type LIKE 'charge.dispute.%'
  AND NOT EXISTS (SELECT FROM payment_facts f
                  WHERE f.stripe_payment_id = e.payload #>> '{data,object,payment_intent}' AND f.source = e.payload #>> '{data,object,id}'
                    AND f.kind = CASE e.payload #>> '{data,object,status}' WHEN 'won' THEN 'dispute_won' WHEN 'lost' THEN 'dispute_lost' ELSE 'disputed' END)

-- check: a payment has no purchase
SELECT s.payment || ' is ' || s.status
FROM standing s
JOIN checkouts c ON c.id = s.checkout
WHERE s.status <> '' AND c.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM purchases p WHERE p.stripe_payment_id = s.payment)

-- check: a purchase does not stand where its payment does
SELECT p.stripe_payment_id || ' is ' || p.status || ', its payment ' || coalesce(nullif(s.status, ''), 'not made')
FROM purchases p
LEFT JOIN standing s ON s.payment = p.stripe_payment_id
WHERE s.status IS DISTINCT FROM p.status

-- check: a purchase has another amount than its payment
SELECT p.stripe_payment_id || ' is ' || p.amount || ', paid ' || s.amount
FROM purchases p
JOIN standing s ON s.payment = p.stripe_payment_id
WHERE s.amount <> p.amount

-- check: a purchase differs from its checkout
SELECT p.stripe_payment_id
FROM purchases p
JOIN checkouts c ON c.id = p.checkout_id
WHERE (c.user_id, c.module_type, c.currency, c.state) IS DISTINCT FROM (p.user_id, p.module_type, p.currency, 'complete')

-- check: a paid purchase opens nothing
SELECT p.stripe_payment_id || ' of ' || p.module_type
FROM purchases p
JOIN standing s ON s.payment = p.stripe_payment_id AND s.open
JOIN checkouts c ON c.id = p.checkout_id AND NOT c.gift
WHERE NOT EXISTS (SELECT FROM grants g WHERE g.purchase_id = p.id AND g.user_id = p.user_id AND g.module_key = p.module_type AND g.revoked_at IS NULL)

-- check: a purchase opens what is not paid
SELECT p.stripe_payment_id || ' opens ' || g.module_key
FROM grants g
JOIN purchases p ON p.id = g.purchase_id
LEFT JOIN standing s ON s.payment = p.stripe_payment_id
WHERE g.revoked_at IS NULL AND (NOT coalesce(s.open, false) OR g.module_key <> p.module_type OR g.user_id <> p.user_id)

-- check: a paid gift has no code that counts
SELECT p.stripe_payment_id || ' of ' || p.module_type
FROM purchases p
JOIN standing s ON s.payment = p.stripe_payment_id AND s.open
JOIN checkouts c ON c.id = p.checkout_id AND c.gift
WHERE NOT EXISTS (SELECT FROM gifts g WHERE g.stripe_payment_id = p.stripe_payment_id AND g.module_key = p.module_type AND g.voided_at IS NULL)

-- check: a gift's code counts, but it is not paid
SELECT g.stripe_payment_id || ' of ' || g.module_key
FROM gifts g
LEFT JOIN standing s ON s.payment = g.stripe_payment_id
WHERE g.voided_at IS NULL AND NOT coalesce(s.open, false)

-- check: a gift opens what is not given
SELECT g.stripe_payment_id || ' opens ' || r.module_key
FROM grants r
JOIN gifts g ON g.id = r.gift_id
WHERE r.revoked_at IS NULL AND (g.voided_at IS NOT NULL OR r.module_key <> g.module_key)

-- check: the ledger lacks a payment, or has another amount
SELECT s.payment || ' of ' || s.amount
FROM standing s
WHERE s.status IN ('completed', 'refunded') AND s.checkout IS NOT NULL
  AND NOT EXISTS (SELECT FROM ledger l WHERE l.stripe_payment_id = s.payment AND l.kind = 'sale' AND l.amount = s.amount)

-- check: the ledger lacks a refund, or has another amount
SELECT s.payment || ' of ' || s.back
FROM standing s
WHERE s.status IN ('completed', 'refunded') AND s.checkout IS NOT NULL AND s.back > 0
  AND NOT EXISTS (SELECT FROM ledger l WHERE l.stripe_payment_id = s.payment AND l.kind = 'refund' AND l.amount = s.back)

-- check: the ledger lacks a lost dispute, or has another amount
SELECT s.payment || ' of ' || s.lost
FROM standing s
WHERE s.status = 'refunded' AND s.checkout IS NOT NULL AND s.lost > 0
  AND NOT EXISTS (SELECT FROM ledger l WHERE l.stripe_payment_id = s.payment AND l.kind = 'dispute' AND l.amount = s.lost)

-- check: the ledger has what nobody paid
SELECT l.stripe_payment_id || ': ' || l.kind || ' of ' || l.amount
FROM ledger l
LEFT JOIN standing s ON s.payment = l.stripe_payment_id
WHERE s.status IS NULL OR s.status NOT IN ('completed', 'refunded')
   OR l.kind = 'refund' AND s.back = 0 OR l.kind = 'dispute' AND s.lost IS NULL

-- check: a checkout is complete, but nothing was bought
SELECT c.id::text
FROM checkouts c
WHERE c.state = 'complete' AND c.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM purchases p WHERE p.checkout_id = c.id)

-- check: a buyer is not told of a purchase
SELECT p.stripe_payment_id
FROM purchases p
WHERE p.status = 'completed' AND p.checkout_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM refunds r WHERE r.stripe_payment_id = p.stripe_payment_id)
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'purchase-confirmation' AND o.payload ->> 'purchase' = p.id::text)
  AND NOT EXISTS (SELECT FROM mails m WHERE m.cause = 'purchase:' || p.id)

-- check: a confirmation is done, but its mail was not sent
SELECT p.stripe_payment_id
FROM outbox o
JOIN purchases p ON p.id::text = o.payload ->> 'purchase' AND p.status = 'completed'
WHERE o.kind = 'purchase-confirmation' AND o.state = 'done'
  AND NOT EXISTS (SELECT FROM mails m WHERE m.cause = 'purchase:' || p.id AND m.state = 'sent')

-- check: a mail confirms a purchase that is none
SELECT m.cause
FROM mails m
WHERE m.kind = 'purchase-confirmation' AND m.user_id IS NOT NULL AND m.cause NOT LIKE 'resend:%'
  AND NOT EXISTS (SELECT FROM purchases p WHERE m.cause = 'purchase:' || p.id AND p.user_id = m.user_id)

-- check: a mail is pending, but no job will send it (handbook retry KIND, or have it sent again on its reader's page under people)
SELECT m.kind || ' ' || m.id
FROM mails m
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(o.state NOT IN ('done', 'dead')), false) AS live, coalesce(bool_or(o.state = 'dead'), false) AS dead
    FROM outbox o
    WHERE o.kind IN (m.kind, 'resend-mail')
      AND EXISTS (SELECT FROM jsonb_each_text(o.payload) AS each (k, v) WHERE v IN (m.id::text, split_part(m.cause, ':', 2)))) jobs
WHERE m.state = 'pending' AND m.address <> '' AND NOT jobs.live
  -- A job that is done may have found nothing to tell any more, and is forgotten some time; of these there is always something to tell.
  AND (jobs.dead OR m.kind IN ('refund-notice', 'goodbye')
       OR EXISTS (SELECT FROM purchases p WHERE m.cause = 'purchase:' || p.id AND p.status = 'completed'))
  AND NOT EXISTS (SELECT FROM resends r JOIN mails again ON again.cause = 'resend:' || r.id AND again.state = 'sent' WHERE r.mail_id = m.id)

-- check: a refund is due, but nobody will do it
SELECT r.stripe_payment_id
FROM refunds r
WHERE r.stripe_refund_id IS NULL
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'refund-payment' AND o.payload ->> 'payment' = r.stripe_payment_id AND o.state NOT IN ('done', 'dead'))

-- check: a refund was given an hour ago, but Stripe has not told of it
SELECT r.stripe_payment_id
FROM refunds r
WHERE r.stripe_refund_id IS NOT NULL AND r.created_at < now() - interval '1 hour'
  AND NOT EXISTS (SELECT FROM payment_facts f WHERE f.stripe_payment_id = r.stripe_payment_id AND f.kind LIKE '%refunded')

-- check: a payer is not told of a refund
SELECT r.stripe_payment_id
FROM refunds r
-- Whose account is deleted has a mail if Stripe told an address, and else cannot be told.
WHERE r.stripe_refund_id IS NOT NULL AND r.user_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'refund-notice' AND o.payload ->> 'payment' = r.stripe_payment_id)
  AND NOT EXISTS (SELECT FROM mails m WHERE m.cause = 'refund:' || r.stripe_payment_id)

-- check: a reader is not told that a free order was taken back
SELECT p.stripe_payment_id
FROM purchases p
JOIN payment_facts f ON f.stripe_payment_id = p.stripe_payment_id AND f.kind = 'withdrawn'
WHERE p.amount = 0
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'refund-notice' AND o.payload ->> 'payment' = p.stripe_payment_id)
  AND NOT EXISTS (SELECT FROM mails m WHERE m.cause = 'refund:' || p.stripe_payment_id)

-- check: a job about money is dead
SELECT kind || ' ' || id || ': ' || left(error, 200)
FROM outbox
WHERE state = 'dead' AND kind IN ('purchase-confirmation', 'payment-failed', 'refund-payment', 'refund-notice', 'reconcile')

-- check: a version that readers have has no package for reading offline (handbook jobs shows why; handbook reprocess MODULE makes it)
SELECT v.module_id || ' ' || v.version
FROM content_versions v
WHERE v.is_active AND v.activated_at < now() - interval '15 minutes'
  AND NOT EXISTS (SELECT FROM packages p WHERE p.version_id = v.id)
  AND NOT EXISTS (SELECT FROM outbox o
                  WHERE o.kind = 'generate-offline-package' AND o.payload ->> 'version' = v.id::text AND o.state NOT IN ('done', 'dead'))

-- check: analytics name somebody whose account is deleted
SELECT DISTINCT e.user_id::text
FROM analytics_events e
WHERE e.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users u WHERE u.id = e.user_id)
