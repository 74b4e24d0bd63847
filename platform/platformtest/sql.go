package platformtest

import (
	"testing"

	"pilothandbook/platform"
)

// Exec runs a statement.
func Exec(t testing.TB, p *platform.Platform, sql string, args ...any) {
	t.Helper()
	if _, err := p.DB.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Text returns the one text that a query answers.
func Text(t testing.TB, p *platform.Platform, sql string, args ...any) (text string) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), sql, args...).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}
