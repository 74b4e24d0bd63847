package purchase

// Terms is the version of the terms of sale that buyers agree to, with the
// refund promise and the privacy notice: the day from which they count. Whoever
// changes a word of them gives them a new one.
const Terms = "2026-12-01"
