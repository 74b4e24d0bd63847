package attention

import "time"

// questions lists what is asked. What takes a while by itself has patience.
func questions() []question {
	return []question{
		{QuarantinedEvents, "events of Stripe were not settled, as they are not understood or do not agree with what was sold",
			"read the causes with handbook fsck; then handbook replay all, which reads again from Stripe what was told in another API version; what you saw to by hand: handbook replay --seen EVENT", 0, quarantined},
		{PaidWithoutAccess, "payments opened nothing five minutes later",
			"compare with Stripe: handbook reconcile; then handbook fsck says what is wrong", 0, paidWithoutAccess},
		{RefundsFailed, "payments that are to be given back are not, and nobody tries any more",
			"handbook retry refund-payment, or give them back in Stripe's dashboard", 0, refundsFailed},
		{Underpaid, "bundles were sold at the difference to a module whose payment went back, or is in question",
			"give the bundle back on its buyer's page under people; if they may keep it, give them that module there", 0, underpaid},
		{DeadJobs, "jobs have failed for good",
			"handbook jobs shows the causes; once they are mended: handbook retry KIND", 0, dead},
		{OverdueJobs, "jobs wait that could run",
			"see that a worker of this version runs, and that it reaches Redis: handbook doctor", time.Minute, overdue},
		{MailsPending, "mails are not sent yet",
			"see that the mail server takes them: handbook doctor; handbook jobs shows the causes", time.Hour, pending},
		{InboxBehind, "the inbox was not compared with Stripe for hours",
			"see that a worker runs; or compare now: handbook reconcile", 0, behind},
		{Unpacked, "versions that readers have cannot be read offline, as they have no package",
			"handbook jobs shows why; once that is mended: handbook reprocess MODULE", 15 * time.Minute, unpacked},
	}
}

