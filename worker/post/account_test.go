package post_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestChangeOfAddress(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	var id uuid.UUID
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = account.AskChange(t.Context(), tx, ana.ID, "new@example.com")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.EmailChanged(t.Context(), job.EmailChanged{Change: id}); err != nil || len(b.All()) != 0 {
		t.Errorf("told before it was made: %v", err)
	}
	for range 2 {
		if err := j.EmailChangeCode(t.Context(), job.EmailChangeCode{Change: id}); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].To != "new@example.com" || !strings.Contains(all[0].Text, all[0].Subject[:6]) || !strings.Contains(all[0].HTML, all[0].Subject[:6]) {
		t.Fatalf("mails: %+v", all)
	}
	err = db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		_, refused, err := account.ConfirmChange(t.Context(), tx, p.Config.AuthSecret.Reveal(), ana.ID, id, all[0].Subject[:6])
		if refused != nil {
			t.Errorf("the mailed code: %v", refused)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.EmailChanged(t.Context(), job.EmailChanged{Change: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.EmailChangeCode(t.Context(), job.EmailChangeCode{Change: id}); err != nil {
		t.Error(err)
	}
	told := 0
	for _, m := range b.All() {
		if m.To == "ana@example.com" && strings.Contains(m.Text, "new@example.com") && strings.Contains(m.HTML, "handbook@example.com") {
			told++
		}
	}
	if told != 1 || len(b.All()) != 2 {
		t.Errorf("%d mails, the old address was told %d times", len(b.All()), told)
	}
	if got := states(t, p); strings.Contains(got, all[0].Subject[:6]) {
		t.Errorf("the code is stored: %q", got)
	}
	for _, none := range []error{j.EmailChangeCode(t.Context(), job.EmailChangeCode{Change: uuid.New()}), j.EmailChanged(t.Context(), job.EmailChanged{Change: uuid.New()})} {
		if none != nil {
			t.Errorf("of a deleted account: %v", none)
		}
	}
}

func TestGoodbye(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, tc := range []struct {
		name   string
		answer error
		fails  bool
		state  string
	}{
		{"sent", nil, false, "sent "},
		{"busy", busy, true, "pending ana@example.com"},
		{"refused", refused, true, "failed "},
	} {
		d := server(t, tc.answer)
		id := uuid.New()
		platformtest.Exec(t, p, `
			INSERT INTO mails (id, cause, kind, address, subject)
			VALUES ($1, $2, 'goodbye', 'ana@example.com', 'Your account is deleted')`, id, "goodbye:"+id.String())
		if err := jobs(t, p, d.url).Goodbye(t.Context(), job.Goodbye{Mail: id}); (err != nil) != tc.fails {
			t.Errorf("%s: %v", tc.name, err)
		}
		var got string
		if err := p.DB.QueryRow(t.Context(), `SELECT state || ' ' || address FROM mails WHERE id = $1`, id).Scan(&got); err != nil || got != tc.state {
			t.Errorf("%s: %q, %v; want %q", tc.name, got, err, tc.state)
		}
		if tc.answer == nil {
			if err := jobs(t, p, d.url).Goodbye(t.Context(), job.Goodbye{Mail: id}); err != nil || len(d.sources()) != 1 {
				t.Errorf("twice: %v", err)
			}
		}
	}
}
