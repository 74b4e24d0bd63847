package account_test

import (
	"strings"
	"testing"

	"pilothandbook/platform"
	"pilothandbook/platform/fault"
)

func wantText(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	if err == nil || fault.Of(err).Kind != kind || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want a fault of kind %d with %q", err, kind, text)
	}
}

func contains(dump, secret string) bool { return strings.Contains(dump, secret) }

func row(t *testing.T, p *platform.Platform, sql string, dest ...any) {
	t.Helper()
	var args []any
	for i, d := range dest {
		switch d.(type) {
		case *string, *int:
		default:
			args, dest = dest[i:], dest[:i]
		}
		if len(args) > 0 {
			break
		}
	}
	if err := p.DB.QueryRow(t.Context(), sql, args...).Scan(dest...); err != nil {
		t.Fatal(err)
	}
}
