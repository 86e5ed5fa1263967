package web

import (
	"net/http/httptest"
	"testing"
)

func TestHTTPIsRedirectedToTheSamePathAndHost(t *testing.T) {
	for _, c := range []struct {
		method, host, target, port string
		status                     int
		location                   string
	}{
		{"GET", "box", "/", "443", 308, "https://box/"},
		{"HEAD", "box:80", "/a/b?c=d&e=%20", "8443", 308, "https://box:8443/a/b?c=d&e=%20"},
		{"GET", "cams.example:8080", "//evil.example/", "8443", 308, "https://cams.example:8443//evil.example/"},
		{"GET", "[2001:db8::1]:8080", "/", "443", 308, "https://[2001:db8::1]/"},
		{"GET", "[2001:db8::1]", "/", "8443", 308, "https://[2001:db8::1]:8443/"},
		{"GET", "evil.example/?", "/", "443", 400, ""},
		{"GET", "", "/", "443", 400, ""},
		{"GET", "box", "foo:.evil.example/x", "443", 400, ""},
		{"GET", "box", "*", "443", 400, ""},
		{"GET", "box", "/a%2Fb%0d%0ac", "443", 308, "https://box/a%2Fb%0d%0ac"},
		{"POST", "box", "/api/cameras", "443", 405, ""},
		{"OPTIONS", "box", "/api/cameras", "443", 405, ""},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		Redirect(c.port).ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s%s: %d %s", c.method, c.host, c.target, w.Code, w.Header().Get("Location"))
		}
	}
}
