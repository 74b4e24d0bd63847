package seal_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"testing"
	"time"

	"pilothandbook/handbook/seal"
)

// minBare is the share of the bare speed, in percent, that sealing must reach.
const minBare = 60

// BenchmarkSeal hashes and seals 64 MiB from a reader to a writer, and in turn
// does bare AES-256-GCM and SHA-256 on the same bytes. %bare is the share of
// the bare speed that is reached; under minBare the benchmark fails.
func BenchmarkSeal(b *testing.B) {
	plain := content(64 << 20)
	f := file(b, key, plain)
	aead := gcm(b, key[:])
	nonce, out := make([]byte, 12), make([]byte, 0, seal.Chunk+tag)
	var ours, bare time.Duration
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		began := time.Now()
		h := sha256.New()
		for at := 0; at < len(plain); at += seal.Chunk {
			part := plain[at : at+seal.Chunk]
			h.Write(part)
			aead.Seal(out, nonce, part, nil)
		}
		h.Sum(nil)
		middle := time.Now()
		if _, err := f.Seal(io.Discard, bytes.NewReader(plain)); err != nil {
			b.Fatal(err)
		}
		bare, ours = bare+middle.Sub(began), ours+time.Since(middle)
	}
	share := 100 * float64(bare) / float64(ours)
	b.ReportMetric(share, "%bare")
	if share < minBare {
		b.Errorf("%.0f %% of the bare speed, want %d %% at least", share, minBare)
	}
}

// BenchmarkOpen is the same for opening.
func BenchmarkOpen(b *testing.B) {
	plain := content(64 << 20)
	f, closed := file(b, key, plain), sealed(b, key, plain)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		if err := f.Open(io.Discard, bytes.NewReader(closed)); err != nil {
			b.Fatal(err)
		}
	}
}
