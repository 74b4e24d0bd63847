package lesson_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/functions/lesson"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

const (
	freePage = "/modules/private_commercial/lessons/density-altitude"
	paidPage = "/modules/private_commercial/lessons/weight-and-balance"
)

// ask sends a request with headers given as "Name: value".
func ask(t *testing.T, p *platform.Platform, who *platformtest.User, method, path string, headers ...string) platformtest.Answer {
	t.Helper()
	r := platformtest.Request(t, who, method, path, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return platformtest.Send(t, p, lesson.Routes(p), r)
}

// TestClosed looks for words of a paid lesson wherever somebody who may not
// read it could meet them.
func TestClosed(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	owner := platformtest.Learner(t, p, "owner@example.com")
	platformtest.Grant(t, p, owner, "private_commercial")
	other := platformtest.Learner(t, p, "other@example.com")
	platformtest.Grant(t, p, other, "instrument")
	refunded := platformtest.Learner(t, p, "refunded@example.com")
	platformtest.Grant(t, p, refunded, "private_commercial")
	platformtest.Revoke(t, p, refunded, "private_commercial")

	for _, path := range []string{paidPage, "/api" + paidPage} {
		read := ask(t, p, owner, "GET", path)
		if read.Status != http.StatusOK || !strings.Contains(read.Body, platformtest.Canary) {
			t.Fatalf("the owner cannot read %s: %d", path, read.Status)
		}
		for name, who := range map[string]*platformtest.User{
			"nobody": nil, "other module": other, "refunded": refunded, "operator": platformtest.Operator(t, p),
		} {
			for _, method := range []string{"GET", "HEAD"} {
				for _, accept := range []string{"text/html", "application/json"} {
					got := ask(t, p, who, method, path, "Accept: "+accept, "If-None-Match: "+read.Header.Get("ETag"), "If-None-Match: *")
					if got.Status != http.StatusPaymentRequired {
						t.Errorf("%s %s as %s: status %d", method, path, name, got.Status)
					}
					if strings.Contains(got.Body, platformtest.Canary) || got.Header.Get("ETag") != "" || got.Header.Get("Cache-Control") != "no-store" {
						t.Errorf("%s %s as %s tells of the lesson: %v %s", method, path, name, got.Header, got.Body)
					}
				}
			}
		}
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for name, who := range map[string]*platformtest.User{"signed-in": ana, "signed-out": nil} {
		_, doc := platformtest.Page(t, p, lesson.Routes(p), who, paidPage)
		platformtest.Golden(t, "offer-"+name+".txt", platformtest.Gist(doc))
	}
	got := ask(t, p, ana, "GET", "/api"+paidPage)
	want := `{"error":"\"Lesson weight-and-balance\" is part of a module that is not yours yet. /api/modules/private_commercial tells what it costs."}` + "\n"
	if got.Body != want {
		t.Errorf("got %s, want %s", got.Body, want)
	}
}

// TestUnsure: nobody is asked to pay again what is being paid, or in question.
func TestUnsure(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, state, params, expires_at)
		SELECT gen_random_uuid(), id, 'bundle', 11900, 'usd', false, 'complete', '{}', now() FROM users`)
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id)
		SELECT gen_random_uuid(), user_id, 'pi_1', module_type, amount, 'pending', id FROM checkouts`)
	for _, tc := range []struct{ sql, want string }{
		{`SELECT`, "A payment is under way"},
		{`
			WITH paid AS (UPDATE purchases SET status = 'completed' RETURNING *)
			INSERT INTO grants (id, user_id, module_key, purchase_id, revoked_at)
			SELECT gen_random_uuid(), user_id, module_type, id, now() FROM paid`, "Your payment is in question"},
	} {
		platformtest.Exec(t, p, tc.sql)
		_, doc := platformtest.Page(t, p, lesson.Routes(p), ana, paidPage)
		offer := doc.Find(".offer")
		if !strings.Contains(offer.Text(), tc.want) || offer.Find(`a[href^="/orders/"]`).Length() != 1 || offer.Find(".price").Length() != 0 {
			t.Errorf("got %s, want %s", offer.Text(), tc.want)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	_, doc := platformtest.Page(t, p, lesson.Routes(p), nil, freePage)
	platformtest.Golden(t, "free.txt", platformtest.Gist(doc))
	_, doc = platformtest.Page(t, p, lesson.Routes(p), ana, paidPage)
	platformtest.Golden(t, "paid.txt", platformtest.Gist(doc))
	if n := doc.Find(`article[data-lesson="weight-and-balance"][data-module="private_commercial"] [data-sync]`).Length(); n != 1 {
		t.Errorf("%d places for the state of saving", n)
	}
	got := ask(t, p, ana, "GET", "/api"+paidPage)
	platformtest.Golden(t, "paid.json", got.Body)
}

// TestSame shows that a page holds nothing of its reader.
func TestSame(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	bob := platformtest.Learner(t, p, "bob@example.com")
	platformtest.Grant(t, p, ana, "private_commercial")
	platformtest.Grant(t, p, bob, "bundle")
	for _, encoding := range []string{"", "gzip", "br"} {
		mine := ask(t, p, ana, "GET", paidPage, "Accept-Encoding: "+encoding)
		his := ask(t, p, bob, "GET", paidPage, "Accept-Encoding: "+encoding)
		nobodys := ask(t, p, nil, "GET", freePage, "Accept-Encoding: "+encoding)
		free := ask(t, p, ana, "GET", freePage, "Accept-Encoding: "+encoding)
		for _, pair := range [][2]platformtest.Answer{{mine, his}, {nobodys, free}} {
			pair[0].Header.Del("X-Request-Id")
			pair[1].Header.Del("X-Request-Id")
			if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
				t.Errorf("two readers get different pages:\n%s", diff)
			}
		}
		if got := mine.Header.Get("Content-Encoding"); got != encoding {
			t.Errorf("asked for %q, got %q", encoding, got)
		}
		if cc := mine.Header.Get("Cache-Control"); cc != "private, no-cache" {
			t.Errorf("Cache-Control %q", cc)
		}
	}
}

func TestNotModified(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "private_commercial")

	first := ask(t, p, ana, "GET", paidPage, "Accept-Encoding: br")
	tag := first.Header.Get("ETag")
	again := ask(t, p, ana, "GET", paidPage, "Accept-Encoding: br", "If-None-Match: "+tag)
	if again.Status != http.StatusNotModified || again.Body != "" || again.Header.Get("ETag") != tag {
		t.Errorf("status %d, ETag %q, body %q", again.Status, again.Header.Get("ETag"), again.Body)
	}
	if other := ask(t, p, ana, "GET", paidPage, "If-None-Match: "+tag); other.Status != http.StatusOK {
		t.Errorf("another encoding with the same tag: %d", other.Status)
	}
	head := ask(t, p, ana, "HEAD", paidPage, "Accept-Encoding: br")
	if head.Status != http.StatusOK || head.Body != "" || head.Header.Get("Content-Length") != first.Header.Get("Content-Length") {
		t.Errorf("HEAD: %d, %q", head.Status, head.Body)
	}

	platformtest.Revoke(t, p, ana, "private_commercial")
	after := ask(t, p, ana, "GET", paidPage, "Accept-Encoding: br", "If-None-Match: "+tag)
	if after.Status != http.StatusPaymentRequired {
		t.Errorf("after a refund: %d", after.Status)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	for _, path := range []string{
		"/modules/nope/lessons/holding", "/modules/private_commercial/lessons/nope", "/modules/private_commercial/lessons/holding",
		"/modules/bundle/lessons/holding", "/modules/%00/lessons/x", "/modules/private_commercial/lessons/%00%ff", "/modules/" + strings.Repeat("a", 5000) + "/lessons/x",
	} {
		for _, prefix := range []string{"", "/api"} {
			if got := ask(t, p, nil, "GET", prefix+path); got.Status != http.StatusNotFound {
				t.Errorf("%.80s: status %d", prefix+path, got.Status)
			}
		}
	}
}
