// Package redirect says where a camera may lead framegate, over HTTP and RTSP: a camera is a computer that somebody else controls.
package redirect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Max is how often a camera may redirect before it answers.
const Max = 5

// usualPause is the pause before each redirect but the first, which many cameras need.
const usualPause = 500 * time.Millisecond

// Guard decides where one camera may redirect. It also makes the connections, since only they show which address a name has. Its
// methods may be called from any goroutine.
type Guard struct {
	Place   string   // host and port of the configured URL
	Schemes []string // that a redirect may lead to, the least secure first
	pause   time.Duration

	mu   sync.Mutex // guards kind
	kind kind       // of the address that Place had last
}

// New returns the guard of a camera whose configured URL has a host and port.
func New(place string, schemes ...string) *Guard {
	return &Guard{Place: place, Schemes: schemes, pause: usualPause}
}

// Allows refuses what can be refused before a connection: a scheme of another kind, and a less secure one.
func (g *Guard) Allows(from, to *url.URL) error {
	before, after := -1, -1
	for i, scheme := range g.Schemes {
		if from.Scheme == scheme {
			before = i
		}
		if to.Scheme == scheme {
			after = i
		}
	}
	switch {
	case after < 0:
		return fmt.Errorf("redirects to a URL of scheme %q", frame.Words(to.Scheme))
	case after < before:
		return fmt.Errorf("redirects from %s to %s, which is less secure", from.Scheme, to.Scheme)
	}
	return nil
}

// Follow counts a redirect, the nth of an attempt from 1 on, and waits before each but the first.
func (g *Guard) Follow(ctx context.Context, n int) error {
	switch {
	case n > Max:
		return fmt.Errorf("redirects more than %d times", Max)
	case n == 1:
		return nil
	}
	select {
	case <-time.After(g.pause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Dial connects like net.Dialer. A connection to another place than the configured one follows a redirect. It is refused if it leads
// to this machine or to a link-local address, unless the camera's own address is of that kind.
func (g *Guard) Dial(ctx context.Context, dialer net.Dialer, network, address string) (net.Conn, error) {
	if !strings.EqualFold(address, g.Place) {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return g.check(address) }
		return dialer.DialContext(ctx, network, address)
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err == nil {
		to, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
		g.mu.Lock()
		g.kind = kindOf(to.Addr())
		g.mu.Unlock()
	}
	return conn, err
}

// check checks an address before a connection to it.
func (g *Guard) check(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch kind := kindOf(to.Addr()); {
	case kind == elsewhere || kind == g.kind:
		return nil
	case kind == thisMachine:
		return &Refused{fmt.Sprintf("redirects to %s, which is this machine", to)}
	default:
		return &Refused{fmt.Sprintf("redirects to %s, a link-local address", to)}
	}
}

// Refused is the error of a connection that a camera's redirect may not lead to.
type Refused struct{ text string }

func (e *Refused) Error() string { return e.text }

// IsRefused reports whether a Refused is in err's chain, and returns it.
func IsRefused(err error) (*Refused, bool) {
	var refused *Refused
	ok := errors.As(err, &refused)
	return refused, ok
}

// kind is what an address is to this machine.
type kind int

const (
	elsewhere   kind = iota
	thisMachine      // a loopback address, or one of this machine's own, where framegate itself and other services listen
	linkLocal        // where clouds serve their machines' secrets, for example
)

func kindOf(address netip.Addr) kind {
	address = address.Unmap().WithZone("")
	switch {
	case address.IsLoopback(), address.IsUnspecified():
		return thisMachine
	case address.IsLinkLocalUnicast():
		return linkLocal
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return elsewhere
	}
	for _, one := range own {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil && prefix.Addr().Unmap().WithZone("") == address {
			return thisMachine
		}
	}
	return elsewhere
}
