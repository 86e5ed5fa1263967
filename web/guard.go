package web

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"

	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/auth/proxy"
)

// guard is a condition that the request of an admin must meet before it may change anything.
type guard struct {
	status int
	detail string
	local  bool // only for those who are admins because they ask from this machine
	met    func(*http.Request) bool
}

var guards = []guard{
	// A proxy on this machine sends anybody's requests from loopback.
	{http.StatusForbidden, "changes cannot be made through a proxy", true, notForwarded},
	// So does a proxy that adds no header. Most proxies run as a separate user.
	{http.StatusForbidden, "changes cannot be made by a service, such as a proxy: the request comes from a system user that runs services", true, fromPerson},
	// DNS rebinding: a foreign page whose name is made to resolve to this machine has the same origin, for a browser on this
	// machine. Only the name in the request differs.
	{http.StatusForbidden, "changes can be made under the name 127.0.0.1, localhost or [::1] only", true, toLoopback},
	// A page of another origin, in a browser on this machine.
	{http.StatusForbidden, "changes cannot be made by pages of another origin", false, sameOrigin},
	// A browser asks the server before it sends this type from a page of another origin. The type is required without a body too, so
	// that there is one rule.
	{http.StatusUnsupportedMediaType, "the header Content-Type must be application/json", false, isJSON},
}

// guarded passes on requests that meet all guards, and limits their bodies.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local := auth.Of(r.Context()).Kind == auth.Local
		for _, g := range guards {
			if (!g.local || local) && !g.met(r) {
				problem{Status: g.status, Detail: g.detail}.write(w)
				return
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// editing passes on requests that may change the configuration file.
func (s *server) editing(next http.Handler) http.Handler {
	return guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := s.fixed(); refused != nil {
			refused.write(w)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// fixed returns why no request may change the configuration file, or nil if requests may.
func (s *server) fixed() *problem {
	switch {
	case !s.config.Load().Editable:
		return &problem{Status: http.StatusForbidden, Detail: "the configuration has editable: false"}
	case s.File == nil:
		return &problem{Status: http.StatusForbidden, Detail: "there is no configuration file to change: this is the demo"}
	}
	return nil
}

// fromLoopback reports whether a request comes from this machine: over loopback, or over a Unix socket. It is false for a request
// through a trusted proxy, whatever address the proxy names, because the client may have made it up.
func fromLoopback(r *http.Request) bool {
	if _, proxied := proxy.Of(r.Context()); proxied {
		return false
	}
	if isUnix(r) {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// notForwarded reports whether nothing in a request points to a proxy. nginx adds no header by default, but before 1.29.7 it uses
// HTTP/1.0.
func notForwarded(r *http.Request) bool { return !forwarded(r) && r.ProtoAtLeast(1, 1) }

// isUnix reports whether a request comes over a Unix socket.
func isUnix(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix"
}

// forwarded reports whether a request has a header that proxies add.
func forwarded(r *http.Request) bool {
	return slices.ContainsFunc(
		[]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-Ip", "Via"},
		func(name string) bool { return len(r.Header.Values(name)) > 0 })
}

func toLoopback(r *http.Request) bool {
	host := hostname(r.Host)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || host == "localhost"
}

func sameOrigin(r *http.Request) bool { return http.NewCrossOriginProtection().Check(r) == nil }

func isJSON(r *http.Request) bool {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return false
	}
	name, _, err := mime.ParseMediaType(types[0])
	return err == nil && name == "application/json"
}
