package sessions

import (
	"net/http"
)

// The names of the cookie. A browser accepts the second one only over TLS, for the whole host, and from this host alone. With one name
// for both, a browser that has the cookie of a session over TLS would accept none over HTTP.
const (
	plainCookie  = "framegate_session"
	secureCookie = "__Host-framegate_session"
)

// tokenLength is the length of a token in characters of base32. It has more than 256 random bits.
const tokenLength = 52

func (s *Sessions) cookieName(r *http.Request) string {
	if s.Secure(r) {
		return secureCookie
	}
	return plainCookie
}

// setCookie sets the cookie of a session, or removes it from the browser if the token is empty. It is for the whole host, because a
// proxy may serve framegate below a path that framegate does not know.
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
