// Package health checks whether a framegate serves.
package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Check requests /healthz of the framegate at the URL base, over a new connection to at, or to the host of base if at is nil.
func Check(ctx context.Context, base string, at net.Addr) error {
	// A proxy from the environment is not used: it would ask another machine.
	transport := &http.Transport{DisableKeepAlives: true}
	if at != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, at.Network(), at.String())
		}
	}
	address := base + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		return fmt.Errorf("%s: %w", address, wrapped.Err)
	}
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, resp.Status)
	}
	return nil
}
