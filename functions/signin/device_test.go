package signin_test

import (
	"testing"

	"pilothandbook/platform/platformtest"
)

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	for agent, want := range map[string]string{
		iPhone: "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1":      "Chrome on iPad",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0":                                                       "Firefox on Mac",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                             "Chrome on Chromebook",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0":                        "Opera on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148":                              "Browser on iPhone",
		"curl/8.7.1": "Unknown device", "": "Unknown device", "Firefox/1": "Firefox",
	} {
		platformtest.Exec(t, p, `DELETE FROM sign_in_requests`)
		platformtest.Exec(t, p, `DELETE FROM sessions`)
		b := newBrowser(p)
		b.agent = agent
		path, code := b.ask(t, "ana@example.com", "/")
		b.post(t, path, "code", code.Digits)
		var got string
		if err := p.DB.QueryRow(t.Context(), `SELECT device FROM sessions`).Scan(&got); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", agent, got, err, want)
		}
	}
}
