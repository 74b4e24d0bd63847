// Package jobs is where operators see what happens later: what runs, waits, is
// late, or failed for good with its cause, and have the last tried again.
//
//	GET  /admin/jobs?state=&queue=&kind=&job=&before=  jobs that are not done, the newest first, as a page
//	POST /admin/jobs                                   tries all of a kind again that failed for good
//	POST /admin/jobs/:job                              tries one again
//	GET  /api/admin/jobs?state=&queue=&kind=&before=   the list as JSON
package jobs

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// sheet is how many jobs a page has.
const sheet = 50

// home is the address of the page.
const home = "/admin/jobs"

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: home, Access: web.Operator, Handle: e.show},
		{Method: "POST", Path: home, Access: web.Operator, Handle: confirm.First(p.DB, home, e.retryKind)},
		{Method: "POST", Path: home + "/:job", Access: web.Operator, Handle: confirm.First(p.DB, home, e.retryOne)},
		{Method: "GET", Path: "/api/admin/jobs", Access: web.Operator, Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

// list is a page of jobs, with what was asked for.
type list struct {
	Tallies []queue.Tally `json:"tallies"` // of all that is not done
	Jobs    []entry       `json:"jobs"`
	Next    string        `json:"next,omitempty"` // the address of the page with older ones

	State, Queue, Kind string `json:"-"`
	Older              bool   `json:"-"` // not the first page
	One                bool   `json:"-"` // a single job
	Recent             bool   `json:"-"` // signed in a moment ago
	Confirm            string `json:"-"`
	Retried            int    `json:"-"` // how many were just put back
	Text               string `json:"-"` // why none was
}

// entry is a job with what a page needs beside it.
type entry struct {
	queue.Job
	Person *uuid.UUID `json:"person,omitempty"` // whom it is about
}

// Cause returns the first line of the error: of a panic, not its stack.
func (e entry) Cause() string {
	cause, _, _ := strings.Cut(e.Error, "\n")
	return cause
}

// Stack returns what follows the first line of the error.
func (e entry) Stack() string {
	_, stack, _ := strings.Cut(e.Error, "\n")
	return stack
}

// TraceID returns the trace's own part of its traceparent, "" if there is none.
func (e entry) TraceID() string {
	if parts := strings.Split(e.Trace, "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}

// Queues lists the queues that have something to show.
func (l list) Queues() []string { return l.names(func(t queue.Tally) string { return t.Queue }) }

// Kinds lists the kinds that have something to show.
func (l list) Kinds() []string { return l.names(func(t queue.Tally) string { return t.Kind }) }

func (l list) names(of func(queue.Tally) string) []string {
	var names []string
	for _, t := range l.Tallies {
		names = append(names, of(t))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	retried, _ := strconv.Atoi(r.URL.Query().Get("retried")) // what is no number says nothing
	return e.answer(w, r, http.StatusOK, func(l *list) { l.Retried = max(0, retried) })
}

func (e endpoint) answer(w http.ResponseWriter, r *http.Request, status int, change func(*list)) error {
	asked := &url.URL{Path: home, RawQuery: r.URL.RawQuery} // where a form was sent there is nothing to read
	l, err := e.read(r.Context(), asked)
	if err != nil {
		return err
	}
	if l.Recent, err = confirm.Recent(r.Context(), e.db); err != nil {
		return err
	}
	l.Confirm = confirm.Page(asked.RequestURI())
	change(&l)
	return e.page.Show(w, r, status, reader.View{Title: "Jobs", Notice: e.notice, Data: l})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	l, err := e.read(r.Context(), r.URL)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, l)
}

// read returns the page of jobs that an address asks for.
func (e endpoint) read(ctx context.Context, asked *url.URL) (list, error) {
	query := asked.Query()
	l := list{Jobs: []entry{}, State: query.Get("state"), Queue: plain(query.Get("queue")), Kind: plain(query.Get("kind"))}
	f := queue.Filter{State: l.State, Queue: l.Queue, Kind: l.Kind, Limit: sheet + 1}
	if !slices.Contains([]string{queue.AnyState, queue.Pending, queue.Late, queue.Active, queue.Failed}, l.State) {
		return l, fault.New(fault.NotFound, "There is no such list of jobs. Begin with all of them.")
	}
	var err error
	if before := query.Get("before"); before != "" {
		if f.Before, err = uuid.Parse(before); err != nil {
			return l, fault.New(fault.NotFound, "There is no such page of jobs. Begin with the newest ones.")
		}
		l.Older = true
	}
	if one := query.Get("job"); one != "" {
		if f.ID, err = uuid.Parse(one); err != nil {
			return l, fault.New(fault.NotFound, "There is no such job. The list shows all that are not done.")
		}
		l.One = true
	}
	if l.Tallies, err = queue.Tallies(ctx, e.db); err != nil {
		return l, err
	}
	found, err := queue.Find(ctx, e.db, f)
	if err != nil {
		return l, err
	}
	if len(found) > sheet {
		found = found[:sheet]
		query.Set("before", found[sheet-1].ID.String())
		query.Del("retried")
		l.Next = asked.Path + "?" + query.Encode()
	}
	l.Jobs, err = about(ctx, e.db, found)
	return l, err
}

// plain leaves out what PostgreSQL cannot compare.
func plain(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "") }

// about finds the persons whom jobs are about.
func about(ctx context.Context, q db.Querier, found []queue.Job) ([]entry, error) {
	names := []string{}
	for _, j := range found {
		for _, name := range j.Payload {
			names = append(names, name)
		}
	}
	persons, err := job.Persons(ctx, q, names)
	if err != nil {
		return nil, fmt.Errorf("persons of %d jobs: %w", len(found), err)
	}
	all := make([]entry, len(found))
	for i, j := range found {
		all[i].Job = j
		for _, field := range slices.Sorted(maps.Keys(j.Payload)) { // the last decides: user comes after by
			if person, ok := persons[j.Payload[field]]; ok {
				all[i].Person = &person
			}
		}
	}
	return all, nil
}
