package web

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/framegate/framegate/web/auth/proxy"
)

// unixClients is the address of all clients of Unix sockets: a client chooses its remote address there.
const unixClients = "a Unix socket"

// Address returns the address of a client for which limits count: the whole address for IPv4; the first 64 bits for IPv6, because a
// client usually has all addresses that begin with them; and one address for all Unix sockets. remote and local are the two ends of the
// connection. If remote is not an address with a port, it is returned unchanged. local may be nil for TCP.
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
