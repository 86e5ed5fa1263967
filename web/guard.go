package web

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard is what a request must be like that changes something. As long as there are no users, who may change
// cameras is who can sign in to this machine.
type guard struct {
	status int
	detail string
	holds  func(*http.Request) bool
}

var guards = []guard{
	// Nobody else on the network may change anything.
	{http.StatusForbidden, "cameras are changed from this machine only: ask 127.0.0.1, localhost or [::1]", fromLoopback},
	// A proxy on this machine asks from loopback too, for anybody.
	{http.StatusForbidden, "cameras are not changed through a proxy", notForwarded},
	// A page of elsewhere whose name is made to point to this machine is of the same origin for a browser on
	// it. Only the name tells: DNS rebinding.
	{http.StatusForbidden, "cameras are changed under the name 127.0.0.1, localhost or [::1] only", toLoopback},
	// A page of another origin, in a browser on this machine.
	{http.StatusForbidden, "cameras are not changed by pages of another origin", sameOrigin},
	// What a page of another origin can send without being asked, such as a form, is never of this type. It is
	// wanted without a body too, so that there is one rule.
	{http.StatusUnsupportedMediaType, "the header Content-Type must be application/json", isJSON},
}

// guarded lets through what all guards let through, and bodies of a size.
func (s *server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, g := range guards {
			if !g.holds(r) {
				problem{Status: g.status, Detail: g.detail}.write(w)
				return
			}
		}
		if !s.config.Load().Editable {
			problem{Status: http.StatusForbidden, Detail: "the configuration says editable: false"}.write(w)
			return
		}
		if s.File == nil {
			problem{Status: http.StatusForbidden, Detail: "there is no configuration file to change: this is the demo"}.write(w)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func fromLoopback(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// notForwarded looks for what proxies add. nginx adds nothing unless it is told to, but asks in HTTP/1.0.
func notForwarded(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	return r.ProtoAtLeast(1, 1)
}

func toLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil { // without a port
		host = strings.TrimSuffix(strings.TrimPrefix(r.Host, "["), "]")
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
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
