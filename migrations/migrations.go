// Package migrations holds the schema as numbered SQL files. They go forward
// only; a published file never changes. schema.golden.sql shows the result.
package migrations

import (
	"embed"
	"io/fs"
)

// Files are the migrations, NNNN_what.sql, numbered from 1 without a gap.
//
//go:embed [0-9]*.sql
var Files embed.FS

// Newest returns the number of the last file: the schema that this program
// needs.
func Newest() int64 {
	files, err := fs.Glob(Files, "*.sql")
	if err != nil {
		panic(err) // the pattern is right
	}
	return int64(len(files))
}
