// Package purchase knows what was paid and what follows from it. What Stripe
// tells is kept as facts about a payment, a set that only grows; where the
// purchase stands is a pure function of that set (State), so that neither the
// order in which facts arrive nor their repetition matters.
//
//	known                            purchase    grants
//	nothing, or a refund alone       none        none
//	submitted                        pending     none
//	failed, whether submitted or not none        none: the reader may buy again
//	paid                             completed   the module that was sold
//	paid, part of it given back      completed   the module that was sold
//	paid, all of it given back       refunded    revoked
//	paid, a dispute is open          completed   revoked until it is won
//	paid, a dispute is lost          refunded    revoked
//	nothing to pay, but withdrawn    refunded    revoked
//
// A pending purchase whose money will not come is deleted, as nothing was
// bought; its facts stay. Of a dispute that is told both ways the loss counts.
// A bank's inquiry takes no money, and nothing follows from one. What cost
// nothing is no refund's to take back: an operator withdraws it.
//
// Settle is the one way in, and Settlement is Settle in two halves, which travel
// with a caller's own statements. The webhook calls it with what an event tells,
// the return page and the reconciler with what they have just read from Stripe;
// all may do so at once and as often as they like. It locks the payment, its
// buyer and its checkout's row, adds the facts, and writes what follows as absolute
// values: purchase, grants, ledger, the state of the checkout, and, when the
// purchase becomes completed first, the job that tells the buyer. A refund
// revokes the grants of its own purchase only, and nobody else moves those: who
// wants a bought module back refunds it. A dispute names no checkout: told
// before its sale, its fact waits for it, two months at most.
//
// Who owns a part of a bundle pays the difference to what was paid for it. When
// that goes back, the page on which the bundle can be paid is closed by a job.
// Who was faster has bought it at that price: an operator is told.
//
// A payment for what another one holds open already, and one that comes after
// its account was deleted, is noted in refunds and given back by a job, once.
// What follows from that is told by Stripe like any other refund.
//
// A sale may be of a gift: then the purchase has no grants, but a code (package
// gift), and the grant of whoever redeems it opens and closes with the payment
// like a buyer's; they are told when the gift goes back. A refund that fails at the payer's bank moves nothing: the
// books say what was promised, and the event waits for an operator.
//
// What is paid is the price, less the discount of a promotion code, with a tax
// that is in the price or comes on top; it is all in the facts and the ledger.
//
// Before anything is written, what Stripe tells is compared with the row that
// was written before the sale. What does not agree is not settled but
// quarantined: it changes nothing and waits for an operator. An e-mail address
// never decides anything.
//
// A further kind of fact is a constant, a line in State, and a word in the
// table's CHECK.
package purchase
