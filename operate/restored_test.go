package operate_test

import (
	"strings"
	"testing"

	"pilothandbook/operate"
	"pilothandbook/platform/platformtest"
)

// A backup has jobs as queued whose tickets were lost with Redis: a handbook
// that was restored has them wait again.
func TestReconcileRestored(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	platformtest.Exec(t, p, `
		INSERT INTO outbox (id, kind, queue, payload, state, attempt, lease_until)
		VALUES (gen_random_uuid(), 'odd', 'odd', '{}', 'queued', 2, now() + interval '1 minute')`)
	if n, said := fsck(t, p); n != 1 {
		t.Fatalf("%d differences before:\n%s", n, said)
	}
	var said strings.Builder
	if err := operate.Reconcile(t.Context(), p, true, &said); err != nil || !strings.Contains(said.String(), "1 jobs wait again") {
		t.Errorf("%v, said %q", err, said.String())
	}
	if n, said := fsck(t, p); n != 0 {
		t.Errorf("%d differences after:\n%s", n, said)
	}
	if got := platformtest.Text(t, p, `SELECT state || attempt FROM outbox WHERE kind = 'odd'`); got != "waiting3" {
		t.Errorf("the job is %s", got)
	}
}
