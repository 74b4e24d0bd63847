// Package seal encrypts the files of offline packages, so that what lies on a
// reader's device is of use with a licence only.
//
// A module has one random key. The key of a file is HKDF-SHA256 of the
// module's key and the SHA-256 of the file's content: equal content has equal
// sealed bytes in every version of a module, and no key ever seals two
// contents. A file is sealed in chunks of 256 KiB by AES-256-GCM. The nonce of
// a chunk is 7 zero bytes, its number from 0 (4 bytes, big-endian) and 1 for
// the last chunk, else 0; the additional data is Format and the number of
// chunks (4 bytes, big-endian). Each chunk is followed by its tag of 16 bytes;
// an empty file is one empty chunk. So a chunk fits its own place in its own
// file alone, and a file cannot be cut short.
//
// Module keys are kept wrapped by a Keyring.
package seal
