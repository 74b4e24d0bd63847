package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Docs returns docs/configuration.md: every variable, and which services need
// it.
func Docs() string {
	var b strings.Builder
	b.WriteString(docsHead)
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		need := strings.Join(strings.Fields(tag.Get("need")), ", ")
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", tag.Get("envconfig"), need, tag.Get("default"), tag.Get("desc"))
	}
	b.WriteString(docsFoot)
	return b.String()
}

const docsHead = `# Configuration

Every variable that the handbook reads. A service that lacks one it needs says so, with all other faults, and exits
with 1. This page is made from the program: ` + "`go test ./platform/config -update`" + ` writes it.

The local start (` + "`go run .`" + `) needs none. ` + "`PORT`, `LOG_LEVEL` and `PG_BIN`" + ` (a folder with PostgreSQL's
binaries) change it, and a ` + "`STRIPE_SECRET_KEY`" + ` that begins with sk_test_ buys at Stripe instead of the stand-in.

| variable | needed by | default | meaning |
|---|---|---|---|
`

const docsFoot = `
"lambda" is any function wrapped for AWS Lambda; the function itself may need more: stripehook needs
` + "`STRIPE_WEBHOOK_SECRET`" + `, checkout and orders need ` + "`STRIPE_SECRET_KEY`" + `, signin needs ` + "`AUTH_SECRET`" + `,
file and licence need ` + "`CONTENT_ENCRYPTION_KEY`" + `.
"command" is a word that works on the database and ends, such as ` + "`handbook migrate`" + `.

Authors set ` + "`HANDBOOK_URL` and `HANDBOOK_TOKEN`" + ` for ` + "`handbook publish`" + `; a local start leaves both in .handbook/author.env,
where the command finds them. While it runs, it leaves its whole configuration in .handbook/operator.env, for the operator's
words (jobs, retry, reconcile, replay, fsck, doctor), which use it where DATABASE_URL is not set, and for whoever asks for
` + "`/metrics` with its `METRICS_TOKEN`" + `.

The PostgreSQL service itself is set up with ` + "`POSTGRES_DB=pilot_handbook` and `POSTGRES_USER=handbook_user`" + `.
`
