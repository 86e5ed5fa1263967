package web

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/framegate/framegate/web/auth/proxy"
)

// unixClients counts as the address of all clients of Unix sockets, which choose their own remote address.
const unixClients = "a Unix socket"

// Address is what limits for each address take for the address of a client: the whole one of IPv4, the first 64 bits of IPv6, since
// whoever has one of these has them all, and the same for all Unix sockets. remote and local are the two ends of the connection; a
// remote that is no address and port is returned as it is. local may be nil for TCP.
func Address(remote string, local net.Addr) string {
	if local != nil && local.Network() == "unix" {
		return unixClients
	}
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := from.Addr().Unmap().WithZone("")
	if address.Is4() || address.IsLoopback() {
		return address.String()
	}
	network, _ := address.Prefix(64)
	return network.String()
}

// addressOf is the Address from which a request comes.
func addressOf(r *http.Request) string {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if _, proxied := proxy.Of(r.Context()); proxied {
		if _, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
			local = nil // the client is not at the other end of the proxy's Unix socket
		}
	}
	return Address(r.RemoteAddr, local)
}
