package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"pilothandbook/handbook/seal"
)

const tag = 16

var key = seal.Key([]byte("the key of a module in the tests"))

// content returns bytes that differ everywhere.
func content(size int) []byte {
	b := make([]byte, size)
	for i := 0; i+4 <= size; i += 4 {
		binary.LittleEndian.PutUint32(b[i:], uint32(i)*2654435761)
	}
	return b
}

func file(t testing.TB, k seal.Key, plain []byte) *seal.File {
	t.Helper()
	f, err := k.File(sha256.Sum256(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func sealed(t testing.TB, k seal.Key, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	sum, err := file(t, k, plain).Seal(&b, bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	if sum != sha256.Sum256(b.Bytes()) || int64(b.Len()) != seal.Size(int64(len(plain))) {
		t.Fatalf("%d bytes are sealed as %d with the hash %x", len(plain), b.Len(), sum)
	}
	return b.Bytes()
}

// sizes lie around the borders of chunks.
var sizes = []int{0, 1, 1000, seal.Chunk - 1, seal.Chunk, seal.Chunk + 1, 2 * seal.Chunk, 3*seal.Chunk + 77}

func TestSeal(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		plain := content(size)
		closed := sealed(t, key, plain)
		if !bytes.Equal(closed, sealed(t, key, plain)) {
			t.Errorf("%d bytes are sealed in two ways", size)
		}
		var opened bytes.Buffer
		if err := file(t, key, plain).Open(&opened, iotest.OneByteReader(bytes.NewReader(closed))); err != nil || !bytes.Equal(opened.Bytes(), plain) {
			t.Errorf("%d bytes are opened as %d: %v", size, opened.Len(), err)
		}
		if size > 64 && bytes.Contains(closed, plain[32:64]) {
			t.Errorf("%d bytes can be read", size)
		}
		if bytes.Equal(closed, sealed(t, seal.NewKey(), plain)) {
			t.Errorf("%d bytes are sealed alike under two keys", size)
		}
	}
}

// TestFormat seals as doc.go says, by the standard library alone. What devices
// have must stay readable: a change of this is a change of Format.
func TestFormat(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		plain := content(size)
		sum := sha256.Sum256(plain)
		k, err := hkdf.Key(sha256.New, key[:], nil, "pilothandbook file "+string(sum[:]), 32)
		if err != nil {
			t.Fatal(err)
		}
		parts := slices.Collect(slices.Chunk(plain, 256<<10))
		if size == 0 {
			parts = [][]byte{nil}
		}
		var want []byte
		for i, part := range parts {
			nonce := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(i), 0}
			if i == len(parts)-1 {
				nonce[11] = 1
			}
			want = gcm(t, k).Seal(want, nonce, part, []byte{1, 0, 0, 0, byte(len(parts))})
		}
		if !bytes.Equal(sealed(t, key, plain), want) {
			t.Errorf("%d bytes are sealed otherwise than documented", size)
		}
	}
}

func gcm(t testing.TB, k []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// TestWycheproof holds the cipher to vectors that others have made to break
// implementations with.
func TestWycheproof(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/wycheproof-aes-256-gcm.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Tests []struct {
			ID                                 int `json:"tcId"`
			Key, IV, AAD, Msg, Ct, Tag, Result string
		}
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	valid, invalid := 0, 0
	for _, v := range vectors.Tests {
		iv, aad, msg, closed := unhex(t, v.IV), unhex(t, v.AAD), unhex(t, v.Msg), unhex(t, v.Ct+v.Tag)
		aead, err := seal.Cipher(seal.Key(unhex(t, v.Key)))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := aead.Open(nil, iv, closed, aad)
		if v.Result == "invalid" {
			invalid++
			if err == nil {
				t.Errorf("%d is opened", v.ID)
			}
			continue
		}
		valid++
		if err != nil || !bytes.Equal(plain, msg) || !bytes.Equal(aead.Seal(nil, iv, msg, aad), closed) {
			t.Errorf("%d: %x, %v", v.ID, plain, err)
		}
	}
	if valid < 20 || invalid < 25 {
		t.Errorf("%d valid and %d invalid vectors", valid, invalid)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNotTheContent: what has another size than the file is not its content.
func TestNotTheContent(t *testing.T) {
	t.Parallel()
	plain := content(seal.Chunk + 100)
	for name, src := range map[string][]byte{"short": plain[:seal.Chunk], "empty": nil, "long": append(bytes.Clone(plain), 0)} {
		if _, err := file(t, key, plain).Seal(io.Discard, bytes.NewReader(src)); !errors.Is(err, seal.ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, size := range []int64{-1, 1 << 62} {
		if _, err := key.File([32]byte{}, size); err == nil {
			t.Errorf("a file of %d bytes can be sealed", size)
		}
	}
	fails := errors.New("no room")
	if _, err := file(t, key, plain).Seal(failing{fails}, bytes.NewReader(plain)); !errors.Is(err, fails) {
		t.Error(err)
	}
	if _, err := file(t, key, plain).Seal(io.Discard, iotest.ErrReader(fails)); !errors.Is(err, fails) || errors.Is(err, seal.ErrContent) {
		t.Error(err)
	}
	if err := file(t, key, plain).Open(failing{fails}, bytes.NewReader(sealed(t, key, plain))); !errors.Is(err, fails) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// cut takes sealed bytes apart into their chunks.
func cut(closed []byte) [][]byte { return slices.Collect(slices.Chunk(closed, seal.Chunk+tag)) }

// TestTampered does to sealed files what somebody might: none of it opens.
func TestTampered(t *testing.T) {
	t.Parallel()
	// Files and versions whose chunks could be taken for each other: equal
	// sizes, equal beginnings, another module.
	first := content(3*seal.Chunk + 77)
	second := bytes.Clone(first)
	second[len(second)-1] ^= 1
	shorter := first[:2*seal.Chunk+77]
	mine := cut(sealed(t, key, first))
	strangers := [][][]byte{cut(sealed(t, key, second)), cut(sealed(t, key, shorter)), cut(sealed(t, seal.NewKey(), first))}
	f := file(t, key, first)
	rapid.Check(t, func(t *rapid.T) {
		chunks := slices.Clone(mine)
		at := rapid.IntRange(0, len(chunks)-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"flip", "truncate", "swap", "repeat", "leave out", "splice", "append"}).Draw(t, "what") {
		case "flip":
			chunks[at] = bytes.Clone(chunks[at])
			chunks[at][rapid.IntRange(0, len(chunks[at])-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "truncate":
			chunks = chunks[:at+1]
			chunks[at] = chunks[at][:rapid.IntRange(0, len(chunks[at])-1).Draw(t, "length")]
		case "swap":
			with := rapid.IntRange(0, len(chunks)-1).Filter(func(i int) bool { return i != at }).Draw(t, "with")
			chunks[at], chunks[with] = chunks[with], chunks[at]
		case "repeat":
			chunks = slices.Insert(chunks, at, chunks[at])
		case "leave out":
			chunks = slices.Delete(chunks, at, at+1)
		case "splice":
			other := rapid.SampledFrom(strangers).Draw(t, "stranger")
			chunks[at] = rapid.SampledFrom(other).Draw(t, "chunk")
		case "append":
			chunks = append(chunks, rapid.SliceOfN(rapid.Byte(), 1, 2*tag).Draw(t, "more"))
		}
		if err := f.Open(io.Discard, bytes.NewReader(bytes.Join(chunks, nil))); !errors.Is(err, seal.ErrDamaged) {
			t.Fatalf("opened: %v", err)
		}
	})
}

// TestEveryBit flips each bit of a small file.
func TestEveryBit(t *testing.T) {
	t.Parallel()
	plain := content(40)
	closed := sealed(t, key, plain)
	for i := range len(closed) * 8 {
		closed[i/8] ^= 1 << (i % 8)
		if err := file(t, key, plain).Open(io.Discard, bytes.NewReader(closed)); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("bit %d: %v", i, err)
		}
		closed[i/8] ^= 1 << (i % 8)
	}
}

// FuzzOpen: nothing but the sealed file opens.
func FuzzOpen(f *testing.F) {
	plain := content(300)
	closed := sealed(f, key, plain)
	f.Add(closed)
	f.Add(closed[:len(closed)-1])
	f.Add(append(bytes.Clone(closed), 0))
	f.Add([]byte{})
	f.Add(make([]byte, len(closed)))
	f.Add(sealed(f, key, content(299)))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := file(t, key, plain).Open(io.Discard, bytes.NewReader(b))
		if (err == nil) != bytes.Equal(b, closed) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

// TestSealed: any part of the sealed bytes is what the whole has there.
func TestSealed(t *testing.T) {
	t.Parallel()
	for _, size := range sizes {
		plain := content(size)
		want := sealed(t, key, plain)
		if err := iotest.TestReader(file(t, key, plain).Sealed(bytes.NewReader(plain)), want); err != nil && size < 2000 { // it reads byte by byte
			t.Errorf("%d bytes: %v", size, err)
		}
		f := file(t, key, plain)
		rapid.Check(t, func(t *rapid.T) {
			from := rapid.IntRange(0, len(want)).Draw(t, "from")
			to := rapid.IntRange(from, len(want)).Draw(t, "to")
			got := make([]byte, to-from)
			if n, err := f.Sealed(bytes.NewReader(plain)).ReadAt(got, int64(from)); n < len(got) || !bytes.Equal(got, want[from:to]) {
				t.Fatalf("from %d to %d of %d: %v", from, to, len(want), err)
			}
		})
	}
	plain := content(2 * seal.Chunk)
	if _, err := io.Copy(io.Discard, file(t, key, plain).Sealed(bytes.NewReader(plain[:seal.Chunk+1]))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a file is read as a whole: %v", err)
	}
}

var pairs = flag.Int("pairs", 50_000, "how many pairs of key and nonce TestKeysAndNonces makes; a million takes some 200 MiB")

// TestKeysAndNonces seals chunks of a great many files, of several modules that
// have the same files, and looks for a nonce that was used twice under one key.
func TestKeysAndNonces(t *testing.T) {
	t.Parallel()
	modules := []seal.Key{key, seal.NewKey(), seal.NewKey()}
	type pair struct {
		key   seal.Key
		nonce [12]byte
	}
	seen := make(map[pair]struct{}, *pairs)
	add := func(module seal.Key, content [32]byte, chunks int64) {
		k, err := seal.Derive(module, content)
		if err != nil {
			t.Fatal(err)
		}
		f, err := module.File(content, chunks*seal.Chunk)
		if err != nil {
			t.Fatal(err)
		}
		for chunk := range chunks {
			p := pair{k, [12]byte(seal.Nonce(f, chunk))}
			if _, ok := seen[p]; ok {
				t.Errorf("chunk %d of %d of file %x has the key and nonce of another", chunk, chunks, content)
			}
			seen[p] = struct{}{}
		}
	}
	for i := 0; len(seen) < *pairs && !t.Failed(); i++ {
		content := sha256.Sum256(binary.AppendUvarint(nil, uint64(i)))
		for _, module := range modules {
			add(module, content, int64(i%40)+1)
		}
	}
	add(key, [32]byte{}, 5000) // whose number of a chunk has more than a byte
}

func TestKeysAreSilent(t *testing.T) {
	t.Parallel()
	secret := string(key[:])
	asJSON, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s %q %x %X", key, key, key, key, key, key, key), string(asJSON),
		fmt.Sprintf("%v %+v", struct{ K seal.Key }{key}, seal.WrappingKey{ID: "a", Key: key})} {
		for _, way := range []string{secret, hex.EncodeToString(key[:]), strings.ToUpper(hex.EncodeToString(key[:])), fmt.Sprint([]byte(secret))[1:20]} {
			if strings.Contains(text, way) {
				t.Errorf("%q tells the key", text)
			}
		}
	}
}
