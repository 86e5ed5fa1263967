package redirect

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"testing"
	"time"
)

// TestRedirectFromElsewhereNeverReachesThisMachine but one from a camera that is configured there does.
func TestRedirectFromElsewhereNeverReachesThisMachine(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	away := New("192.0.2.1:554", "rtsp", "rtsps")
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0", "127.9.9.9"} {
		conn, err := away.Dial(t.Context(), net.Dialer{}, "tcp", net.JoinHostPort(host, port))
		if _, ok := IsRefused(err); !ok {
			t.Errorf("%s: %v", host, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
	here := New(address, "rtsp", "rtsps")
	for _, to := range []string{address, net.JoinHostPort("127.0.0.1", port)} {
		conn, err := here.Dial(t.Context(), net.Dialer{}, "tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	if err := here.check("127.0.0.2:80"); err != nil {
		t.Errorf("within loopback: %v", err)
	}
	if err := here.check("169.254.169.254:80"); err == nil {
		t.Error("from loopback to a link-local address")
	}
}

func TestKindsOfAddresses(t *testing.T) {
	for text, want := range map[string]kind{
		"127.0.0.1": thisMachine, "::1": thisMachine, "::": thisMachine, "::ffff:127.0.0.1": thisMachine,
		"169.254.169.254": linkLocal, "fe80::1": linkLocal, "fe80::1%eth0": linkLocal, "::ffff:169.254.1.1": linkLocal,
		"192.0.2.1": elsewhere, "2001:db8::1": elsewhere,
	} {
		if got := kindOf(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	own, _ := net.InterfaceAddrs()
	for _, one := range own {
		if address := netip.MustParsePrefix(one.String()).Addr(); kindOf(address) == elsewhere {
			t.Errorf("%s is this machine's", address)
		}
	}
}

func TestRedirectToAnotherSchemeIsRefused(t *testing.T) {
	g := New("192.0.2.1:80", "http", "https")
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{{"http", "http", true}, {"http", "https", true}, {"https", "https", true}, {"https", "http", false}, {"http", "file", false}, {"http", "rtsp", false}, {"http", "", false}} {
		if err := g.Allows(&url.URL{Scheme: c.from}, &url.URL{Scheme: c.to}); (err == nil) != c.allowed {
			t.Errorf("from %s to %s: %v", c.from, c.to, err)
		}
	}
}

func TestRedirectsAreFewAndSlow(t *testing.T) {
	g := New("192.0.2.1:80", "http")
	g.pause = 10 * time.Millisecond
	began := time.Now()
	for n := 1; n <= Max; n++ {
		if err := g.Follow(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < (Max-1)*g.pause {
		t.Errorf("%d redirects within %v", Max, took)
	}
	if g.Follow(t.Context(), Max+1) == nil {
		t.Error("one more is followed")
	}
	g.pause = time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	if err := g.Follow(ctx, 2); err != gone {
		t.Error(err)
	}
}
