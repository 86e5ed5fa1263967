package web

import (
	"net"
	"net/http"
	"net/netip"
)

// unixClients is what counts as the address of those who come over a Unix socket. What their remote address says is theirs to choose.
const unixClients = "a Unix socket"

// Address is what counts as one where addresses are limited, for the two addresses of a connection: an IPv4 address, or the first 64 bits of
// an IPv6 address, because whoever has one of these has them all. All Unix sockets count as one. local may be nil for TCP.
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
	return Address(r.RemoteAddr, local)
}
