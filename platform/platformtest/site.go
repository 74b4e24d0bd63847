package platformtest

import (
	"net"
	"net/http/httptest"
	"testing"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

// Serve opens a platform with these settings and serves its routes at the
// address that they say from then on, AuthURL.
func Serve(t testing.TB, cfg *config.Config, routes func(*platform.Platform) []web.Route) *platform.Platform {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cfg.AuthURL = "http://localhost:" + port
	p := Open(t, cfg)
	server.Config.Handler = router.New(p, routes(p)...)
	server.Start()
	t.Cleanup(server.Close)
	return p
}
