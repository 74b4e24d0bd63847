//go:build chaos && linux

package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"time"

	"pilothandbook/migrations"
)

// migrate migrates a few databases by two processes at once, one of which is
// killed on its way; the other one, or a third, ends the work. The last
// database is the one that is used.
func (p *plant) migrate(rng *rand.Rand) {
	p.t.Helper()
	for i := range 4 {
		name := "handbook"
		if i < 3 {
			name = fmt.Sprintf("migrated_%d", i)
		}
		p.create(name)
		after := time.Duration(rng.IntN(150)) * time.Millisecond
		p.migrateTwice(name, after)
	}
}

func (p *plant) create(name string) {
	p.t.Helper()
	c := p.connect("postgres")
	defer c.Close(p.t.Context())
	if _, err := c.Exec(p.t.Context(), `CREATE DATABASE `+name); err != nil {
		p.t.Fatal(err)
	}
}

func (p *plant) migrateTwice(name string, after time.Duration) {
	p.t.Helper()
	migrate := func() *exec.Cmd {
		cmd := exec.CommandContext(p.t.Context(), p.bin, "migrate")
		cmd.Env = []string{"DATABASE_URL=" + p.postgres.url(name)}
		return cmd
	}
	victim, other := migrate(), migrate()
	if err := victim.Start(); err != nil {
		p.t.Fatal(err)
	}
	var said []byte
	var err error
	var both sync.WaitGroup
	both.Go(func() { said, err = other.CombinedOutput() })
	time.Sleep(after)
	_ = victim.Process.Kill()
	_ = victim.Wait()
	both.Wait()
	if err != nil {
		p.t.Fatalf("beside a migration that was killed after %s: %v\n%s", after, err, said)
	}
	again, err := migrate().CombinedOutput()
	if err != nil || !strings.Contains(string(again), "0 migrations applied") {
		p.t.Errorf("a further migration: %v\n%s", err, again)
	}
	var version int64
	c := p.connect(name)
	defer c.Close(p.t.Context())
	if err := c.QueryRow(p.t.Context(), `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version); err != nil || version != migrations.Newest() {
		p.t.Errorf("%s: the schema is at %d, %v; want %d", name, version, err, migrations.Newest())
	}
	p.say("%s is migrated, by one of two; the other was killed after %s", name, after)
}
