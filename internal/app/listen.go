package app

import (
	"context"
	"fmt"
	"net"
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
		if path, unix := configs.UnixSocket(address); unix {
			l, err = listenUnix(path)
		} else {
			l, err = net.Listen("tcp", address)
		}
		if err != nil {
			closeAll(listeners)
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// addressesOf returns the addresses of listeners, and how they are shown.
func addressesOf(listeners []net.Listener) (served []net.Addr, urls []string) {
	for _, l := range listeners {
		address := l.Addr()
		served = append(served, address)
		if address.Network() == "unix" {
			urls = append(urls, "unix:"+address.String())
		} else {
			urls = append(urls, url(address.String()))
		}
	}
	return served, urls
}

// Check requests /healthz of a framegate on this machine that listens on an address, or at a URL.
func Check(ctx context.Context, address string) error {
	if path, unix := configs.UnixSocket(address); unix {
		if err := health.Check(ctx, "http://localhost", &net.UnixAddr{Name: path, Net: "unix"}); err != nil {
			return fmt.Errorf("unix:%s: %w", path, err)
		}
		return nil
	}
	if !strings.Contains(address, "://") {
		address = url(address)
	}
	return health.Check(ctx, strings.TrimSuffix(address, "/"), nil)
}

// url returns a URL at which this machine reaches a server that listens on an address.
func url(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
