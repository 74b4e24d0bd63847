package post_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

// Every operator hears once of what a reader reports.
func TestReport(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	p.Config.AdminEmails = "one@example.com, two@example.com"
	platformtest.Shelf(t, p)
	box, err := mailbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	id := uuid.New()
	_, err = p.DB.Exec(t.Context(), `
		INSERT INTO reports (id, lesson_id, version, text) VALUES ($1, 'holding', '1.0.0', 'The <second> line subtracts.')`, id)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := jobs(t, p, box.URL()).Report(t.Context(), job.ErrorReport{Report: id}); err != nil {
			t.Fatal(err)
		}
	}
	got := box.All()
	if len(got) != 2 || got[0].To != "one@example.com" || got[1].To != "two@example.com" {
		t.Fatalf("got %d mails: %+v", len(got), got)
	}
	if m := got[0]; !strings.Contains(m.Text, "The <second> line") || !strings.Contains(m.HTML, "The &lt;second&gt; line") || !strings.Contains(m.Text, "/lessons/holding") {
		t.Errorf("the mail says:\n%s\n%s", m.Text, m.HTML)
	}
}

// An operator whose mailbox is refused, or busy, keeps the report from nobody
// else, and who has it is not mailed again.
func TestReportGoesOn(t *testing.T) {
	t.Parallel()
	p, d := open(t), server(t, refused, busy, nil, refused)
	p.Config.AdminEmails = "gone@example.com, busy@example.com, third@example.com"
	platformtest.Shelf(t, p)
	id := uuid.New()
	platformtest.Exec(t, p, `INSERT INTO reports (id, lesson_id, version, text) VALUES ($1, 'holding', '1.0.0', 'The second line subtracts.')`, id)
	s := work(t, p, jobs(t, p, d.url), add(t, p, job.ErrorReport{Report: id}))
	if s.State != queue.Dead || !strings.Contains(s.Error, "550") {
		t.Errorf("job is %s: %q", s.State, s.Error)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(address || ' ' || state, ', ' ORDER BY address) FROM mails`); got != "busy@example.com sent, gone@example.com failed, third@example.com sent" {
		t.Errorf("mails: %s", got)
	}
	if got := len(d.sources()); got != 5 {
		t.Errorf("%d mails heard, want 3 and then the 2 that were not taken", got)
	}
}
