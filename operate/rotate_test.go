package operate_test

import (
	"strings"
	"testing"

	"pilothandbook/handbook/offline"
	"pilothandbook/operate"
	"pilothandbook/platform/platformtest"
)

// TestRotateKey exchanges the key that wraps, twice, and then lacks the one
// that counts.
func TestRotateKey(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	platformtest.Pack(t, p, "instrument")
	before, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(p.Config), "instrument")
	if err != nil {
		t.Fatal(err)
	}
	next := *p.Config
	next.ContentEncryptionKey = "next:lTPdYMjs8BfTvCnWfdbM3SSLXcKyhZTeBIWaRhfU2nA=," + platformtest.ContentKey
	q := platformtest.Open(t, &next)
	for _, want := range []string{"the key of instrument is wrapped by \"next\", no longer by \"tests\"\n1 keys wrapped anew", "0 keys wrapped anew; 1 are wrapped by \"next\"\nthe key \"tests\" is needed no more"} {
		var out strings.Builder
		if err := operate.RotateKey(t.Context(), q, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s%v", &out, err)
		}
		if after, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(&next), "instrument"); err != nil || after != before {
			t.Errorf("the key is another: %v", err)
		}
	}
	if err := operate.RotateKey(t.Context(), p, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), `the key "next" is not in CONTENT_ENCRYPTION_KEY`) {
		t.Errorf("without the key: %v", err)
	}
}
