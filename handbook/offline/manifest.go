package offline

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/google/uuid"
)

// Sum is a SHA-256, written as 64 hexadecimal digits.
type Sum [sha256.Size]byte

// MarshalText writes the digits.
func (s Sum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads the digits.
func (s *Sum) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(s) {
		return errors.New("a SHA-256 is 64 hexadecimal digits")
	}
	copy(s[:], b)
	return nil
}

// String returns the digits.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// File is a file of a package. Sizes are in bytes.
type File struct {
	Path       string `json:"path"`
	Type       string `json:"type"` // media type
	Size       int64  `json:"size"`
	SHA256     Sum    `json:"sha256"` // of the content, which its key is derived from
	SealedSize int64  `json:"sealedSize"`
	Sealed     Sum    `json:"sealed"` // of the sealed bytes, which it is fetched by
}

// Manifest lists what a package consists of. Files are in the order of their
// paths.
type Manifest struct {
	Format     int       `json:"format"` // seal.Format
	Chunk      int       `json:"chunk"`  // seal.Chunk
	Module     string    `json:"module"`
	Version    string    `json:"version"`
	Revision   int       `json:"revision"`
	Checksum   string    `json:"checksum"` // of the version
	Key        uuid.UUID `json:"key"`      // id of the module's key
	Includes   []string  `json:"includes"` // modules whose packages belong to this one, as a bundle's do
	SealedSize int64     `json:"sealedSize"`
	Files      []File    `json:"files"`
}
