package worker_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// office is a mail server that can keep a mail's sender waiting. It knows when
// somebody began to send to an address, and what was delivered.
type office struct {
	url string

	mu        sync.Mutex
	stalls    map[string]chan struct{} // the first to send there waits for it
	arrivals  map[string][]time.Time
	delivered map[string]int
}

func openOffice(t *testing.T) *office {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{url: "smtp+plain://" + l.Addr().String(), stalls: map[string]chan struct{}{}, arrivals: map[string][]time.Time{}, delivered: map[string]int{}}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{office: o}, nil }))
	s.Domain = "localhost"
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() {
		o.mu.Lock()
		for _, stall := range o.stalls {
			close(stall)
		}
		o.mu.Unlock()
		_ = s.Close()
	})
	return o
}

// stall keeps the first to send to an address waiting until release.
func (o *office) stall(address string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stalls[address] = make(chan struct{})
}

func (o *office) release(address string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.stalls[address])
	delete(o.stalls, address)
}

// arrive notes a sender, and returns what it has to wait for, or nil.
func (o *office) arrive(address string) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.arrivals[address] = append(o.arrivals[address], time.Now())
	if len(o.arrivals[address]) > 1 {
		return nil
	}
	return o.stalls[address]
}

// seen returns when senders came for an address.
func (o *office) seen(address string) []time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.arrivals[address]
}

// count returns how many mails were delivered to an address.
func (o *office) count(address string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.delivered[address]
}

// visit is one connection.
type visit struct {
	office *office
	to     string
}

func (v *visit) Mail(string, *smtp.MailOptions) error { return nil }

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	if stall := v.office.arrive(to); stall != nil {
		<-stall
	}
	return nil
}

func (v *visit) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	v.office.delivered[v.to]++
	return nil
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }
