package app

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/health"
	"github.com/framegate/framegate/internal/systemd"
)

// listen listens on addresses, or on the sockets that systemd passes, if any.
func listen(addresses []string) (listeners []net.Listener, err error) {
	if listeners, err = systemd.Listeners(); err != nil || len(listeners) > 0 {
		return listeners, err
	}
	for _, address := range addresses {
		var l net.Listener
		if socket, unix := configs.UnixSocket(address); unix {
			l, err = listenUnix(socket)
		} else {
			l, err = listenTCP(address)
		}
		if err != nil {
			closeAll(listeners)
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// listenTCP listens on an address. One of IPv4, such as 0.0.0.0, is not reached by IPv6.
func listenTCP(address string) (net.Listener, error) {
	host, _, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
		return net.Listen("tcp4", address)
	}
	return net.Listen("tcp", address)
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// isUnix reports whether a listener listens on a Unix socket, where TLS is never used: no other machine can listen in.
func isUnix(l net.Listener) bool { return l.Addr().Network() == "unix" }

// addressesOf returns, for each listener, where a health check reaches it, and the URL to show to people. secure means that they
// serve https.
func addressesOf(listeners []net.Listener, secure bool) (served []health.Target, urls []string) {
	for _, l := range listeners {
		address, base, shown := l.Addr(), "http://framegate", ""
		switch {
		case isUnix(l):
			shown = "unix:" + address.String()
		case secure:
			base, shown = "https://framegate", url(address.String(), "https")
		default:
			shown = url(address.String(), "http")
		}
		served, urls = append(served, health.Target{Base: base, At: address}), append(urls, shown)
	}
	return served, urls
}

// Check requests /healthz of a framegate on this machine. address is one that it listens on, where https is spoken if secure is true, or a
// URL.
func Check(ctx context.Context, address string, secure bool) error {
	if socket, unix := configs.UnixSocket(address); unix {
		if err := health.Check(ctx, "http://localhost", &net.UnixAddr{Name: socket.Path, Net: "unix"}); err != nil {
			return fmt.Errorf("unix:%s: %w", socket.Path, err)
		}
		return nil
	}
	if !strings.Contains(address, "://") {
		scheme := "http"
		if secure {
			scheme = "https"
		}
		address = url(address, scheme)
	}
	return health.Check(ctx, strings.TrimSuffix(address, "/"), nil)
}

// url returns a URL at which this machine reaches a server that listens on an address.
func url(listen, scheme string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}
