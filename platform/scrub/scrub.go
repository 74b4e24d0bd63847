// Package scrub takes out of text what nobody should read in logs and reports:
// secrets, tokens, addresses.
package scrub

import (
	"regexp"
	"slices"
	"strings"
)

// shortest is the length of a secret below which it could be any word.
const shortest = 6

// Scrubber takes out secrets. Its zero value knows none by name.
type Scrubber struct{ secrets *strings.Replacer }

// New returns a Scrubber that also knows these secrets.
func New(secrets ...string) Scrubber {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // what holds another goes first
	var pairs []string
	for _, s := range secrets {
		if len(s) >= shortest {
			pairs = append(pairs, s, "[secret]")
		}
	}
	return Scrubber{strings.NewReplacer(pairs...)}
}

var (
	account = regexp.MustCompile(`://[^/\s@]*@`)            // of a URL
	query   = regexp.MustCompile(`\?[^\s"'<>]*=[^\s"'<>]*`) // of a URL or path
	mail    = regexp.MustCompile(`[^\s"'<>(),;:=/\\]+@[^\s"'<>(),;:=/]+\.[A-Za-z]{2,}`)
	header  = regexp.MustCompile(`(?i)\b(bearer|basic|cookie:|set-cookie:) [^\r\n]*`) // of HTTP
	key     = regexp.MustCompile(`\b(sk|rk|pk|whsec|hbk)_[A-Za-z0-9_]+`)              // Stripe's, and authors' tokens
	word    = regexp.MustCompile(`[A-Za-z0-9_-]{20,}`)
	uuid    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	quoted  = regexp.MustCompile("\"[^\"]*\"|'[^']*'|\x60[^\x60]*\x60")
	digit   = regexp.MustCompile(`[0-9]`)
)

// Text returns text without secrets, tokens, queries and mail addresses. UUIDs
// stay: they name rows, and open nothing.
func (s Scrubber) Text(text string) string {
	if s.secrets != nil {
		text = s.secrets.Replace(text)
	}
	text = account.ReplaceAllString(text, "://")
	text = header.ReplaceAllString(text, "$1 [secret]")
	text = query.ReplaceAllString(text, "?[query]")
	text = mail.ReplaceAllString(text, "[address]")
	text = key.ReplaceAllString(text, "[secret]")
	return word.ReplaceAllStringFunc(text, func(w string) string {
		if digit.MatchString(w) && !uuid.MatchString(w) {
			return "[secret]"
		}
		return w
	})
}

// Strict is Text without what is quoted either: errors quote what somebody has
// sent.
func (s Scrubber) Strict(text string) string {
	return quoted.ReplaceAllString(s.Text(text), `"…"`)
}