const quarantined = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(received_at)), 0)::float8,
	       coalesce((array_agg(reason ORDER BY received_at DESC))[1], '')
	FROM stripe_events
	WHERE state = 'quarantined'`

// paidWithoutAccess looks for payments that are known from facts, from events
// that were not settled, and from events about checkouts that are open all the
// same. What is on its way back opens nothing, rightly. Payments older than
// Stripe lists events are left to fsck.
const paidWithoutAccess = `
	WITH told AS NOT MATERIALIZED (
		SELECT id, type, state, received_at AS at, coalesce(payload #>> '{data,object,payment_intent}', payload #>> '{data,object,id}') AS payment,
		       payload #>> '{data,object,metadata,checkout}' AS checkout,
		       type IN ('checkout.session.completed', 'checkout.session.async_payment_succeeded')
		       AND payload #>> '{data,object,payment_status}' IN ('paid', 'no_payment_required') AS paid
		FROM stripe_events),
	paid AS (
		SELECT f.stripe_payment_id AS payment, f.at
		FROM payment_facts f
		JOIN checkouts c ON c.id = f.checkout_id AND c.user_id IS NOT NULL
		WHERE f.kind = 'paid' AND f.at > now() - interval '30 days'
		UNION ALL
		SELECT payment, at
		FROM told
		WHERE state = 'quarantined' AND paid AND checkout IS NOT NULL
		UNION ALL
		SELECT t.payment, t.at
		FROM checkouts c
		JOIN told t ON t.checkout = c.id::text
		WHERE c.state = 'open' AND c.user_id IS NOT NULL AND t.state = 'settled' AND t.paid)
	SELECT '', count(DISTINCT p.payment), coalesce(extract(epoch FROM now() - min(p.at)), 0)::float8, coalesce(max(p.payment), '')
	FROM paid p
	WHERE p.at < now() - interval '5 minutes'
	  AND NOT EXISTS (SELECT FROM payment_facts f WHERE f.stripe_payment_id = p.payment AND f.kind IN ('refunded', 'disputed', 'dispute_lost', 'withdrawn'))
	  AND NOT EXISTS (SELECT FROM refunds r WHERE r.stripe_payment_id = p.payment)
	  AND NOT EXISTS (SELECT FROM gifts g WHERE g.stripe_payment_id = p.payment AND g.voided_at IS NULL)
	  AND NOT EXISTS (
		SELECT FROM purchases b
		JOIN grants g ON g.user_id = b.user_id AND g.module_key = b.module_type AND g.purchase_id = b.id
		WHERE b.stripe_payment_id = p.payment AND g.revoked_at IS NULL)`

// refundsFailed leaves out what went back in another way: by a person in
// Stripe's dashboard, or by the payer's bank.
const refundsFailed = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(r.created_at)), 0)::float8, coalesce(max(r.stripe_payment_id), '')
	FROM refunds r
	WHERE r.stripe_refund_id IS NULL AND r.created_at < now() - interval '1 minute'
	  AND NOT EXISTS (SELECT FROM payment_facts f WHERE f.stripe_payment_id = r.stripe_payment_id AND f.kind IN ('refunded', 'dispute_lost'))
	  AND NOT EXISTS (
		SELECT FROM outbox o
		WHERE (o.state = 'waiting' OR o.state IN ('queued', 'running')) AND o.kind = 'refund-payment' AND o.payload ->> 'payment' = r.stripe_payment_id)`

// underpaid looks for open bundles whose buyers own a module no more for which
// they were cheaper, or got some of its price back since, which Stripe tells by
// the second. Whom an operator has given it may keep it. Refunds and disputes of sales older than this are rare.
const underpaid = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(p.purchased_at)), 0)::float8, coalesce(max(p.stripe_payment_id), '')
	FROM purchases p
	JOIN checkouts c ON c.id = p.checkout_id AND c.credited <> '{}' AND NOT c.gift
	WHERE p.purchased_at > now() - interval '120 days' AND p.status = 'completed'
	  AND EXISTS (SELECT FROM grants g WHERE g.purchase_id = p.id AND g.user_id = p.user_id AND g.module_key = p.module_type AND g.revoked_at IS NULL)
	  AND NOT EXISTS (SELECT FROM refunds r WHERE r.stripe_payment_id = p.stripe_payment_id)
	  AND EXISTS (
		SELECT FROM unnest(c.credited) part
		WHERE NOT EXISTS (
			SELECT FROM grants g
			LEFT JOIN purchases b ON b.id = g.purchase_id
			LEFT JOIN gifts f ON f.id = g.gift_id
			CROSS JOIN LATERAL coalesce(b.stripe_payment_id, f.stripe_payment_id) AS payment
			WHERE g.user_id = p.user_id AND g.module_key = part AND g.revoked_at IS NULL AND g.expires_at IS NULL
			  AND (payment IS NULL OR worth_of(payment, p.currency) > 0 AND NOT EXISTS (
				SELECT FROM ledger l
				WHERE l.stripe_payment_id = payment AND l.kind <> 'sale' AND l.at >= date_trunc('second', c.created_at)))))`

const dead = `
	SELECT kind, count(*), extract(epoch FROM now() - min(finished_at))::float8, split_part((array_agg(error ORDER BY finished_at DESC))[1], E'\n', 1)
	FROM outbox
	WHERE state = 'dead'
	GROUP BY kind
	ORDER BY kind`

// overdue counts too what a worker or Redis had and nobody has any more: where
// nobody sweeps, it stays as it is.
const overdue = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(due)), 0)::float8, ''
	FROM (
		SELECT run_at FROM outbox WHERE state = 'waiting' AND run_at <= now()
		UNION ALL
		SELECT lease_until FROM outbox WHERE state IN ('queued', 'running') AND lease_until < now() - interval '1 minute') AS late (due)`

// pending leaves out mails that nobody sends any more: they are tried for a
// day, and then their jobs are dead.
const pending = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8, ''
	FROM mails
	WHERE state = 'pending' AND created_at > now() - interval '2 days'`

const behind = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(created)), 0)::float8, ''
	FROM reconciled
	WHERE created < now() - interval '3 hours'`

const unpacked = `
	SELECT '', count(*), coalesce(extract(epoch FROM now() - min(v.activated_at)), 0)::float8, coalesce(string_agg(v.module_id, ', ' ORDER BY v.module_id), '')
	FROM content_versions v
	WHERE v.is_active AND v.activated_at IS NOT NULL AND NOT EXISTS (SELECT FROM packages p WHERE p.version_id = v.id)`
