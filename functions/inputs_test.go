package functions_test

import (
	"testing"
	"time"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

// A new function needs at most one line in each of these two:
//
//   - inputs, if it changes something: what must be sent with it so that
//     somebody succeeds;
//   - more, if its path has a parameter of a new name.
//
// Then `go test ./functions -run TestMatrix -update` writes its row of
// testdata/matrix.txt, which is to be read: it is what review sees.

// input is the body of a request.
type input struct{ kind, body string }

func form(values string) input { return input{"application/x-www-form-urlencoded", values} }
func asJSON(body string) input { return input{"application/json", body} }

// aPublicKey is that of a device, RSA of 2048 bits.
const aPublicKey = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuSEjxayF04pvUDlxePJBL+I8ItUDjM6x7mf3djgjefkVYalpAOLAXiZhfc2VG0L37qqhsm5nU1GeG7QGEy/mT/zs3hIKLfUM1eCtPP5KqWgz9hKtkbpaiyK2yw+zxxRZnlZBB/Md4l7ryC/8xir+54sXznznkMpf0UpOdnwwD/1UFt868MiHAjRARgMbaTZ6tm06RPvUIS+ve4tiHGzckjnYGPsnckpGo33EbogPWpPqxEPGQNS/YzbHMnMvQjeyVenBkrVnfxFB4uuWihGcRlr/4kH/yxvjF/mhNg3Ph6Vt/UunlgCws9wSRM990nuPlyvLAtFFSsk5nUCCHsCl4wIDAQAB"

// inputs returns what is sent with the routes that change something; without
// an entry it is an empty form. {me} is the caller's address, {name} else an
// id of the world.
func inputs() map[string]input {
	return map[string]input{
		"POST /account":                            form("name=Somebody"),
		"POST /account/delete":                     form("confirm={me}"),
		"POST /account/email":                      form("email=new@example.com"),
		"POST /account/email/:change":              form("code={code}"),
		"POST /account/mail":                       form("content-updates=on"),
		"POST /admin/jobs":                         form("kind=sync-progress"),
		"POST /admin/people/:person/grants":        form("module=private_commercial&reason=a prize of the school"),
		"POST /admin/people/:person/grants/:grant": form("reason=it was a mistake"),
		"POST /admin/people/:person/mails/:mail":   form("act=" + aRun + "&reason=it was lost"),
		"POST /admin/people/:person/roles":         form("change=add&role=author"),
		"POST /admin/reports/:report":              form("outcome=mended&word=the sign was wrong"),
		"POST /admin/purchases/:purchase/refund":   form("reason=requested&amount=59.00"),
		"POST /checkout/:module":                   form("consent=on"),
		"POST /api/events":                         asJSON(`{"device":"d","events":[{"id":"` + aRun + `","lesson":"holding","kind":"finish","at":"2026-11-23T12:00:00Z"}]}`),
		"POST /api/analytics":                      asJSON(`{"events":[{"kind":"search-used","at":"` + time.Now().UTC().Format(time.RFC3339) + `"}]}`), // older ones are dropped
		"POST /api/modules/:module/licence":        asJSON(`{"publicKey":"` + aPublicKey + `"}`),
		"POST /api/uploads":                        asJSON(`{"module":"instrument","version":"2.0.0","files":[{"path":"module.yaml","size":1,"sha256":"` + sum("x") + `"}]}`),
		"POST /api/versions/:module":               asJSON(`{"activate":"1.0.0"}`),
		"POST /versions/:module":                   form("do=activate&version=1.0.0"),
		"PUT /api/blobs/:sha256":                   {"application/octet-stream", aBlob},
		"POST /reports/:lesson":                    form("text=The second sentence is wrong."),
		"POST /signin":                             form("email=visitor@example.com"),
		"POST /tokens":                             form("name=desktop"),
	}
}

// more adds what else ids lead to.
func (w *world) more(t *testing.T) {
	t.Helper()
	ana := w.people[owner].ID
	w.ids[":person"] = ana.String()
	draft := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi")
	draft.Version.Version = "1.1.0"
	w.ids["/previews/:version"] = platformtest.Draft(t, w.p, draft).ID.String()
	w.ids[":mail"] = w.one(t, `
		INSERT INTO mails (id, cause, kind, user_id, address, subject, state, sent_at)
		VALUES (gen_random_uuid(), 'welcome:' || $1::uuid, 'welcome-email', $1, '', 'Welcome', 'sent', now())
		RETURNING id`, ana)
	w.ids[":report"] = w.one(t, `SELECT id FROM reports WHERE user_id = $1`, ana)
	w.ids[":job"] = w.one(t, `
		INSERT INTO outbox (id, kind, queue, payload, state, failures, error, finished_at)
		VALUES (gen_random_uuid(), 'sync-progress', 'content-processing', jsonb_build_object('user', $1::uuid), 'dead', 3, 'a slow day', now())
		RETURNING id`, ana)
	w.ids[":grant"] = w.one(t, `INSERT INTO grants (id, user_id, module_key, reason) VALUES (gen_random_uuid(), $1, 'instrument', 'a prize') RETURNING id`, ana)
	w.ids[":purchase"] = w.one(t, `SELECT id FROM purchases WHERE user_id = $1`, ana)
	w.ids["/api/packages/:module/:file"] = platformtest.Pack(t, w.p, "instrument").Files[0].Sealed.String()
	w.ids["/mailchoice/:token"] = account.UnsubscribeToken(w.p.Config.AuthSecret.Reveal(), ana, account.ContentUpdates)
}

// byDesign names the routes where a secret in the path decides, and no cookie:
// whoever has it, and whatever site sends it, may do this one thing to the
// owner.
func byDesign() map[string]bool {
	return map[string]bool{"POST /mailchoice/:token": true}
}

// nobody names the routes that change something and where no request of the
// matrix succeeds, with the reason.
func nobody() map[string]string {
	return map[string]string{
		"POST /api/passkeys":         "wants the answer of an authenticator",
		"POST /api/passkeys/confirm": "wants the answer of an authenticator",
		"POST /api/passkeys/signin":  "wants the answer of an authenticator",
		"POST /api/stripe/webhook":   "wants Stripe's signature",
		"POST /redeem":               "wants the code of a gift",
	}
}
