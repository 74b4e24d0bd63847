package post_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// subscribe signs somebody in who owns a module, by this grant, and wants to
// hear of new versions.
func subscribe(t *testing.T, p *platform.Platform, email, module string) *platformtest.User {
	t.Helper()
	who := platformtest.Learner(t, p, email)
	if module != "" {
		platformtest.Grant(t, p, who, module)
	}
	if err := account.Choose(t.Context(), p.DB, who.ID, account.ContentUpdates, true); err != nil {
		t.Fatal(err)
	}
	return who
}

// due returns what waits in the outbox of a kind, and takes it out.
func due[A any](t *testing.T, p *platform.Platform, kind string) []A {
	t.Helper()
	rows, err := p.DB.Query(t.Context(), `DELETE FROM outbox WHERE kind = $1 RETURNING payload`, kind)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[A])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const (
	announcement = "content-update-notification"
	mailing      = "content-update-mail"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Shelf(t, p)
	due[job.ContentUpdateNotification](t, p, announcement)
	ana, bea := subscribe(t, p, "ana@example.com", "instrument"), subscribe(t, p, "bea@example.com", "bundle")
	platformtest.Grant(t, p, bea, "instrument") // twice an owner
	platformtest.Exec(t, p, `UPDATE users SET name = 'Ana <b>' WHERE id = $1`, ana.ID)
	subscribe(t, p, "other@example.com", "private_commercial")
	subscribe(t, p, "nothing@example.com", "")
	back, over := subscribe(t, p, "back@example.com", "instrument"), subscribe(t, p, "over@example.com", "instrument")
	platformtest.Revoke(t, p, back, "instrument")
	platformtest.Exec(t, p, `UPDATE grants SET expires_at = now() WHERE user_id = $1`, over.ID)
	unasked := platformtest.Learner(t, p, "unasked@example.com")
	platformtest.Grant(t, p, unasked, "instrument")

	pub := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi")
	pub.Version.Version, pub.Checksum, pub.Changelog = "1.1.0", "instrument-1.1.0", "Holding: a second example & a <drawing>.\nVOR: shorter."
	platformtest.Publish(t, p, pub)
	told := due[job.ContentUpdateNotification](t, p, announcement)
	if len(told) != 1 {
		t.Fatalf("%d announcements, want one", len(told))
	}
	if err := j.Announce(t.Context(), told[0]); err != nil {
		t.Fatal(err)
	}
	mails := due[job.ContentUpdateMail](t, p, mailing)
	if len(mails) != 2 {
		t.Fatalf("%d mails are added, want ana's and bea's", len(mails))
	}
	for _, m := range append(mails, mails...) { // a job may run twice
		if err := j.Update(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 2 {
		t.Fatalf("%d mails, want 2", len(all))
	}
	stop := address + "/mailchoice/" + account.UnsubscribeToken(p.Config.AuthSecret.Reveal(), ana.ID, account.ContentUpdates)
	for _, m := range all {
		if m.Subject != "New in Instrument Rating: edition 1.1.0" || !strings.Contains(m.Text, "a second example & a <drawing>.\nVOR: shorter.") ||
			!strings.Contains(m.HTML, "&lt;drawing&gt;") || !strings.Contains(m.Text, address+"/modules/instrument") {
			t.Errorf("subject %q, text %q", m.Subject, m.Text)
		}
		if m.To != ana.Email {
			continue
		}
		if !strings.Contains(m.Text, "Hello Ana <b>,") || !strings.Contains(m.Text, stop) || !strings.Contains(m.HTML, stop) ||
			m.Header.Get("List-Unsubscribe") != "<"+stop+">" || m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" ||
			m.Header.Get("List-Id") != "<content-updates.handbook.example>" || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("ana's mail: %q, header %v", m.Text, m.Header)
		}
	}
}

// A bundle's own version is told to who owns the bundle, not to who owns a part.
func TestUpdateOfBundle(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Shelf(t, p)
	subscribe(t, p, "ana@example.com", "instrument")
	subscribe(t, p, "bea@example.com", "bundle")
	due[job.ContentUpdateNotification](t, p, announcement)
	platformtest.Publish(t, p, version.Publication{
		Version: version.Version{Module: "bundle", Version: "1.1.0", Title: "Complete Pilot Handbook", Checksum: "bundle-1.1.0", Changelog: "Now in one.",
			Includes: []string{"private_commercial", "instrument"}},
		Price: 11900, Currency: "usd",
	})
	for _, a := range due[job.ContentUpdateNotification](t, p, announcement) {
		if err := j.Announce(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range due[job.ContentUpdateMail](t, p, mailing) {
		if err := j.Update(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].To != "bea@example.com" || all[0].Subject != "New in Complete Pilot Handbook: edition 1.1.0" || !strings.Contains(all[0].Text, address+"/modules/bundle") {
		t.Errorf("mails: %+v", all)
	}
}

// A worker makes of an activation an announcement, and of that a mail.
func TestUpdateByWorker(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	platformtest.Sell(t, p)
	subscribe(t, p, "ana@example.com", "instrument")
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	platformtest.Exec(t, p, `DELETE FROM content_versions WHERE module_id = 'instrument'`)
	platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding"))
	for _, kind := range []string{announcement, mailing} {
		var id uuid.UUID
		if err := p.DB.QueryRow(t.Context(), `SELECT id FROM outbox WHERE kind = $1 AND queue = 'email-queue'`, kind).Scan(&id); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if s := work(t, p, j, id); s.State != queue.Done {
			t.Fatalf("%s is %s: %s", kind, s.State, s.Error)
		}
	}
	if all := b.All(); len(all) != 1 || all[0].To != "ana@example.com" {
		t.Errorf("mails: %+v", all)
	}
}

// Between the announcement and the mail somebody may change their mind, and
// the version may be taken back.
func TestUpdateThatIsNoNewsAnyMore(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	first := platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding"))
	pub := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding")
	pub.Version.Version, pub.Checksum = "1.1.0", "instrument-1.1.0"
	second := platformtest.Publish(t, p, pub)
	ana := subscribe(t, p, "ana@example.com", "instrument")
	for _, tc := range []struct {
		name, change string
		arg          any
		mails        int
	}{
		{"unsubscribed", `UPDATE mail_choices SET wanted = false WHERE user_id = $1`, ana.ID, 0},
		{"subscribed again", `UPDATE mail_choices SET wanted = true WHERE user_id = $1`, ana.ID, 0},
		{"refunded", `UPDATE grants SET revoked_at = now() WHERE user_id = $1`, ana.ID, 0},
		{"bought again", `UPDATE grants SET revoked_at = NULL WHERE user_id = $1`, ana.ID, 0},
		{"taken back", `UPDATE content_versions SET is_active = false WHERE id = $1`, second.ID, 0},
		{"an older one is active", `UPDATE content_versions SET is_active = true WHERE id = $1`, first.ID, 0},
		{"neither is", `UPDATE content_versions SET is_active = false WHERE id = $1`, first.ID, 0},
		{"active", `UPDATE content_versions SET is_active = true WHERE id = $1`, second.ID, 1},
	} {
		platformtest.Exec(t, p, tc.change, tc.arg)
		if strings.HasSuffix(tc.name, "again") {
			continue
		}
		if err := j.Update(t.Context(), job.ContentUpdateMail{User: ana.ID, Version: second.ID}); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got := len(b.All()); got != tc.mails {
			t.Errorf("%s: %d mails, want %d", tc.name, got, tc.mails)
		}
	}
	if err := j.Update(t.Context(), job.ContentUpdateMail{User: uuid.New(), Version: second.ID}); err != nil {
		t.Errorf("of a deleted account: %v", err)
	}
}

// All of many owners are told once, a batch at a time.
func TestAnnounceToMany(t *testing.T) {
	t.Parallel()
	const owners = 120
	p := open(t)
	platformtest.Publish(t, p, platformtest.Volume("instrument", "Instrument Rating", 5900, "holding"))
	platformtest.Exec(t, p, `
		WITH people AS (
			INSERT INTO users (id, email) SELECT gen_random_uuid(), n || '@example.com' FROM generate_series(1, $1::int) n RETURNING id
		), chosen AS (
			INSERT INTO mail_choices (user_id, list, wanted) SELECT id, 'content-updates', true FROM people
		)
		INSERT INTO grants (id, user_id, module_key) SELECT gen_random_uuid(), id, 'instrument' FROM people`, owners)
	j := jobs(t, p, "smtp+plain://127.0.0.1:1")
	for range 4 {
		for _, a := range due[job.ContentUpdateNotification](t, p, announcement) {
			if err := j.Announce(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
	}
	told := map[uuid.UUID]int{}
	for _, m := range due[job.ContentUpdateMail](t, p, mailing) {
		told[m.User]++
	}
	if len(told) != owners {
		t.Errorf("%d owners are told, want %d", len(told), owners)
	}
	for user, n := range told {
		if n != 1 {
			t.Errorf("%s is told %d times", user, n)
		}
	}
	if left := due[job.ContentUpdateNotification](t, p, announcement); len(left) != 0 {
		t.Errorf("announcements are left: %v", left)
	}
}

func TestPasskeyAdded(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	a := job.PasskeyAdded{User: ana.ID, Passkey: uuid.New()}
	if err := j.PasskeyAdded(t.Context(), a); err != nil {
		t.Errorf("one that is deleted already: %v", err)
	}
	platformtest.Exec(t, p, `
		INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name, created_at)
		VALUES ($1, $2, 'x', '', 0, 0, 'Safari on iPhone', $3)`, a.Passkey, ana.ID, time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC))
	for range 2 {
		if err := j.PasskeyAdded(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].To != ana.Email {
		t.Fatalf("mails: %+v", all)
	}
	for _, want := range []string{"Safari on iPhone", "4 March 2026, 23:30 UTC", address + "/passkeys", address + "/devices", "handbook@example.com"} {
		if !strings.Contains(all[0].Text, want) || !strings.Contains(all[0].HTML, want) {
			t.Errorf("the mail does not name %s:\n%s", want, all[0].Text)
		}
	}
}
