package web

import "net/netip"

// UnixSocket is what counts as the address of those who come over a Unix socket.
const UnixSocket = "a Unix socket"

// Address is what counts as one where addresses are limited, for the remote address of a connection: an IPv4 address, or the first 64 bits of an
// IPv6 address, because whoever has one of these has them all.
func Address(remote string) string {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return UnixSocket
	}
	address := from.Addr().Unmap().WithZone("")
	if address.Is4() || address.IsLoopback() {
		return address.String()
	}
	network, _ := address.Prefix(64)
	return network.String()
}
