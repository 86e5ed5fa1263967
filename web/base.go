package web

import (
	"net/http"
	"strings"
	"sync"

	"github.com/framegate/framegate/web/auth/proxy"
)

// forward replaces a request from a trusted proxy by the client's. It warns once if a proxy seems to be missing in trusted_proxies.
func (s *server) forward(next http.Handler) http.Handler {
	var warned sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = proxy.Forward(r, s.config.Load().Proxies)
		if _, trusted := proxy.Of(r.Context()); !trusted && r.TLS == nil && r.Header.Get("X-Forwarded-Proto") == "https" {
			warned.Do(func() {
				s.Log.Warn("a request seems to come through a proxy with TLS that is not one of trusted_proxies: its cookies are not limited to TLS, and "+
					"all of its clients count as one address", "from", addressOf(r))
			})
		}
		next.ServeHTTP(w, r)
	})
}

// healthPaths are answered without base_path too, so that health checks on this machine need not know it.
var healthPaths = map[string]bool{"/healthz": true, "/readyz": true}

// belowBase removes base_path from the paths of requests, and refuses requests for other paths.
func (s *server) belowBase(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := s.config.Load().BasePath
		if base == "" || healthPaths[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		if r.URL.Path == base { // relative links of the page need the slash
			w.Header().Set("Location", base[strings.LastIndexByte(base, '/')+1:]+"/")
			w.WriteHeader(http.StatusPermanentRedirect)
			return
		}
		if !strings.HasPrefix(r.URL.Path, base+"/") {
			problem{Status: http.StatusNotFound, Detail: "there is nothing at this path: all paths begin with " + base + "/"}.write(w)
			return
		}
		http.StripPrefix(base, next).ServeHTTP(w, r)
	})
}

// prefix returns the path below which the client sees framegate, such as /cams, empty for none.
func (s *server) prefix(r *http.Request) string {
	f, _ := proxy.Of(r.Context())
	return f.Prefix + s.config.Load().BasePath
}

// overTLS reports whether the client sends a request over TLS, to framegate or to a trusted proxy.
func overTLS(r *http.Request) bool {
	if f, ok := proxy.Of(r.Context()); ok && f.Scheme != "" {
		return f.Scheme == "https"
	}
	return r.TLS != nil
}
