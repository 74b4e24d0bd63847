package platformtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// AddRanges gives a fuzz test headers Range and If-Range to begin with, for
// something of 600,000 bytes that is read in pieces of 256 KiB.
func AddRanges(f *testing.F) {
	for _, s := range []string{"bytes=0-0", "bytes=-1", "bytes=262143-262144", "bytes=599999-", "bytes=600000-", "bytes=5-2", "bytes=0-0,2-2",
		"bytes=-99999999999999999999", "bytes= 1 - 2", "lines=1-2", "bytes=", "", "bytes=0-18446744073709551615"} {
		f.Add(s, "")
	}
	f.Add("bytes=1-2", `"other"`)
	f.Add("bytes=1-2", `W/"x"`)
}

// WantRange checks an answer to a Range: all of body, the part that it says it
// is, or that there is none.
func WantRange(t *testing.T, got Answer, body, asked string) {
	t.Helper()
	var from, to, size int
	switch got.Status {
	case http.StatusOK:
		to = len(body) - 1
	case http.StatusPartialContent:
		if _, err := fmt.Sscanf(got.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); err != nil || size != len(body) || from > to {
			t.Fatalf("%q: %v", asked, got.Header)
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if strings.Contains(got.Header.Get("Content-Type"), "html") {
			t.Errorf("%q: %v", asked, got.Header)
		}
		return
	default:
		t.Fatalf("%q: %d", asked, got.Status)
	}
	if got.Body != body[from:to+1] {
		t.Errorf("%q: %d bytes that are not those from %d to %d", asked, len(got.Body), from, to)
	}
}
