package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"golang.org/x/sys/unix"
)

// accepting accepts connections at an address with limits until the test ends, and sends those that are accepted to the channel.
func accepting(t *testing.T, config configs.Config, descriptors int) (c *connections, address string, accepted chan net.Conn) {
	t.Helper()
	c = newConnections(slog.New(slog.DiscardHandler))
	c.config.Store(&config)
	c.descriptors = descriptors
	return acceptingAt(t, "tcp", "127.0.0.1:0", c)
}

func acceptingAt(t *testing.T, network, at string, c *connections) (_ *connections, address string, accepted chan net.Conn) {
	t.Helper()
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	accepted = make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := c.limit(l).Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	return c, l.Addr().String(), accepted
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// next returns the connection that is accepted next.
func next(t *testing.T, accepted chan net.Conn) net.Conn {
	t.Helper()
	select {
	case conn := <-accepted:
		return conn
	case <-time.After(30 * time.Second):
		t.Fatal("a connection was refused")
		return nil
	}
}

func TestConnectionsBeyondALimitAreAnsweredWithTheReason(t *testing.T) {
	for limit, c := range map[string]struct {
		config      configs.Config
		descriptors int
		status      int
		within      int // connections
	}{
		"max_connections":             {configs.Config{MaxConnections: 20}, 0, 503, 20},
		"max_connections_per_address": {configs.Config{MaxConnectionsPerAddress: 3}, 0, 429, 3},
		"open_files":                  {configs.Config{}, 2, 503, 0}, // one of them is kept, and descriptors 1 and 2 are taken
	} {
		clients, address, accepted := accepting(t, c.config, c.descriptors)
		var last net.Conn
		for range c.within + keptForThisMachine {
			dial(t, address)
			last = next(t, accepted)
			defer last.Close()
		}
		resp, err := http.ReadResponse(bufio.NewReader(dial(t, address)), nil)
		if err != nil {
			t.Fatal(limit, err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != c.status || !strings.Contains(string(body), strings.TrimPrefix(limit, "open_")) || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %v %s", limit, resp.Status, resp.Header, body)
		}
		if counted := clients.refusals(); counted[limit] != 1 || len(counted) != 3 {
			t.Errorf("%s: %v were refused", limit, counted)
		}
		for range 20 {
			for _, secure := range []bool{false, true} { // a refusal comes before TLS
				if err := Check(t.Context(), address, secure); err != nil {
					t.Errorf("%s: framegate is well, and refuses: %v", limit, err)
				}
			}
		}
		last.Close()
		last.Close() // counts once
		dial(t, address)
		next(t, accepted).Close()
	}
}

func TestConnectionsOfUnixSocketsAreThoseOfOneAddressWhateverTheySay(t *testing.T) {
	t.Chdir(t.TempDir())
	c := newConnections(slog.New(slog.DiscardHandler))
	c.config.Store(&configs.Config{MaxConnectionsPerAddress: 2})
	c, _, accepted := acceptingAt(t, "unix", "framegate.sock", c)
	for n := range 2 + keptForThisMachine + 1 {
		here := &net.UnixAddr{Name: fmt.Sprintf("192.0.2.%d:1", n), Net: "unix"}
		conn, err := net.DialUnix("unix", here, &net.UnixAddr{Name: "framegate.sock", Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if n < 2+keptForThisMachine {
			defer next(t, accepted).Close()
			continue
		}
		if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%v %v", resp, err)
		}
	}
	if counted := c.refusals(); counted[limitOfOne] != 1 {
		t.Errorf("%v were refused", counted)
	}
}

// served serves with a server until the test ends, and returns the address.
func served(t *testing.T, a *App, server *http.Server) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(a.clients.limit(listener))
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return listener.Addr().String()
}

// TestConnectionsWithoutARequestAreClosed has limits of a hundredth of the real ones.
func TestConnectionsWithoutARequestAreClosed(t *testing.T) {
	const head = "GET /healthz HTTP/1.1\r\nHost: x\r\n"
	for name, sent := range map[string]string{"nothing": "", "half a head": head, "a request and nothing more": head + "\r\n", "half of a second head": head + "\r\n" + head} {
		a := serve(t, "{}")
		server := a.server(a.handler)
		server.ReadHeaderTimeout /= 100
		server.IdleTimeout /= 100
		conn := dial(t, served(t, a, server))
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: still open", name)
		}
	}
}

func TestLongHeadIsRefused(t *testing.T) {
	a := serve(t, "{}")
	address := served(t, a, a.server(a.handler))
	for head, want := range map[string]int{
		"GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", maxHeader/4):               http.StatusRequestHeaderFieldsTooLarge,
		"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", maxHeader/2) + "\r\n\r\n": http.StatusOK,
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n":                                                        http.StatusNotFound, // by framegate, which limits bodies, and not by net/http
	} {
		conn := dial(t, address)
		go io.WriteString(conn, head)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%.30q: %v %v", head, resp, err)
		}
	}
}

func TestConnectionsOfATrustedProxyHaveNoLimitOfTheirOwn(t *testing.T) {
	for trusted, want := range map[string]int{"[]": 1, "[127.0.0.1]": 3} {
		config, err := configs.Parse("test.yaml", []byte("max_connections_per_address: 1\ntrusted_proxies: "+trusted), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, address, accepted := accepting(t, *config, 1000)
		c.mu.Lock()
		c.beyond = keptForThisMachine // none of these
		c.mu.Unlock()
		for range want {
			dial(t, address)
			next(t, accepted)
		}
		if trusted == "[]" {
			conn := dial(t, address)
			if answer, _ := io.ReadAll(conn); !strings.Contains(string(answer), "max_connections_per_address") {
				t.Errorf("%s", answer)
			}
		}
	}
}

// TestHalfOpenRequestsOfOthersLeaveRoomForAGoodViewer has somebody at another address begin 2,000 requests and end none of them.
func TestHalfOpenRequestsOfOthersLeaveRoomForAGoodViewer(t *testing.T) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); limit.Max < 6000 {
		t.Skipf("SKIPPED: this process may have %d files open", limit.Max)
	}
	a := serve(t, "{max_connections: 1000, max_connections_per_address: 500, auth: {open: true}}")
	address := served(t, a, a.server(a.handler))
	from := func(host string) *net.Dialer {
		return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	}
	var half sync.WaitGroup
	for range 50 {
		half.Go(func() {
			for range 40 {
				conn, err := from("127.0.0.9").DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(func() { conn.Close() })
				io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nA: ") // which fails if it is refused
			}
		})
	}
	half.Wait()
	client := http.Client{Transport: &http.Transport{DialContext: from("127.0.0.2").DialContext, DisableKeepAlives: true}}
	for range 50 {
		resp, err := client.Get("http://" + address + "/api/cameras")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("the good viewer gets %s", resp.Status)
		}
	}
	if a.clients.refusals()["max_connections_per_address"] == 0 {
		t.Error("no connection was refused")
	}
}
