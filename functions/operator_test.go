package functions_test

import (
	"encoding/csv"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/google/uuid"

	"pilothandbook/functions"
	"pilothandbook/functions/checkout"
	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/chromium"
)

// desk is an operator at a browser, in a handbook in which something waits for
// them on every page.
type desk struct {
	*testing.T
	p        *platform.Platform
	op, ana  *platformtest.User
	purchase string // ana's, of $59.00
	page     *rod.Page
	said     func() []string // by the console
	width    string
}

// TestOperator does in a browser what operators do, on a phone and on a desk.
func TestOperator(t *testing.T) {
	t.Parallel()
	b := chromium.Start(t)
	for _, s := range []chromium.Screen{chromium.Phone("light"), chromium.Desk("dark")} {
		d := sit(t, b, s)
		d.stepUp()
		d.find()
		d.grant()
		d.refund()
		d.resend()
		d.role()
		d.activate()
		d.retry()
		d.report()
		d.audit()
		d.export()
	}
}

// sit opens the desk.
func sit(t *testing.T, b *rod.Browser, s chromium.Screen) *desk {
	t.Helper()
	cfg := platformtest.Config(t)
	till := platformtest.OpenTill(t, cfg)
	d := &desk{T: t, p: platformtest.Serve(t, cfg, functions.All), width: strconv.Itoa(s.Width)}
	platformtest.Shelf(t, d.p)
	d.op, d.ana = platformtest.Operator(t, d.p), platformtest.Learner(t, d.p, "ana.navarro@example.com")
	var to struct{ URL string }
	platformtest.Call(t, d.p, checkout.Routes(d.p), d.ana, "POST", "/checkout/instrument", platformtest.Agreed()).Into(t, &to)
	till.Pay(t, to.URL)
	for _, event := range till.Events(t, d.p) {
		platformtest.Send(t, d.p, stripehook.Routes(d.p), platformtest.SignedEvent(t, d.p, event))
	}
	d.purchase = platformtest.Text(t, d.p, `SELECT id::text FROM purchases`)
	draft := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding")
	draft.Version.Version, draft.Checksum, draft.Changelog = "1.1.0", "instrument-1.1.0", "Holding says more."
	draft.Lessons[0].HTML = strings.Replace(draft.Lessons[0].HTML, "Words of", "More words of", 1)
	platformtest.Draft(t, d.p, draft)
	for _, sql := range []string{
		`INSERT INTO mails (id, cause, kind, user_id, address, subject, state, sent_at) VALUES (gen_random_uuid(), 'welcome:' || $1::uuid, 'welcome-email', $1, 'ana.navarro@example.com', 'Welcome aboard', 'sent', now())`,
		`INSERT INTO reports (id, lesson_id, version, user_id, text) VALUES (gen_random_uuid(), 'holding', '1.0.0', $1, 'The third figure is upside down.')`,
		`INSERT INTO outbox (id, kind, queue, payload, state, attempt, failures, error, finished_at) VALUES (gen_random_uuid(), 'sync-progress', 'content-processing', jsonb_build_object('user', $1::uuid), 'dead', 4, 3, E'no route to the host\ngoroutine 1', now())`,
	} {
		platformtest.Exec(t, d.p, sql, d.ana.ID)
	}
	platformtest.Exec(t, d.p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	d.page = chromium.Tab(t, b, cfg.AuthURL, d.op.Secret, s)
	d.said = chromium.Listen(t, d.page)
	return d
}

// seen checks a page that is open, and keeps a picture of it.
func (d *desk) seen(name string) {
	d.Helper()
	chromium.Fits(d, d.page)
	if said := d.said(); len(said) > 0 {
		d.Errorf("%s, %s wide: the console says %q", name, d.width, said)
	}
	chromium.Picture(d, d.page, "operator-"+name+"-"+d.width)
}

// refused takes what the console says of an answer that refuses a form.
func (d *desk) refused(status string) {
	d.Helper()
	if said := d.said(); len(said) != 1 || !strings.Contains(said[0], "status of "+status) {
		d.Errorf("an answer of %s makes the console say %q", status, said)
	}
}

func (d *desk) visit(path string) {
	d.Helper()
	chromium.Visit(d, d.page, d.p.Config.AuthURL+path)
}

// link follows the link with this text.
func (d *desk) link(text string) {
	d.Helper()
	d.press("a", text)
}

// press follows what is named so, and waits for the page to which it leads.
func (d *desk) press(element, text string) {
	d.Helper()
	mark := chromium.Eval(d, d.page, `() => {
		for (const e of document.querySelectorAll("[data-pressed]")) delete e.dataset.pressed
		const found = [...document.querySelectorAll("main `+element+`")].find((e) => e.textContent.trim() === `+strconv.Quote(text)+` && e.offsetHeight > 0)
		if (found) found.dataset.pressed = ""
		return String(Boolean(found))
	}`)
	if mark != "true" {
		d.Fatalf("there is no %s %q: %s", element, text, chromium.Eval(d, d.page, `() => document.querySelector("main").innerText`))
	}
	chromium.Follow(d, d.page, "[data-pressed]")
}

func (d *desk) shows(selector, pattern string) {
	d.Helper()
	chromium.Shows(d, d.page, selector, pattern)
}

// stepUp shows that it is them, from the page that asks for it back to it.
func (d *desk) stepUp() {
	d.Helper()
	d.visit("/admin/purchases/" + d.purchase + "/refund")
	d.shows("p", "show first that it is you")
	d.seen("asks")
	d.link("Show that it is me")
	d.seen("confirm")
	d.press("button", "Mail me a code")
	to, err := url.Parse(chromium.Eval(d, d.page, `() => location.href`))
	if err != nil {
		d.Fatal(err)
	}
	code, err := account.MakeCode(d.Context(), d.p.DB, d.p.Config.AuthSecret.Reveal(), uuid.MustParse(strings.TrimPrefix(to.Path, "/signin/")))
	if err != nil {
		d.Fatal(err)
	}
	d.seen("code")
	chromium.Type(d, d.page, "#code", code.Digits)
	d.press("button", "Sign in with the code")
	d.shows("h1", "Give a payment back")
}

// find looks for ana by a part of her address, and reads why she may read.
func (d *desk) find() {
	d.Helper()
	d.visit("/admin")
	d.link("People")
	chromium.Type(d, d.page, "#q", "navarro")
	d.press("button", "Look")
	d.seen("found")
	d.link(d.ana.Email)
	d.shows("li", `Instrument Rating\s+Open\s+Bought on .*payment `)
	d.shows("li", `Private and Commercial Pilot\s+Closed\s+They have neither bought it nor been given it`)
	d.seen("person")
}

// grant opens a module to her until a day, and reads so in what happened.
func (d *desk) grant() {
	d.Helper()
	d.link("Open or close a module")
	chromium.Choose(d, d.page, "#module", "Private and Commercial Pilot")
	chromium.Type(d, d.page, "#reason", "a prize of the school")
	chromium.Eval(d, d.page, `() => { document.querySelector("#until").value = "2020-01-31" }`)
	d.press("button", "Open it")
	d.refused("400")
	d.shows("#until-error", "a day after today")
	if kept := chromium.Eval(d, d.page, `() => document.querySelector("#module").value + " " + document.querySelector("#reason").value`); kept != "private_commercial a prize of the school" {
		d.Errorf("what was typed became %q", kept)
	}
	d.seen("grant-wrong")
	chromium.Eval(d, d.page, `() => { document.querySelector("#until").value = "2096-01-31" }`)
	d.press("button", "Open it")
	d.shows("[role=status]", "It is open to them now")
	d.seen("granted")
	d.link(d.ana.Email)
	d.shows("li", `Private and Commercial Pilot\s+Open\s+Given by an operator on .*until 1 February 2096, 00:00 UTC: a prize of the school`)
	d.shows("ol li", "Private and Commercial Pilot was given by an operator")
	d.seen("timeline")
}

// refund gives the payment back: a slip first, which keeps what was typed.
func (d *desk) refund() {
	d.Helper()
	d.link("Give it back")
	chromium.Choose(d, d.page, "#reason", "It was bought by mistake")
	chromium.Type(d, d.page, "#amount", "5.90")
	d.press("button", "Give $59.00 back")
	d.refused("400")
	d.shows("#amount-error", ".")
	const kept = `() => [document.querySelector("#amount").value, document.querySelector("#amount").ariaInvalid, document.querySelector("#reason").value].join(" ")`
	if got := chromium.Eval(d, d.page, kept); got != "5.90 true mistake" {
		d.Errorf("what was typed became %q", got)
	}
	d.seen("refund-wrong")
	chromium.Type(d, d.page, "#amount", "59.00")
	d.press("button", "Give $59.00 back")
	d.shows("[role=status]", "Stripe is asked to give it back")
	d.seen("refunded")
	d.link(d.ana.Email)
	d.shows("li", `Being given back`)
}

func (d *desk) resend() {
	d.Helper()
	d.link("Mails")
	chromium.Click(d, d.page, "details summary")
	chromium.Type(d, d.page, "details[open] [name=reason]", "it went to spam")
	d.seen("resend")
	d.press("details[open] button", "Send it again")
	d.shows("[role=status]", "It is sent again")
	d.shows("li", "Sent again on .*: it went to spam")
	d.seen("resent")
	d.link(d.ana.Email)
}

func (d *desk) role() {
	d.Helper()
	d.link("Roles")
	d.press("button", "Give the role author")
	d.shows("[role=status]", "They have the role now")
	d.seen("role")
}

// activate looks at what a new version changes, activates it, and takes readers
// back.
func (d *desk) activate() {
	d.Helper()
	d.visit("/versions")
	d.seen("modules")
	d.visit("/versions/instrument")
	d.seen("versions")
	d.link("What differs from the active version")
	d.shows("ins", "More")
	d.seen("diff")
	d.visit("/versions/instrument")
	d.press("button", "Activate")
	d.shows("h1", "Activate 1.1.0")
	d.shows("li", "Lesson vor-and-hsi")
	d.seen("activate")
	d.press("button", "Activate 1.1.0")
	d.shows("[role=status]", "Readers have that version now")
	d.press("button", "Activate")
	d.shows("p", "this is a roll back")
	d.seen("roll-back")
	d.press("button", "Activate 1.0.0")
	d.shows("[role=status]", "Readers have that version now")
	if active := platformtest.Text(d, d.p, `SELECT version FROM content_versions WHERE module_id = 'instrument' AND is_active`); active != "1.0.0" {
		d.Errorf("readers have %s", active)
	}
}

func (d *desk) retry() {
	d.Helper()
	d.visit("/admin/jobs?state=failed")
	d.shows("li", "no route to the host")
	d.seen("jobs")
	d.press("button", "Try it again")
	d.shows("[role=status]", "The job is tried again")
	d.seen("retried")
}

func (d *desk) report() {
	d.Helper()
	d.visit("/admin/reports")
	d.shows("blockquote", "upside down")
	chromium.Click(d, d.page, "details summary")
	chromium.Choose(d, d.page, "details[open] select", "mended")
	chromium.Type(d, d.page, "details[open] [name=word]", "turned around")
	d.seen("report")
	d.press("details[open] button", "Close it")
	d.shows("[role=status]", "It is closed")
	d.link("Those that are closed")
	d.shows("li", "turned around")
	d.seen("closed")
}

// audit reads in the record all that was done.
func (d *desk) audit() {
	d.Helper()
	d.visit("/admin/audit")
	d.seen("audit")
	var got []string
	for line := range strings.Lines(chromium.Eval(d, d.page, `() => [...document.querySelectorAll("ol.rows strong")].map((e) => e.textContent).join("\n")`)) {
		got = append(got, strings.TrimSpace(line))
	}
	slices.Reverse(got)
	want := "Grant given, Refund ordered, Mail resent, Role given, Version activated, Version activated, Job retried, Report closed"
	if seen := strings.Join(got[max(0, len(got)-8):], ", "); seen != want {
		d.Errorf("the record has %s, want %s", seen, want)
	}
}

// export downloads the sales as the page's link does, and finds the lines of
// the page in it.
func (d *desk) export() {
	d.Helper()
	platformtest.Exec(d, d.p, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		SELECT gen_random_uuid(), now() - make_interval(hours => n), (ARRAY['sale', 'refund', 'dispute'])[n % 3 + 1], 'bundle', 1000 + n, 'usd', 'pi_' || n
		FROM generate_series(1, 20) n`)
	d.visit("/admin/sales")
	d.seen("sales")
	shown := chromium.Eval(d, d.page, `() => [...document.querySelectorAll("[data-row]")].map((e) => e.querySelector("time").dateTime + " " + e.dataset.amount).join("\n")`)
	body := chromium.Eval(d, d.page, `async () => {
		const answer = await fetch([...document.querySelectorAll("main a")].find((e) => e.textContent === "All of these as CSV").href)
		return answer.headers.get("Content-Disposition").startsWith("attachment") ? await answer.text() : String(answer.status)
	}`)
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != 22 {
		d.Fatalf("%d lines, %v: %s", len(rows), err, body)
	}
	var lines []string
	for _, r := range rows[1:] {
		lines = append(lines, r[0]+" "+strings.Replace(r[4], ".", "", 1))
	}
	if got := strings.Join(lines, "\n"); got != shown {
		d.Errorf("the file has\n%s\nand the page\n%s", got, shown)
	}
}
