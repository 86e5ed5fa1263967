// Package proxy reads what a trusted proxy says about a request: the client's address, the host and scheme that the client used, and
// the user whom the proxy has authenticated.
package proxy

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
)

// Forwarded is what a proxy says about a request. It is not changed after it is made.
type Forwarded struct {
	Scheme string // http or https; empty if the proxy does not say
	Prefix string // path below which the client sees framegate, such as /cams; empty for none
	Host   string // the header Host that the proxy has sent, which may differ from the client's

	from  string    // address of the proxy
	local net.Addr  // framegate's end of the connection; may be nil for TCP
	at    time.Time // when the request came
}

type key struct{}

// Of returns what a proxy says about a request. ok is false if the request does not come from a trusted proxy.
func Of(ctx context.Context) (f Forwarded, ok bool) {
	f, ok = ctx.Value(key{}).(Forwarded)
	return f, ok
}

// Forward returns a request of a trusted proxy with the address and the host of its client. If the proxy does not give the client's
// address, the proxy's own remains. Other requests are returned unchanged, whatever their headers say.
func Forward(r *http.Request, proxies configs.Proxies) *http.Request {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !proxies.Trust(r.RemoteAddr, local) {
		return r
	}
	f := Forwarded{Prefix: prefix(r.Header), Host: r.Host, local: local, from: r.RemoteAddr, at: time.Now()}
	if scheme := last(r.Header, "X-Forwarded-Proto"); scheme == "http" || scheme == "https" {
		f.Scheme = scheme
	}
	r = r.WithContext(context.WithValue(r.Context(), key{}, f))
	if client, ok := client(r.Header, proxies); ok {
		r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
	}
	if host := last(r.Header, "X-Forwarded-Host"); hostForm.MatchString(host) {
		r.Host = host
	}
	return r
}

// client returns the address from which a request reached the first trusted proxy: the last address in X-Forwarded-For that is not a
// trusted proxy's, or the first if all are. Earlier ones may be made up by the client. ok is false if there is none.
func client(header http.Header, proxies configs.Proxies) (client netip.Addr, ok bool) {
	list := strings.Split(strings.Join(header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		address, known := parse(strings.TrimSpace(list[i]))
		if !known {
			break
		}
		client, ok = address, true
		if !proxies.Has(address) {
			break
		}
	}
	return client, ok
}

// parse reads an address, which may have a port.
func parse(text string) (netip.Addr, bool) {
	if both, err := netip.ParseAddrPort(text); err == nil {
		return both.Addr().Unmap(), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return address.Unmap(), err == nil
}

// last returns the last value of a header with a list, which the nearest proxy has added.
func last(header http.Header, name string) string {
	values := header.Values(name)
	if len(values) == 0 {
		return ""
	}
	text := values[len(values)-1]
	return strings.TrimSpace(text[strings.LastIndexByte(text, ',')+1:])
}

// hostForm matches the host of a URL, with or without a port.
var hostForm = regexp.MustCompile(`^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

// prefix returns the path that a proxy has removed. Home Assistant's ingress names it in its own header.
func prefix(header http.Header) string {
	for _, name := range []string{"X-Forwarded-Prefix", "X-Ingress-Path"} {
		if path := strings.TrimSuffix(last(header, name), "/"); len(path) <= 200 && configs.IsBasePath(path) {
			return path
		}
	}
	return ""
}
