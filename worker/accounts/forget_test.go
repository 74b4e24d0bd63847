package accounts_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/session"
	"pilothandbook/handbook/access"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/accounts"
)

// Who signs out while Redis is away, or whose purchase is given back, is not
// let in by what Redis kept when PostgreSQL is away afterwards.
func TestForgetReader(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	p := platformtest.Open(t, cfg)
	platformtest.Sell(t, p)
	cut := *cfg
	cut.RedisCacheURL = "redis://127.0.0.1:1"
	away := platformtest.Open(t, &cut) // a process that does not reach Redis
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	for _, who := range []*platformtest.User{ana, ben} {
		platformtest.Grant(t, p, who, "instrument")
		platformtest.Call(t, p, session.Routes(p), who, "GET", "/api/session", nil) // Redis knows them
	}
	if a := platformtest.Send(t, away, session.Routes(away), platformtest.Form(t, ana, "/signout", "")); a.Status != http.StatusSeeOther {
		t.Fatalf("sign out: %d", a.Status)
	}
	access.NewGate(away).Forget(t.Context(), ben.ID)
	rows, err := p.DB.Query(t.Context(), `SELECT payload FROM outbox WHERE kind = 'forget-reader'`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[job.ForgetReader])
	if err != nil || len(jobs) != 2 {
		t.Fatalf("jobs %v, %v; want one for each", jobs, err)
	}
	for _, a := range jobs {
		if err := (accounts.Jobs{DB: p.DB, Cache: away.Cache}).ForgetReader(t.Context(), a); err == nil {
			t.Error("done without Redis")
		}
		if err := (accounts.Jobs{DB: p.DB, Cache: p.Cache}).ForgetReader(t.Context(), a); err != nil {
			t.Error(err)
		}
	}
	later := platformtest.Open(t, cfg)
	later.DB.Close(0)
	for _, tc := range []struct {
		name string
		who  *platformtest.User
		want int
	}{{"signed out", ana, http.StatusServiceUnavailable}, {"still signed in", ben, http.StatusOK}} {
		a := platformtest.Call(t, later, session.Routes(later), tc.who, "GET", "/api/session", nil)
		if a.Status != tc.want {
			t.Errorf("%s: %d %s, want %d", tc.name, a.Status, a.Body, tc.want)
			continue
		}
		if tc.want != http.StatusOK {
			continue
		}
		var who struct{ Modules []string }
		a.Into(t, &who)
		if len(who.Modules) != 0 {
			t.Errorf("%s: Redis still opens %v", tc.name, who.Modules)
		}
	}
}
