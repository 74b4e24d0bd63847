package operate

import (
	"context"
	"fmt"

	"pilothandbook/platform/config"
)

// connected is how many connections PostgreSQL allows, and who has some now.
type connected struct{ limit, others, web, worker, lambda int }

func (d doctor) connected(ctx context.Context) (c connected, err error) {
	const open = `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND `
	const ours = open + `datname = d.datname AND application_name = `
	err = d.DB.QueryRow(ctx, `
		SELECT least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
		                 - coalesce(current_setting('reserved_connections', true)::int, 0),
		             nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1)),
		       (`+open+`application_name NOT LIKE 'handbook%'), (`+ours+`$1), (`+ours+`$2), (`+ours+`$3)
		FROM pg_roles r, pg_database d
		WHERE r.rolname = current_user AND d.datname = current_database()`,
		config.Web.Application(), config.Worker.Application(), config.Lambda.Application()).Scan(&c.limit, &c.others, &c.web, &c.worker, &c.lambda)
	return c, err
}

// connections adds up what both services may open, twice, as old and new ones
// overlap while a deploy lasts, and what functions on Lambda may.
func (d doctor) connections(ctx context.Context, f *findings) {
	now, err := d.connected(ctx)
	if err != nil {
		f.add(warn, "connections", "PostgreSQL does not tell how many it allows: "+err.Error(), "ask it by SHOW max_connections, and see that web and worker, both twice, and all functions fit")
		return
	}
	web, work := int(d.web.DatabaseMaxConns), int(d.worker.DatabaseMaxConns)
	functions := max(d.web.Functions, d.worker.Functions) // whose environment has it
	need := 2*(web+work) + functions + 1
	says := fmt.Sprintf("web %d and worker %d, twice while a deploy overlaps, %d for functions on Lambda, and 1 for a command are %d; PostgreSQL allows %d", web, work, functions, need, now.limit)
	doubt := d.doubt(now, web, work, functions)
	const do = "lower DATABASE_MAX_CONNS or what functions are reserved, or raise max_connections"
	switch {
	case need > now.limit:
		f.add(bad, "connections", says+doubt, do)
	case need+now.others > now.limit:
		f.add(warn, "connections", fmt.Sprintf("%s, of which others have %d%s", says, now.others, doubt), do)
	case doubt != "":
		f.add(warn, "connections", says+doubt, "run the doctor in the other service's environment too, and see that the sum is right with what is set there, with all replicas, and with LAMBDA_CONCURRENCY")
	default:
		f.add(ok, "connections", says, "")
	}
}

// doubt tells why the sum may be wrong, "" where nothing says so: the doctor
// sees one environment, and each service has its own. The local handbook is
// one process, of which all is known.
func (d doctor) doubt(now connected, web, work, functions int) (why string) {
	if !d.web.Production() {
		return ""
	}
	if web == work { // their defaults differ
		why = fmt.Sprintf("; DATABASE_MAX_CONNS is %d here and stands for both: what the other service has is not seen from here", web)
	}
	for _, s := range []struct {
		name          string
		allowed, open int
	}{{"web", web, now.web}, {"the worker", work, now.worker}, {"functions on Lambda", functions, now.lambda}} {
		if s.open > 2*s.allowed {
			why += fmt.Sprintf("; %d of %s are open now, more than twice the %d that are known of here", s.open, s.name, s.allowed)
		}
	}
	return why
}
