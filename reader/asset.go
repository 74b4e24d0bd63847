package reader

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// File is a file of the reader, under a name that changes with its content.
type File struct {
	Name string // such as handbook.1f2e3d4c.css
	Body []byte
}

// Files returns all files by their hashed names.
var Files = sync.OnceValue(func() map[string]File {
	files := map[string]File{}
	for _, f := range hashed() {
		files[f.Name] = f
	}
	return files
})

// hashed returns all files by their plain names.
var hashed = sync.OnceValue(func() map[string]File {
	files := map[string]File{}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		panic(err) // embedded: it is there
	}
	for _, e := range entries {
		body, err := static.ReadFile("static/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:4]) + ext
		files[e.Name()] = File{name, body}
	}
	return files
})

// Asset returns the address of a file by its plain name. An unknown name is a
// fault of the program.
func Asset(name string) string {
	f, ok := hashed()[name]
	if !ok {
		panic("there is no asset " + name)
	}
	return "/assets/" + f.Name
}
