// Package progress knows what a reader has learned: study events as devices
// told them, and what follows from them.
//
// # Why folding commutes
//
// A device that was offline sends its events late, twice, in pieces, or after
// another device. So progress is no counter that is added to, but a function
// of the set of events. Every part of State is a join, an operation for which
// order and repetition do not matter:
//
//	completed     OR
//	completed_at  the earliest
//	last access   the latest
//	active        the union of intervals
//
// Each is associative, commutative and idempotent, and so is Fold. Two devices
// that are open at the same time count once, because their intervals overlap;
// a lesson, once completed, stays so. Minutes are the length of the union,
// rounded down when they are shown, and are never stored as a sum.
//
// A set holds each element once: an event's id, made by the device, is its
// identity. The same id with the same body is known already; with another body
// it is a conflict, and what was stored first stays.
//
// Clocks of devices are wrong. A time is clamped between the creation of the
// account and five minutes after the event was first received, which is stored
// with it, so that folding again gives the same. A device whose clock is off by
// years therefore loses reading time, as its intervals fall together; it never
// gains any. One interval is at most five minutes, ten beats of a page.
//
// PostgreSQL does the same joins in the upsert of Record (OR, LEAST, GREATEST,
// and + of multiranges), so that devices that send at once need no lock of
// ours. Refold goes back to the events.
package progress
