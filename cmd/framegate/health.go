package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"framegate/configs"
)

// health asks a framegate of this machine whether it serves. A container's health check runs it.
type health struct {
	URL string `arg:"" optional:"" help:"Where framegate serves, as http://127.0.0.1:8080; else where its configuration says."`
}

// healthTime is how long an answer may take.
const healthTime = 4 * time.Second

func (h health) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	if err := askHealth(ctx, strings.TrimSuffix(h.base(), "/"), nil); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

// askHealth asks a framegate for its health over a connection of its own: to at, or to the host of base where that is nil.
func askHealth(ctx context.Context, base string, at net.Addr) error {
	// No proxy of the environment: it would ask another machine.
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

// base is where framegate serves, by its configuration; port 8080 where that is missing or faulty. A listen: that was changed
// since the start is asked in vain until the next one.
func (h health) base() string {
	if h.URL != "" {
		return h.URL
	}
	if path, err := configs.Find(""); err == nil && path != "" {
		if config, err := configs.Load(path); err == nil {
			return reachable(config.Listen)
		}
	}
	return reachable(":8080") // the default of listen
}
