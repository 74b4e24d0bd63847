package author

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	tries     = 4
	firstWait = 300 * time.Millisecond // tripled after each try
	timeout   = 5 * time.Minute        // of one request: 20 MiB over a slow line
	maxAnswer = 8 << 20
)

// client speaks to one handbook.
type client struct {
	url   string
	token string
	http  *http.Client
}

// dial returns a client; nothing is sent yet.
func dial(o Options) (*client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a handbook; write it as https://handbook.example", o.URL)
	}
	if o.Token == "" {
		return nil, errors.New("there is no author's token; make one on your account page and set HANDBOOK_TOKEN")
	}
	// A redirect would take the token elsewhere, or turn a POST into a GET.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return &client{url: strings.TrimRight(o.URL, "/"), token: o.Token, http: &http.Client{
		Timeout: timeout, CheckRedirect: stay, Transport: transport,
	}}, nil
}

// refusal is an answer other than success, in the handbook's words.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// passing reports whether an error may be gone a moment later.
func passing(err error) bool {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status == http.StatusTooManyRequests || r.status >= http.StatusBadGateway
	}
	_, network := errors.AsType[*url.Error](err)
	return network
}

// ask sends v as JSON, nothing if it is nil, and decodes the answer.
func (c *client) ask(ctx context.Context, method, path string, v, answer any) error {
	var body []byte
	if v != nil {
		var err error
		if body, err = json.Marshal(v); err != nil {
			return err
		}
	}
	return c.request(ctx, method, path, "application/json", body, answer)
}

// request sends a request until it is answered, or the network has failed too
// often. All requests to a handbook may be repeated.
func (c *client) request(ctx context.Context, method, path, kind string, body []byte, answer any) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := c.once(ctx, method, path, kind, body, answer)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case try == tries || !passing(err):
			return c.explain(err)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait *= 3
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func (c *client) once(ctx context.Context, method, path, kind string, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return &url.Error{Op: method, URL: c.url + path, Err: err}
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return c.refused(res, b)
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return fmt.Errorf("%s answers, but not as a handbook does; check the address", c.url)
	}
	return nil
}

// refused gives a refusal words that say what to do.
func (c *client) refused(res *http.Response, body []byte) error {
	var said struct {
		Error     string `json:"error"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Error == "" {
		said.Error = "the answer was " + res.Status + ", which is not how a handbook answers; check the address"
	}
	text := said.Error
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		text = "it leads to " + res.Header.Get("Location") + "; set HANDBOOK_URL to the address that the handbook has in the end"
	case res.StatusCode == http.StatusUnauthorized:
		text = "the token was refused. " + said.Error + " Make a new one on your account page and set HANDBOOK_TOKEN."
	case res.StatusCode == http.StatusForbidden:
		text = "the token is good, but you may not publish. " + said.Error
	case said.RequestID != "":
		text += " (request " + said.RequestID + ")"
	}
	return &refusal{res.StatusCode, c.url + ": " + text}
}

// explain gives a failure of the network words.
func (c *client) explain(err error) error {
	dns, unknown := errors.AsType[*net.DNSError](err)
	op, network := errors.AsType[*net.OpError](err)
	switch {
	case unknown:
		return fmt.Errorf("there is no host %s; check the address %s and your network", dns.Name, c.url)
	case network && op.Op == "dial":
		return fmt.Errorf("nothing answers at %s; is it running? (%w)", c.url, op.Err)
	case passing(err) && !refused(err):
		return fmt.Errorf("the connection to %s failed; run it again, what was sent is kept (%w)", c.url, err)
	}
	return err
}

func refused(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}
