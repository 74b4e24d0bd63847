package web

import (
	"net/http"
	"time"
)

// Cookie sets a cookie that scripts cannot read and other sites cannot send.
// Over HTTPS it gets the __Host- prefix, which binds it to this host. A life
// of zero deletes it.
func Cookie(w http.ResponseWriter, secure bool, name, value string, life time.Duration) {
	age := int(life.Seconds())
	if life == 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: CookieName(secure, name), Value: value, Path: "/", MaxAge: age,
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// CookieName returns the name under which Cookie sets a cookie.
func CookieName(secure bool, name string) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// CookieValue returns the value of a cookie set by Cookie, or "".
func CookieValue(r *http.Request, secure bool, name string) string {
	c, err := r.Cookie(CookieName(secure, name))
	if err != nil {
		return ""
	}
	return c.Value
}
