// Package migrations holds the schema as numbered SQL files. They go forward
// only; a published file never changes. schema.golden.sql shows the result.
package migrations

import "embed"

// Files are the migrations, NNNN_what.sql.
//
//go:embed [0-9]*.sql
var Files embed.FS

// Newest is the number of the last file: the schema that this program needs.
const Newest = 1
