package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/framegate/framegate/configs"
)

// Redirect returns the handler of a second server, without TLS, that only redirects to the server with TLS on a port. It refuses requests
// that would change something: they have been sent in clear already, and somebody should notice.
func Redirect(port string) http.Handler {
	return headers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		address, err := netip.ParseAddr(host)
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			problem{Status: http.StatusMethodNotAllowed, Detail: "this port only redirects to https: send the request to port " + port + " with https"}.write(w)
			return
		case r.URL.Opaque != "" || !strings.HasPrefix(r.URL.Path, "/"):
			problem{Status: http.StatusBadRequest, Detail: "the request must name a path"}.write(w)
			return
		case err != nil && !configs.IsHost(host):
			problem{Status: http.StatusBadRequest, Detail: "the header Host has no name or address"}.write(w)
			return
		case port != "443":
			host = net.JoinHostPort(host, port)
		case address.Is6():
			host = "[" + host + "]"
		}
		path := r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		w.Header().Set("Cache-Control", "no-store") // browsers would remember the redirect even when it is no longer right
		w.Header().Set("Location", "https://"+host+path)
		w.WriteHeader(http.StatusPermanentRedirect)
	}))
}
