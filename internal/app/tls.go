package app

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/framegate/framegate/internal/certificate"
)

// renewCertificate keeps the certificate right until ctx is done. That of the configuration is read again as the configuration is.
func (a *App) renewCertificate(ctx context.Context) {
	tick := time.NewTicker(certificate.CheckInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.pair.Check()
		case <-ctx.Done():
			return
		}
	}
}

// redirect listens for http that is redirected to https: on redirect_http, if the configuration has it.
func (a *App) redirect() ([]net.Listener, error) {
	if a.Config.RedirectHTTP == "" {
		return nil, nil
	}
	l, err := listenTCP(a.Config.RedirectHTTP)
	return []net.Listener{l}, err
}

// portOf returns the port of the first listener that is none of a Unix socket; empty without one.
func portOf(listeners []net.Listener) string {
	for _, l := range listeners {
		if address, ok := l.Addr().(*net.TCPAddr); ok {
			return strconv.Itoa(address.Port)
		}
	}
	return ""
}
