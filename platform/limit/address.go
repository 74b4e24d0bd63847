package limit

import (
	"net/http"
	"net/netip"
	"strings"
)

// network is how much of an IPv6 address counts: whoever has one has the
// whole network of it.
const network = 64

// Address returns where a request comes from, as what is counted: an IPv4
// address or an IPv6 network. proxies is the number of trusted proxies in
// front: the outermost of them wrote the address it saw, and whatever stands
// before that in X-Forwarded-For anybody may have written. Requests whose
// address cannot be told count together.
func Address(r *http.Request, proxies int) string {
	for _, s := range []string{forwarded(r, proxies), r.RemoteAddr} {
		if a, ok := parse(s); ok {
			return a
		}
	}
	return "unknown"
}

// forwarded returns the entry of the outermost trusted proxy, "" if there is
// none. Of a list that is too short it is the first: nobody else wrote it.
func forwarded(r *http.Request, proxies int) (entry string) {
	rest := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for range proxies {
		if rest == "" {
			break
		}
		i := strings.LastIndexByte(rest, ',')
		entry, rest = strings.TrimSpace(rest[i+1:]), rest[:max(i, 0)]
	}
	return entry
}

// parse reads an address with or without a port.
func parse(s string) (string, bool) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		with, err := netip.ParseAddrPort(s)
		if err != nil {
			return "", false
		}
		a = with.Addr()
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String(), true
	}
	p, err := a.Prefix(network)
	return p.String(), err == nil
}
