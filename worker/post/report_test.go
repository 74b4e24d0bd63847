package post_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/platformtest"
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
