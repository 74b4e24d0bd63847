package progress

// What tests look at from within.
var Parse = parse

const MaxIntervals = maxIntervals
