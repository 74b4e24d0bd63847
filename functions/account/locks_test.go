package account_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/account"
	"pilothandbook/functions/redeem"
	"pilothandbook/functions/refund"
	"pilothandbook/functions/stripehook"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/gift"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

// scene is somebody with everything under way that their deletion meets.
type scene struct {
	p              *platform.Platform
	ana, op        *platformtest.User
	n              int
	request        uuid.UUID // to sign in
	change         uuid.UUID // of address
	digits, moving string    // the codes of both
	mark           string    // of a gift that ana bought for herself
	sale           uuid.UUID
	credential     []byte
}

func play(t *testing.T, p *platform.Platform, op *platformtest.User, n int) *scene {
	t.Helper()
	ctx, secret := t.Context(), p.Config.AuthSecret.Reveal()
	s := &scene{p: p, op: op, n: n, ana: platformtest.Learner(t, p, fmt.Sprintf("ana%d@example.com", n)), sale: uuid.New(), credential: []byte{byte(n)}}
	s.mark = fmt.Sprintf("ABCDEF%c%c", 'A'+n/26, 'A'+n%26)
	err := db.Tx(ctx, p.DB, func(tx pgx.Tx) (err error) {
		if s.request, err = accounts.Ask(ctx, tx, s.ana.Email, "the browser", "/"); err != nil {
			return err
		}
		code, err := accounts.MakeCode(ctx, tx, secret, s.request)
		if err != nil {
			return err
		}
		s.digits = code.Digits
		if s.change, err = accounts.AskChange(ctx, tx, s.ana.ID, fmt.Sprintf("new%d@example.com", n)); err != nil {
			return err
		}
		s.moving, err = accounts.MakeChangeCode(ctx, tx, secret, s.change)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	payment := fmt.Sprintf("pi_%d", n)
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at, gift, state) VALUES ($1, $2, 'instrument', 9900, 'usd', false, '{}', now() + interval '1 day', true, 'complete')`, []any{s.sale, s.ana.ID}},
		{`INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id) VALUES ($1, 'paid', 'cs', 9900, 'usd', now(), $2)`, []any{payment, s.sale}},
		{`INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id) VALUES ($1, $2, $3, 'instrument', 9900, 'completed', $1)`, []any{s.sale, s.ana.ID, payment}},
		{`INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at) VALUES ($1, $2, 'instrument', $3, now())`, []any{s.sale, payment, s.mark}},
		{`UPDATE users SET passkey_handle = decode(repeat(lpad(to_hex($2::int), 2, '0'), 64), 'hex') WHERE id = $1`, []any{s.ana.ID, n}},
		{`INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name) VALUES ($1, $1, $2, '', 0, 0, 'x')`, []any{s.ana.ID, s.credential}},
		{`INSERT INTO stripe_events (id, type, api_version, livemode, created, state, reason, payload) VALUES ($1, 'charge.refunded', '2023-10-16', false, now(), 'quarantined', 'x', $2::text::jsonb)`, []any{"evt_q" + payment, s.refunded("evt_q" + payment)}},
	} {
		platformtest.Exec(t, p, q.sql, q.args...)
	}
	return s
}

// refunded is what Stripe tells when the gift's payment went back.
func (s *scene) refunded(id string) string {
	return fmt.Sprintf(`{"id": %q, "object": "event", "type": "charge.refunded", "api_version": "2023-10-16", "created": 1772366400, "livemode": false, "data": {"object": {
		"id": "ch_%d", "object": "charge", "amount": 9900, "amount_refunded": 9900, "refunded": true, "currency": "usd", "livemode": false,
		"payment_intent": "pi_%d", "metadata": {"checkout": %q, "module": "instrument"}}}}`, id, s.n, s.n, s.sale)
}

// others are those who meet the deletion, by name.
func (s *scene) others(t *testing.T) map[string]func() error {
	ctx, secret := t.Context(), s.p.Config.AuthSecret.Reveal()
	within := func(do func(context.Context, pgx.Tx) error) func() error {
		return func() error { return db.Tx(ctx, s.p.DB, func(tx pgx.Tx) error { return do(ctx, tx) }) }
	}
	sent := func(a platformtest.Answer) error {
		if a.Status >= 500 {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	}
	code := platformtest.Form(t, s.ana, "/redeem", url.Values{"code": {gift.Code(secret, s.mark)}}.Encode())
	back := platformtest.Form(t, s.op, "/admin/purchases/"+s.sale.String()+"/refund", "reason=requested&amount=99.00")
	event := platformtest.SignedEvent(t, s.p, s.refunded(fmt.Sprintf("evt_%d", s.n)))
	return map[string]func() error{
		"sign in": func() error {
			_, _, err := accounts.Redeem(ctx, s.p.DB, secret, s.request, s.digits, "the browser", "a device")
			return err
		},
		"change the address": within(func(ctx context.Context, tx pgx.Tx) error {
			_, refused, err := accounts.ConfirmChange(ctx, tx, secret, s.ana.ID, s.change, s.moving)
			if err == nil && s.n%2 == 0 { // else the session that deletes may end
				err = refused
			}
			return err
		}),
		"use a passkey": within(func(ctx context.Context, tx pgx.Tx) error {
			handle := make([]byte, 64)
			for i := range handle {
				handle[i] = byte(s.n)
			}
			o, err := accounts.FindPasskey(ctx, tx, s.credential, handle)
			if err != nil {
				return err
			}
			if err := accounts.UsePasskey(ctx, tx, s.credential, 1, 0); err != nil {
				return err
			}
			_, err = accounts.Begin(ctx, tx, o.User, "a device", true)
			return err
		}),
		"redeem a gift":  func() error { return sent(platformtest.Send(t, s.p, redeem.Routes(s.p), code)) },
		"order a refund": func() error { return sent(platformtest.Send(t, s.p, refund.Routes(s.p), back)) },
		"be told of one": func() error { return sent(platformtest.Send(t, s.p, stripehook.Routes(s.p), event)) },
		"replay an event": func() error {
			out, err := inbox.Of(s.p).Replay(ctx, fmt.Sprintf("evt_qpi_%d", s.n), "test")
			if err == nil && out.State != purchase.Settled {
				err = fmt.Errorf("%+v", out)
			}
			return err
		},
	}
}

// TestLocks deletes accounts while all else happens that holds what is theirs.
// Nobody waits for another in a ring, and each hears what it may hear.
func TestLocks(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	op := platformtest.Operator(t, p)
	for n := range 25 {
		s := play(t, p, op, n)
		form := platformtest.Form(t, s.ana, "/account/delete", url.Values{"confirm": {s.ana.Email}}.Encode())
		var all sync.WaitGroup
		for name, do := range s.others(t) {
			all.Go(func() {
				err := do()
				if k := fault.Of(err).Kind; err != nil && k != fault.NotFound && k != fault.SignedOut && k != fault.Conflict && k != fault.Invalid {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		all.Go(func() {
			if a := platformtest.Send(t, p, account.Routes(p), form); a.Status != http.StatusSeeOther && a.Status != http.StatusUnauthorized {
				t.Errorf("delete: %d %s", a.Status, a.Body)
			}
		})
		all.Wait()
	}
}
