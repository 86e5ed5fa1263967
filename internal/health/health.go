// Package health checks whether a framegate serves.
package health

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// LimitHeader is a header of framegate's answer to a connection that it refuses. Its value is the limit that the connection exceeds.
const LimitHeader = "X-Framegate-Limit"

// Target is where a framegate serves: Check's base and at.
type Target struct {
	Base string
	At   net.Addr
}

// Check requests /healthz of the framegate at the URL base, over a new connection to at, or to the host of base if at is nil.
// A framegate that refuses the connection because it has too many serves: a restart would only end the streams of its viewers.
func Check(ctx context.Context, base string, at net.Addr) error {
	err := check(ctx, base, at)
	if plain, secure := strings.CutPrefix(base, "https:"); secure && errors.Is(err, http.ErrSchemeMismatch) {
		// A connection is refused before TLS begins.
		return check(ctx, "http:"+plain, at)
	}
	return err
}

func check(ctx context.Context, base string, at net.Addr) error {
	// A proxy from the environment is not used: it would ask another machine. The certificate is not verified: it need not have the
	// address that is asked, such as 127.0.0.1, and this machine need not trust it. The request and its answer hold nothing secret.
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if at != nil {
			network, address = at.Network(), at.String()
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &patient{Conn: conn, asked: make(chan struct{})}, nil
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
	if resp.StatusCode != http.StatusOK && resp.Header.Get(LimitHeader) == "" {
		return fmt.Errorf("%s: %s", address, resp.Status)
	}
	return nil
}

// patient is a connection whose answer may come before the request, as that of a framegate that refuses it. net/http would drop
// the answer, or end with the error of writing to a connection that has been closed.
type patient struct {
	net.Conn
	once  sync.Once
	asked chan struct{} // closed after the first write, or when the connection is closed
}

func (p *patient) Read(b []byte) (int, error) {
	<-p.asked
	return p.Conn.Read(b)
}

// Write always succeeds: the answer, or the error of reading it, says more.
func (p *patient) Write(b []byte) (int, error) {
	p.Conn.Write(b)
	p.once.Do(func() { close(p.asked) })
	return len(b), nil
}

func (p *patient) Close() error {
	p.once.Do(func() { close(p.asked) })
	return p.Conn.Close()
}
