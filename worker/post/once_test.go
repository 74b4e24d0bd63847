package post_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/post"
)

func TestWelcome(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `UPDATE users SET name = 'Ana <b>O''Neil</b>' WHERE id = $1`, ana.ID)
	for range 3 {
		if err := j.Welcome(t.Context(), job.WelcomeEmail{User: ana.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Welcome(t.Context(), job.WelcomeEmail{User: uuid.New()}); err != nil {
		t.Errorf("of a deleted account: %v", err)
	}
	all := b.All()
	if len(all) != 1 {
		t.Fatalf("%d mails, want 1", len(all))
	}
	m := all[0]
	if m.Subject != "Welcome to the Interactive Pilot Handbook" || !strings.Contains(m.Text, "Hello Ana <b>O'Neil</b>,") || strings.Contains(m.HTML, "<b>") {
		t.Errorf("subject %q, text %q, HTML %q", m.Subject, m.Text, m.HTML)
	}
	for _, want := range []string{address + "/", address + "/account", "handbook@example.com"} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			t.Errorf("the mail does not name %s", want)
		}
	}
	if got := m.Header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted: %q", got)
	}
	if got := states(t, p); got != "welcome-email sent "+m.Subject {
		t.Errorf("mails: %q", got)
	}
}

func TestRetryKeepsMessageID(t *testing.T) {
	t.Parallel()
	p, d := open(t), server(t, busy, busy)
	j := jobs(t, p, d.url)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for try := range 4 {
		err := j.Welcome(t.Context(), job.WelcomeEmail{User: ana.ID})
		if (err != nil) != (try < 2) {
			t.Errorf("try %d: %v", try, err)
		}
	}
	heard := d.sources()
	if len(heard) != 3 || messageID(heard[0]) == "" || messageID(heard[0]) != messageID(heard[1]) || messageID(heard[1]) != messageID(heard[2]) {
		t.Errorf("%d tries, ids %q and %q; want 3 with one id", len(heard), messageID(heard[0]), messageID(heard[len(heard)-1]))
	}
}

