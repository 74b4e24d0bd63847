// Package search finds sections of lessons: the text from one heading to the
// next.
//
// Split takes a lesson apart, Index writes a version's sections, and Find ranks
// them. PostgreSQL does the finding: a section's title weighs more than its
// text, words count by their stem, and what a text search would take apart
// ("91.155", "V_A", "PA.I.F.K2") is a code, kept whole and with its prefixes,
// in an array of its own.
//
// A word that many sections contain would cost as much as there are sections to
// rank. So only so many of those that match are ranked: first those with the
// words in their titles, then the others, in the order in which they are
// stored.
//
// A query that finds too little is asked again: with its last word as the
// beginning of one, as it may still be being typed; then with words that no
// lesson has replaced by the one they were probably meant to be.
//
// Text of a lesson that the reader may not read never leaves this package:
// such a lesson is told by its title and summary, once.
package search
