package account_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, wanted := range []bool{false, true, true, false} {
		if err := account.Choose(t.Context(), p.DB, ana.ID, account.ContentUpdates, wanted); err != nil {
			t.Fatal(err)
		}
		if got, err := account.Wants(t.Context(), p.DB, ana.ID, account.ContentUpdates); err != nil || got != wanted {
			t.Errorf("got %v, %v; want %v", got, err, wanted)
		}
	}
	if err := account.Choose(t.Context(), p.DB, uuid.New(), account.ContentUpdates, false); err != nil {
		t.Errorf("of a deleted account: %v", err)
	}
}

func TestUnsubscribeToken(t *testing.T) {
	t.Parallel()
	ana := uuid.New()
	token := account.UnsubscribeToken("secret", ana, account.ContentUpdates)
	user, list, err := account.ReadUnsubscribeToken("secret", token)
	if err != nil || user != ana || list != account.ContentUpdates {
		t.Errorf("got %s, %s, %v", user, list, err)
	}
	bob := account.UnsubscribeToken("secret", uuid.New(), account.ContentUpdates)
	for name, forged := range map[string]string{
		"another secret": account.UnsubscribeToken("other", ana, account.ContentUpdates), "another list": "receipts" + token[strings.Index(token, "."):],
		"cut": token[:len(token)-4], "nothing": "", "a dot": ".", "mixed": token[:len("content-updates.")+20] + bob[len("content-updates.")+20:],
	} {
		if _, _, err := account.ReadUnsubscribeToken("secret", forged); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := account.UnsubscribeHeader("https://handbook.example", "secret", ana, account.ContentUpdates)
	if h["List-Unsubscribe"] != "<https://handbook.example/mailchoice/"+token+">" || h["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" ||
		h["List-Id"] != "<content-updates.handbook.example>" {
		t.Errorf("header %q", h)
	}
}
