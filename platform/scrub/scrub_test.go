package scrub_test

import (
	"testing"

	"pilothandbook/platform/scrub"
)

func TestText(t *testing.T) {
	t.Parallel()
	s := scrub.New("open sesame", "sesame", "abc")
	for text, want := range map[string]string{
		"say open sesame to sesame":                    "say [secret] to [secret]",
		"the abc of it":                                "the abc of it", // too short to be told from a word
		"dial postgres://a:b@host:5432/x?a=b: refused": "dial postgres://host:5432/x?[query] refused",
		"550 <ana@example.com> unknown":                "550 <[address]> unknown",
		"mod/pgx/v5@v5.12.0/conn.go:12":                "mod/pgx/v5@v5.12.0/conn.go:12",
		"job 0198f5f4-7b1c-7000-8000-0123456789ab":     "job 0198f5f4-7b1c-7000-8000-0123456789ab",
		"token Zm9vYmFyYmF6cXV4Zm9vYmFyMQ":             "token [secret]",
		"generate-offline-package failed":              "generate-offline-package failed",
		"Authorization: Bearer x y\nnext":              "Authorization: Bearer [secret]\nnext",
		"sk_test_1 and whsec_2":                        "[secret] and [secret]",
	} {
		if got := s.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := s.Strict(`syntax for uuid: "mine", 'yours' and code`); got != `syntax for uuid: "…", "…" and code` {
		t.Errorf("got %q", got)
	}
	if got := (scrub.Scrubber{}).Text("plain a@b.example"); got != "plain [address]" {
		t.Errorf("got %q", got)
	}
}
