package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"pilothandbook/platform/fault"
)

// MaxBody bounds a JSON or form body in bytes, where a route sets no other.
const MaxBody = 1 << 20

// Body reads at most max bytes of the request.
func Body(w http.ResponseWriter, r *http.Request, max int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, max))
	if err != nil {
		return nil, unread(err)
	}
	return b, nil
}

// unread says why a body could not be read to its end.
func unread(err error) error {
	if over, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "The request is too large: %d bytes at most.", over.Limit)
	}
	return fault.New(fault.Invalid, "The request ended before it was complete. Please send it again.").Because(err)
}

// Decode reads a JSON body of at most MaxBody bytes. Unknown fields, wrong
// types and whatever follows the value are refused, by the field's name.
func Decode[V any](w http.ResponseWriter, r *http.Request) (V, error) {
	return DecodeUpTo[V](w, r, MaxBody)
}

// DecodeUpTo is Decode with a limit of its own, in bytes.
func DecodeUpTo[V any](w http.ResponseWriter, r *http.Request, max int64) (V, error) {
	var v V
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return v, fault.New(fault.Invalid, "The request must be JSON, with the content type application/json. Set that header and send it again.")
	}
	in := &body{Reader: http.MaxBytesReader(w, r.Body, max)}
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	var more error
	if err == nil {
		_, more = dec.Token()
	}
	switch {
	case in.failed != nil:
		return v, unread(in.failed)
	case err != nil:
		return v, explain(err)
	case !errors.Is(more, io.EOF):
		return v, fault.New(fault.Invalid, "The request must be a single JSON value. Send each in a request of its own.")
	}
	return v, nil
}

// body is read by a decoder, whose errors do not tell a request that was cut
// from JSON that was.
type body struct {
	io.Reader
	failed error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

// explain says what is wrong with a body in words for the caller.
func explain(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if t.Field == "" {
			return fault.New(fault.Invalid, "The request must be a JSON object, not %s. The description of the API shows its fields.", article(t.Value)).Because(err)
		}
		return fault.In(t.Field, "%q cannot be %s. The description of the API tells what it takes.", t.Field, article(t.Value)).Because(err)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		return fault.In(name, "There is no field %q here. Leave it out, or write it as the description of the API does.", name).Because(err)
	}
	return fault.New(fault.Invalid, "The request is not valid JSON. Mend it and send it again.").Because(err)
}

// article puts a or an before a kind of JSON value.
func article(kind string) string {
	if strings.HasPrefix(kind, "a") || strings.HasPrefix(kind, "o") {
		return "an " + kind
	}
	return "a " + kind
}

// Form reads an HTML form of at most MaxBody bytes, so that r.PostFormValue
// can be used.
func Form(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	err := r.ParseForm()
	if over, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "The form is too large: %d bytes at most. Go back and shorten what you wrote.", over.Limit)
	}
	if err != nil {
		return fault.New(fault.Invalid, "The form cannot be read. Go back, load the page anew and send it again.").Because(err)
	}
	return nil
}
