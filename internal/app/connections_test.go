package app

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

// accepting accepts connections at an address with limits until the test ends, and sends those that are accepted to the channel.
func accepting(t *testing.T, config configs.Config, descriptors int) (c *connections, address string, accepted chan net.Conn) {
	t.Helper()
	c = newConnections(slog.New(slog.DiscardHandler))
	c.config.Store(&config)
	c.descriptors = descriptors
	l, err := net.Listen("tcp", "127.0.0.1:0")
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

func TestConnectionsBeyondALimitAreAnsweredWithTheReason(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for limit, c := range map[string]struct {
		config      configs.Config
		descriptors int
		status      int
	}{
		"max_connections":             {configs.Config{MaxConnections: keptForThisMachine}, 0, 503},
		"max_connections_per_address": {configs.Config{MaxConnectionsPerAddress: keptForThisMachine}, 0, 429},
		"open_files":                  {configs.Config{}, int(file.Fd()) + 1 + keptDescriptors, 503},
	} {
		clients, address, accepted := accepting(t, c.config, max(c.descriptors, 0))
		var last net.Conn
		for range keptForThisMachine {
			dial(t, address)
			last = <-accepted
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
		last.Close()
		last.Close() // counts once
		dial(t, address)
		(<-accepted).Close()
	}
}

func TestLongHeadIsRefused(t *testing.T) {
	a := serve(t, "{}")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := a.server()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(a.clients.limit(listener))
	}()
	defer func() {
		server.Close()
		<-done
	}()
	for head, want := range map[string]int{
		"GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", maxHeader/4):               http.StatusRequestHeaderFieldsTooLarge,
		"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", maxHeader/2) + "\r\n\r\n": http.StatusOK,
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n":                                                        http.StatusNotFound, // by framegate, which limits bodies, and not by net/http
	} {
		conn := dial(t, listener.Addr().String())
		go io.WriteString(conn, head)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%.30q: %v %v", head, resp, err)
		}
	}
}
