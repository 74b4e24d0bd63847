package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"pilothandbook/platform/fault"
)

// statuses is the one place where a kind of fault gets its status.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusBadRequest,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.SignedOut:   http.StatusUnauthorized,
	fault.Unpaid:      http.StatusPaymentRequired,
	fault.Forbidden:   http.StatusForbidden,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.TooMany:     http.StatusTooManyRequests,
	fault.Full:        http.StatusInsufficientStorage,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// Status returns the status of a kind of fault.
func Status(k fault.Kind) int { return statuses[k] }

// FaultPage answers a browser with the page of a fault, with a notice above
// it. The package that has the pages sets it when a program links it; a function
// without pages is much smaller without, and answers in JSON.
var FaultPage func(w http.ResponseWriter, r *http.Request, f *fault.Error, notice string) error

// JSON answers with v. The whole body is built before the first byte is sent.
func JSON(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return Bytes(w, status, "application/json; charset=utf-8", b.Bytes())
}

// Bytes answers with a body that is ready.
func Bytes(w http.ResponseWriter, status int, contentType string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader may have left
	return nil
}

// SeeOther sends the browser to a path of this site after a form.
func SeeOther(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// WantsPage reports whether the caller would rather read HTML than JSON.
func WantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html")
}

// LocalPath returns path if it leads to a page of this site, else "/". It is
// what an address given from outside must pass.
func LocalPath(path string) string {
	if len(path) > 500 || !utf8.ValidString(path) || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return "/"
	}
	for _, r := range path {
		if r < ' ' || r == '\\' || r == 0x7f {
			return "/"
		}
	}
	return path
}
