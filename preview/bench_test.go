package preview_test

import (
	"testing"
	"time"

	"pilothandbook/platform/platformtest/chromium"
)

// maxSaved is how long an author waits at most for a saved change to be shown.
const maxSaved = time.Second

// BenchmarkSaved saves a lesson that is open in a browser, and waits until it
// shows what was changed. It fails over maxSaved.
func BenchmarkSaved(b *testing.B) {
	url, dir := open(b)
	page := chromium.Start(b).MustPage(url + "/modules/instrument/lessons/instrument-crosswind").Timeout(4 * patience)
	was, is := "cleared to land", "cleared for the option"
	shows(page, was)
	shows(page, "No faults")
	for b.Loop() {
		edit(b, dir, "lessons/crosswind.mdx", was, is)
		shows(page, is)
		was, is = is, was
	}
	if took := b.Elapsed() / time.Duration(b.N); took > maxSaved {
		b.Errorf("a saved change is shown after %v, want %v at most", took.Round(time.Millisecond), maxSaved)
	}
}
