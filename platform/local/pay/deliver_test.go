package pay_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
)

func TestDeliveryIsRepeated(t *testing.T) {
	t.Parallel()

	h := listen(t)
	h.fail.Store(2)
	s := open(t, h)
	made := s.create()
	s.submit(made.URL+"/pay", nil)
	if e := h.next(); e.GetObjectValue("id") != made.ID {
		t.Errorf("event of %s", e.GetObjectValue("id"))
	}
	until(t, "delivered after 3 tries", func() bool {
		_, doc := s.page("/local/pay/")
		return strings.Contains(words(doc, ".card"), "delivered · 3 tries")
	})
	if e := s.events(nil)[0]; e.PendingWebhooks != 0 {
		t.Errorf("%d webhooks pending", e.PendingWebhooks)
	}
}

func TestDeliveryIsGivenUp(t *testing.T) {
	t.Parallel()

	h := listen(t)
	h.fail.Store(1000)
	s := open(t, h)
	made := s.create()
	s.submit(made.URL+"/pay", nil)
	until(t, "given up", func() bool {
		_, doc := s.page("/local/pay/")
		text := words(doc, ".trouble")
		return strings.Contains(text, "given up") && strings.Contains(text, "3 tries") && strings.Contains(text, "500 Internal Server Error")
	})
	if e := s.events(nil)[0]; e.PendingWebhooks != 1 {
		t.Errorf("%d webhooks pending, want 1", e.PendingWebhooks)
	}
	if got := s.session(made.ID); got.PaymentStatus != "paid" {
		t.Errorf("session is %s", got.PaymentStatus)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()

	kept := func(o *pay.Options) {
		o.File = filepath.Join(t.TempDir(), "new", "stripe.json")
		o.Retry = []time.Duration{time.Hour}
	}
	var file string
	same := func(o *pay.Options) { o.File = file; o.Retry = []time.Duration{time.Hour} }

	down := listen(t)
	down.fail.Store(1000)
	before := open(t, down, kept, func(o *pay.Options) { file = o.File })
	keyed := func(p *stripe.CheckoutSessionParams) { p.SetIdempotencyKey("checkout-1") }
	made := before.create(keyed)
	waiting := before.create()
	before.submit(made.URL+"/pay", nil)
	until(t, "a failed try", func() bool {
		_, doc := before.page("/local/pay/")
		return strings.Contains(words(doc, ".trouble"), "1 try")
	})
	event := before.events(nil)[0]
	before.pay.Close()

	after := open(t, listen(t), same)
	if e := after.hook.next(); e.ID != event.ID || e.GetObjectValue("id") != made.ID {
		t.Errorf("event %s of %s, want %s of %s", e.ID, e.GetObjectValue("id"), event.ID, made.ID)
	}
	if got := after.session(made.ID); got.PaymentStatus != "paid" || got.Metadata["module"] != "private" {
		t.Errorf("session is %s, %v", got.PaymentStatus, got.Metadata)
	}
	if got := after.session(waiting.ID); got.Status != "open" || got.URL != after.url+"/local/pay/"+waiting.ID {
		t.Errorf("session is %s at %q", got.Status, got.URL)
	}
	if again := after.create(keyed); again.ID != made.ID {
		t.Errorf("key gave %s, want %s", again.ID, made.ID)
	}
	after.pay.Close()

	last := open(t, listen(t), same)
	if e := last.events(nil)[0]; e.PendingWebhooks != 0 || len(last.hook.events) != 0 {
		t.Errorf("%d webhooks pending, %d came again", e.PendingWebhooks, len(last.hook.events))
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.tmp")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestCloseWaitsForDelivery(t *testing.T) {
	t.Parallel()

	h := listen(t)
	h.hold = make(chan struct{})
	file := filepath.Join(t.TempDir(), "stripe.json")
	s := open(t, h, func(o *pay.Options) { o.File = file })
	made := s.create()
	s.submit(made.URL+"/pay", nil)
	time.AfterFunc(50*time.Millisecond, func() { close(h.hold) })
	s.pay.Close()
	s.pay.Close() // harmless

	// Either it was under way and Close waited, or it had not begun and is
	// kept for later; lost it is never.
	again := open(t, listen(t), func(o *pay.Options) { o.File = file })
	done := again.events(nil)[0].PendingWebhooks == 0
	if came := len(h.events) == 1; came != done {
		if !came && again.hook.next().GetObjectValue("id") == made.ID {
			return
		}
		t.Errorf("delivered %v, noted %v", came, done)
	}
}

func TestUnwritableFile(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "state")
	s := open(t, listen(t), func(o *pay.Options) { o.File = filepath.Join(folder, "stripe.json") })
	s.create()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := order()
	p.SetIdempotencyKey("checkout-1")
	_, err := s.api.CheckoutSessions.New(p)
	if e := refusal(t, err); e.HTTPStatusCode != 500 || e.Type != stripe.ErrorTypeAPI || strings.Contains(e.Msg, folder) {
		t.Errorf("got %d %s: %s", e.HTTPStatusCode, e.Type, e.Msg)
	}

	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	made, err := s.api.CheckoutSessions.New(p)
	if err != nil {
		t.Fatalf("after repair: %v", err)
	}
	s.pay.Close()
	if got := open(t, listen(t), func(o *pay.Options) { o.File = filepath.Join(folder, "stripe.json") }).session(made.ID); got.Status != "open" {
		t.Errorf("session is %s", got.Status)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()

	torn := filepath.Join(t.TempDir(), "stripe.json")
	if err := os.WriteFile(torn, []byte(`{"sessions":`), 0o600); err != nil {
		t.Fatal(err)
	}
	address := func() string { return "http://127.0.0.1" }
	good := pay.Options{Secret: secret, WebhookSecret: webhookSecret, WebhookURL: address, PublicURL: address}
	for _, tc := range []struct {
		name   string
		change func(*pay.Options)
		want   string
	}{
		{"live key", func(o *pay.Options) { o.Secret = "sk_live_1" }, "sk_test_"},
		{"no webhook secret", func(o *pay.Options) { o.WebhookSecret = "" }, "WebhookSecret"},
		{"no addresses", func(o *pay.Options) { o.WebhookURL = nil }, "WebhookURL"},
		{"torn file", func(o *pay.Options) { o.File = torn }, torn},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			o := good
			tc.change(&o)
			if _, err := pay.New(o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want one about %q", err, tc.want)
			}
		})
	}
}
