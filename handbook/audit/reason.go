package audit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"pilothandbook/platform/fault"
)

// maxReason bounds a reason, in characters.
const maxReason = 300

// Reason returns why somebody does something, as they typed it in a field, in
// the form in which it is kept: beside what was done, and not in the record.
func Reason(field, typed string) (string, error) {
	reason := strings.Join(strings.Fields(typed), " ")
	if reason == "" {
		return "", fault.In(field, "Please say why: whoever looks at this later wants to know.")
	}
	if !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return "", fault.In(field, "This has a character that cannot be seen, perhaps from where it was copied. Please type it anew.")
	}
	if utf8.RuneCountInString(reason) > maxReason {
		return "", fault.In(field, "Please say it in %d characters at most.", maxReason)
	}
	return reason, nil
}
