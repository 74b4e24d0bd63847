package stripehook

// Verify is verify, for tests that ask it more often than a request is fast.
var Verify = verify
