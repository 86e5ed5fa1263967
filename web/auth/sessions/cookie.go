package sessions

import (
	"net/http"
)

// The names of the cookie. A browser accepts and keeps the second one over TLS only, for the whole host, and from no other host of the
// same domain. Two names keep a session over HTTP apart from one over TLS, which a browser does not let HTTP replace.
const (
	plainCookie  = "framegate_session"
	secureCookie = "__Host-framegate_session"
)

// tokenLength is the length of a token, in characters of base32; it has more than 256 random bits.
const tokenLength = 52

func (s *Sessions) cookieName(r *http.Request) string {
	if s.Secure(r) {
		return secureCookie
	}
	return plainCookie
}

// setCookie sets the cookie of a session, or has the browser forget it if the token is empty. The path is the whole host, since a proxy
// may serve framegate below a path that framegate does not know.
func (s *Sessions) setCookie(w http.ResponseWriter, r *http.Request, token string) {
	cookie := &http.Cookie{
		Name: s.cookieName(r), Value: token, Path: "/", MaxAge: int(lifetime.Seconds()),
		Secure: s.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}
