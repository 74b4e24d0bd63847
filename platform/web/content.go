package web

import (
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Content sends a body, or the part of it that Range asks for. Several parts at
// once are not sent, as many small ones would cost a piece of the store each:
// whoever asks for them gets all.
func Content(w http.ResponseWriter, r *http.Request, body io.ReadSeeker) {
	switch wanted := r.Header.Get("Range"); {
	case strings.Contains(wanted, ","):
		r.Header.Del("Range")
	case strings.HasPrefix(wanted, "bytes=-") && strings.Trim(wanted[len("bytes=-"):], "0 ") == "":
		// The last none of it can't be had (RFC 9110, 14.1.2). net/http would
		// send them.
		r.Header.Set("Range", "bytes="+strconv.FormatInt(math.MaxInt64, 10)+"-")
	}
	http.ServeContent(w, r, "", time.Time{}, body)
}