// buy records a purchase, as if it had been settled.
func buy(t *testing.T, p *platform.Platform, user uuid.UUID, module, status string) job.PurchaseConfirmation {
	t.Helper()
	platformtest.Exec(t, p, `
		INSERT INTO modules (key, title, price, includes)
		VALUES ('private_commercial', 'Private & Commercial', 7900, '{}'), ('instrument', 'Instrument', 7900, '{}'),
		       ('bundle', 'Both modules', 12900, '{private_commercial,instrument}')
		ON CONFLICT DO NOTHING`)
	id := uuid.New()
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, purchased_at)
		VALUES ($1, $2, $3, $4, 12900, $5, '2026-03-04 23:30Z')`, id, user, "pi_"+id.String(), module, status)
	return job.PurchaseConfirmation{Purchase: id}
}

func TestConfirmation(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	a := buy(t, p, ana.ID, "bundle", "completed")
	for range 2 {
		if err := j.Confirmation(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].To != "ana@example.com" || all[0].Subject != "Your purchase: Both modules" {
		t.Fatalf("mails: %+v", all)
	}
	for _, want := range []string{
		"$129.00", "4 March 2026", "pi_" + a.Purchase.String(), address + "/orders", "handbook@example.com", "ana@example.com",
		address + "/modules/instrument", address + "/modules/private_commercial",
	} {
		if !strings.Contains(all[0].Text, want) || !strings.Contains(all[0].HTML, want) {
			t.Errorf("the mail does not name %s:\n%s", want, all[0].Text)
		}
	}
	if !strings.Contains(all[0].Text, "Private & Commercial") || strings.Contains(all[0].Text, "/modules/bundle") {
		t.Errorf("text %q", all[0].Text)
	}
}

// TestFreeConfirmation: of what was free nothing is said to have been paid.
func TestFreeConfirmation(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	a := buy(t, p, platformtest.Learner(t, p, "ana@example.com").ID, "instrument", "completed")
	platformtest.Exec(t, p, `UPDATE purchases SET stripe_payment_id = 'cs_test_1', amount = 0, discount = 12900`)
	if err := jobs(t, p, b.URL()).Confirmation(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{b.All()[0].Text, b.All()[0].HTML} {
		if !strings.Contains(text, "It was free with your promotion code") || strings.Contains(text, "$") || strings.Contains(text, "Paid") || strings.Contains(text, "cs_test_1") || strings.Contains(text, "payment above") {
			t.Errorf("it says %s", text)
		}
	}
}

func TestNoConfirmation(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, a := range []job.PurchaseConfirmation{
		buy(t, p, ana.ID, "instrument", "refunded"), buy(t, p, ana.ID, "instrument", "pending"), {Purchase: uuid.New()},
	} {
		if err := j.Confirmation(t.Context(), a); err != nil {
			t.Error(err)
		}
	}
	if got := len(b.All()); got != 0 || states(t, p) != "" {
		t.Errorf("%d mails, rows %q; want none", got, states(t, p))
	}
}

func add(t *testing.T, p *platform.Platform, a queue.Args) (id uuid.UUID) {
	t.Helper()
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = queue.Add(t.Context(), tx, a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// work runs a worker until the job is over, and returns its status.
func work(t *testing.T, p *platform.Platform, j post.Jobs, id uuid.UUID) queue.Status {
	t.Helper()
	mux := queue.NewMux(job.Queues()...)
	queue.Handle(mux, j.SignInCode)
	queue.Handle(mux, j.Welcome)
	queue.Handle(mux, j.Confirmation)
	queue.Handle(mux, j.Announce)
	queue.Handle(mux, j.Update)
	queue.Handle(mux, j.Report)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	stopped := make(chan error, 1)
	go func() {
		stopped <- queue.NewWorker(queue.Options{Pool: p.DB, Redis: p.Redis, Channel: platform.WakeChannel, Monitor: p.Monitor, Log: p.Log}, mux).Run(ctx)
	}()
	defer func() {
		stop()
		<-stopped
	}()
	for ctx.Err() == nil {
		s, err := queue.Look(ctx, p.DB, id)
		if err != nil {
			t.Fatal(err)
		}
		if s.State == queue.Done || s.State == queue.Dead {
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the job was not over in time")
	return queue.Status{}
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	p, d := open(t), server(t, refused)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `DELETE FROM outbox`) // what signing in added
	j := jobs(t, p, d.url)
	a := buy(t, p, ana.ID, "instrument", "completed")

	s := work(t, p, j, add(t, p, a))
	if s.State != queue.Dead || !strings.Contains(s.Error, "550") || strings.Contains(s.Error, "ana@example.com") {
		t.Errorf("job is %s: %q", s.State, s.Error)
	}
	if got := states(t, p); got != "purchase-confirmation failed Your purchase: Instrument" {
		t.Errorf("mails: %q", got)
	}
	// An operator tries it again once the address is mended.
	if s := work(t, p, j, add(t, p, a)); s.State != queue.Done || states(t, p) != "purchase-confirmation sent Your purchase: Instrument" {
		t.Errorf("again: %s %q, mails %q", s.State, s.Error, states(t, p))
	}
	if got := len(d.sources()); got != 2 {
		t.Errorf("%d mails heard, want 2", got)
	}
}

func TestWorkerSends(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	ask(t, p, "ana@example.com")
	var id uuid.UUID
	if err := p.DB.QueryRow(t.Context(), `SELECT id FROM outbox`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	s := work(t, p, jobs(t, p, b.URL()), id)
	if got := len(b.All()); s.State != queue.Done || got != 1 {
		t.Errorf("job is %s %q, %d mails; want done and 1", s.State, s.Error, got)
	}
}

// waits returns once somebody waits for a lock.
func waits(t *testing.T, p *platform.Platform) {
	t.Helper()
	const somebody = `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for platformtest.Text(t, p, somebody) == "0" {
		time.Sleep(10 * time.Millisecond)
	}
}

// A mail that is tried again while its account is deleted goes to nobody, and
// brings no address back.
func TestDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `INSERT INTO mails (id, cause, kind, user_id, address) VALUES (gen_random_uuid(), 'welcome:' || $1::uuid::text, 'welcome-email', $1, 'ana@example.com')`, ana.ID)
	tried := make(chan error, 1)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE mails SET address = '' WHERE user_id = $1`, ana.ID); err != nil {
			return err
		}
		go func() { tried <- j.Welcome(t.Context(), job.WelcomeEmail{User: ana.ID}) }()
		waits(t, p) // it has read the address
		_, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, ana.ID)
		return err
	})
	if err = errors.Join(err, <-tried); err != nil {
		t.Error(err)
	}
	var kept string
	if err := p.DB.QueryRow(t.Context(), `SELECT address FROM mails`).Scan(&kept); err != nil || kept != "" || len(b.All()) != 0 {
		t.Errorf("address %q is kept, %v; %d mails", kept, err, len(b.All()))
	}
}
