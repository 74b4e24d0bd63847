package seal

// What the tests look at from outside.
var (
	Cipher = Key.cipher
	Derive = Key.derive
	Nonce  = (*File).nonce
)
