package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pilothandbook/handbook/attention"
	"pilothandbook/handbook/offline"
	"pilothandbook/migrations"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/mail"
	"pilothandbook/platform/queue"
	"pilothandbook/worker"
)

const oldestPostgres = 14

// postgres looks at the server, and at what the database tells of the rest.
func (d doctor) postgres(ctx context.Context, f *findings) {
	if d.Config.DatabaseURL == "" {
		f.add(bad, "PostgreSQL", "DATABASE_URL is not set", "set it as web and worker have it")
		return
	}
	var version int
	var name string
	var readOnly bool
	err := d.DB.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),
		       pg_is_in_recovery() OR current_setting('transaction_read_only')::bool`).Scan(&version, &name, &readOnly)
	switch {
	case err != nil:
		f.add(bad, "PostgreSQL", "it does not answer: "+err.Error(), "see that it runs, and that DATABASE_URL is its address and password")
		return
	case version < oldestPostgres:
		f.add(bad, "PostgreSQL", "version "+name+" is too old", fmt.Sprintf("update it to %d or newer", oldestPostgres))
	case readOnly:
		f.add(bad, "PostgreSQL", "it can only be read: it is a standby, or set to read-only", "lead DATABASE_URL to the primary")
	default:
		f.add(ok, "PostgreSQL", "version "+name+" answers and can be written", "")
	}
	d.clock(ctx, f)
	d.connections(ctx, f)
	if d.schema(ctx, f) {
		d.schedules(ctx, f)
		d.offline(ctx, f)
		d.attention(ctx, f)
		if !readOnly {
			d.storage(ctx, f)
		}
	}
}

// clock compares ours with PostgreSQL's, by which everything is timed.
func (d doctor) clock(ctx context.Context, f *findings) {
	asked := d.Now()
	var theirs time.Time
	if err := d.DB.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&theirs); err != nil {
		f.add(bad, "clock", "PostgreSQL does not tell the time: "+err.Error(), "see how busy it is, and whether it is stopping")
		return
	}
	took := d.Now().Sub(asked)
	compareClocks(f, "PostgreSQL", theirs.Sub(asked.Add(took/2)), took/2)
}

// apart is how far clocks may be apart.
const apart = 2 * time.Second

func compareClocks(f *findings, whose string, ahead, unsure time.Duration) {
	if ahead.Abs()-unsure > apart {
		f.add(bad, "clock", fmt.Sprintf("this machine's clock and that of %s are %s apart", whose, ahead.Abs().Round(100*time.Millisecond)),
			"set the clock by NTP: signatures, leases and codes are timed")
		return
	}
	f.add(ok, "clock", fmt.Sprintf("it agrees with that of %s", whose), "")
}

// whenUnread helps where PostgreSQL answers, and a table cannot be read.
const whenUnread = "see how busy PostgreSQL is, and that the user of DATABASE_URL may read all tables: it is to be the one who ran handbook migrate"

// schema reports whether the rest can be asked.
func (d doctor) schema(ctx context.Context, f *findings) bool {
	at, err := db.Version(ctx, d.DB)
	newest := migrations.Newest()
	switch {
	case err != nil:
		f.add(bad, "schema", "there is none: "+err.Error(), "handbook migrate")
	case at < newest:
		f.add(bad, "schema", fmt.Sprintf("it is at %d, this program needs %d", at, newest), "handbook migrate")
	case at > newest:
		f.add(warn, "schema", fmt.Sprintf("it is at %d, and this program knows %d: a newer one has migrated", at, newest), "run the doctor of the newest program")
	default:
		f.add(ok, "schema", fmt.Sprintf("it is at %d, as this program needs", at), "")
	}
	return err == nil && at >= newest
}

// late is how much later than its slot a schedule may be entered.
const late = 2 * time.Minute

// schedules looks whether a worker lives, by what it does again and again.
func (d doctor) schedules(ctx context.Context, f *findings) {
	for _, s := range worker.Schedules() {
		var seconds *float64
		err := d.DB.QueryRow(ctx, `
			SELECT extract(epoch FROM now() - max(slot))::float8
			FROM schedule
			WHERE name = $1`, s.Name).Scan(&seconds)
		const do = "see that a worker runs: its log, and /api/health of the worker"
		switch {
		case err != nil:
			f.add(bad, "schedule", s.Name+": "+err.Error(), whenUnread)
		case seconds == nil:
			f.add(warn, "schedule", s.Name+" has never begun", do)
		case time.Duration(*seconds*float64(time.Second)) > s.Every+late:
			age := time.Duration(*seconds) * time.Second
			f.add(bad, "schedule", fmt.Sprintf("%s began %s ago, but is to begin every %s", s.Name, age, s.Every), do)
		default:
			f.add(ok, "schedule", fmt.Sprintf("%s begins every %s", s.Name, s.Every), "")
		}
	}
}

// offline looks whether packages can be sent and opened.
func (d doctor) offline(ctx context.Context, f *findings) {
	lost, err := offline.LostKeys(ctx, d.DB, offline.Keyring(d.Config))
	switch {
	case err != nil:
		f.add(bad, "offline", err.Error(), whenUnread)
	case len(lost) == 0:
		f.add(ok, "offline", "CONTENT_ENCRYPTION_KEY has the keys that packages need", "")
	}
	for _, l := range lost {
		f.add(bad, "offline", "nobody can fetch or open the packages of "+l.Module+": "+l.Err.Error(), whenLost)
	}
}

// attention tells what waits for an operator.
func (d doctor) attention(ctx context.Context, f *findings) {
	items, err := attention.List(ctx, d.DB)
	if err != nil {
		f.add(bad, "attention", err.Error(), whenUnread)
		return
	}
	for _, i := range items {
		if !i.Act {
			f.add(ok, "attention", fmt.Sprintf("%s: %d", strings.ReplaceAll(i.Name, "_", " "), i.Count), "")
			continue
		}
		says := fmt.Sprintf("%d %s, the first for %s", i.Count, i.Says, i.Oldest.Round(time.Second))
		if i.Kind != "" {
			says += ", of kind " + i.Kind
		}
		if i.Cause != "" {
			says += ": " + i.Cause
		}
		f.add(bad, "attention", says, i.Do)
	}
}

// redis looks at the queue's server, and at the caches' if it is another.
func (d doctor) redis(ctx context.Context, f *findings) {
	if d.Config.RedisURL == "" {
		f.add(bad, "Redis", "REDIS_URL is not set", "set it as web and worker have it")
		return
	}
	fits, err := queue.Fits(ctx, d.Redis)
	_, unfit := errors.AsType[queue.Unfit](err)
	switch {
	case unfit:
		f.add(bad, "Redis", err.Error(), "workers refuse to start with it")
	case err != nil:
		f.add(bad, "Redis", "it does not answer: "+err.Error(), "see that it runs, and that REDIS_URL is its address and password; with REDIS_IP_FAMILY=4 or 6, that it has such an address")
	case !fits:
		f.add(warn, "Redis", "it answers, but does not tell its maxmemory-policy", "see to it that it is noeviction")
	default:
		f.add(ok, "Redis", "it answers and keeps what it has accepted", "")
	}
}

// caches looks at the caches' own server.
func (d doctor) caches(ctx context.Context, f *findings) {
	if d.Config.RedisCacheURL == "" || d.Config.RedisCacheURL == d.Config.RedisURL {
		return
	}
	const do = "see that it runs, and that REDIS_CACHE_URL is its address and password; until then all is slower, and limits are stricter"
	c, err := cache.Quick(d.Config.RedisCacheURL.Reveal(), d.Config.RedisIPFamily)
	if err != nil {
		f.add(bad, "caches", "REDIS_CACHE_URL cannot be read", do)
		return
	}
	defer c.Close()
	if err := c.Ping(ctx).Err(); err != nil {
		f.add(bad, "caches", "their Redis does not answer: "+err.Error(), do)
		return
	}
	f.add(ok, "caches", "their own Redis answers", "")
}

// mail signs in at the mail server, and sends nothing.
func (d doctor) mail(ctx context.Context, f *findings) {
	if d.worker.MailURL == "" {
		f.add(warn, "mail", "MAIL_URL is not set here; the worker needs it", "run the doctor with the worker's variables too")
		return
	}
	sender, err := mail.New(d.worker.MailURL.Reveal(), d.worker.MailFrom)
	if err != nil {
		f.add(bad, "mail", err.Error(), "correct MAIL_URL or MAIL_FROM")
		return
	}
	if err := sender.Probe(ctx); err != nil {
		f.add(bad, "mail", err.Error(), "see that the address, user and password of MAIL_URL are right, and that the port is not blocked from here")
		return
	}
	f.add(ok, "mail", sender.String()+" lets us in (no mail was sent)", "")
}
