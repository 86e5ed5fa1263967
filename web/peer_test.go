package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

// TestUserOfAConnectionIsKnown over TCP and Unix sockets, by a request of this process.
func TestUserOfAConnectionIsKnown(t *testing.T) {
	type answer struct {
		uid   int
		known bool
	}
	for name, listen := range map[string]func() (net.Listener, error){
		"IPv4": func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
		"both": func() (net.Listener, error) { return net.Listen("tcp", ":0") },
		"Unix": func() (net.Listener, error) { return net.Listen("unix", filepath.Join(t.TempDir(), "socket")) },
	} {
		listener, err := listen()
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan answer, 1)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			uid, known := peer(r)
			got <- answer{uid, known}
		}))
		server.Listener.Close()
		server.Listener, server.Config.ConnContext = listener, ConnContext
		server.Start()
		address := listener.Addr()
		if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
			address = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) {
			return net.Dial(address.Network(), address.String())
		}}}
		resp, err := client.Get("http://localhost/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if a := <-got; !a.known || a.uid != os.Getuid() {
			t.Errorf("%s: %+v, want %d", name, a, os.Getuid())
		}
		server.Close()
	}
}

// TestServicesChangeNothing, as they might on behalf of anybody. The table is one of the kernel's, with the clients of six users.
func TestServicesChangeNothing(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20913 1 0000000000000000 100 0 0 10 0
   1: 0100007F:C351 0100007F:1F90 01 00000000:00000000 00:00000000 00000000    33        0 20914 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C352 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 20915 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:C353 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1001        0 20916 1 0000000000000000 20 4 30 10 -1
   4: 0000000000000000FFFF00000100007F:C354 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000 65534 0 20917
`
	path := filepath.Join(t.TempDir(), "tcp")
	if err := os.WriteFile(path, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	server := netip.MustParseAddrPort("127.0.0.1:8080")
	for port, want := range map[uint16]struct {
		uid     int
		known   bool
		service bool
	}{
		50001: {33, true, true}, 50002: {1000, true, false}, 50003: {}, 50004: {65534, true, true}, 50005: {},
	} {
		uid, known := peerOfTCP(path, netip.AddrPortFrom(server.Addr(), port), server)
		if uid != want.uid || known != want.known || isService(uid) != want.service {
			t.Errorf("%d: %d, %v, %v; want %+v", port, uid, known, isService(uid), want)
		}
	}
	for uid, want := range map[int]bool{0: false, 1: true, 999: true, 1000: false, 61183: false, 61184: true, 65534: true, 65536: false} {
		if isService(uid) != want {
			t.Errorf("%d: %v", uid, !want)
		}
	}
}

// TestServicesReadNothingWithoutAuth, as they may be proxies that add no header.
func TestServicesReadNothingWithoutAuth(t *testing.T) {
	s := &server{}
	s.config.Store(&configs.Config{})
	for uid, want := range map[int]auth.Kind{0: auth.Local, 33: auth.Nobody, 1000: auth.Local, 65534: auth.Nobody} {
		c := &connection{uid: uid, known: true}
		c.once.Do(func() {})
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), connKey{}, c), "GET", "/", nil)
		r.RemoteAddr = loopback
		if p, err := s.principal(r); err != nil || p.Kind != want {
			t.Errorf("user %d: %+v, %v", uid, p, err)
		}
	}
}

func TestPageOfAnotherOriginReadsAsAViewerOnThisMachine(t *testing.T) {
	s := &server{}
	s.config.Store(&configs.Config{})
	for header, want := range map[string]auth.Role{
		"": auth.Admin, "Sec-Fetch-Site: same-origin": auth.Admin, "Sec-Fetch-Site: none": auth.Admin, "Origin: http://127.0.0.1:8080": auth.Admin,
		"Sec-Fetch-Site: cross-site": auth.Viewer, "Sec-Fetch-Site: same-site": auth.Viewer, "Origin: https://evil.example": auth.Viewer, "Origin: null": auth.Viewer,
	} {
		r := httptest.NewRequest("GET", "http://127.0.0.1:8080/", nil)
		r.RemoteAddr = loopback
		if name, value, ok := strings.Cut(header, ": "); ok {
			r.Header.Set(name, value)
		}
		if p, err := s.principal(r); err != nil || p.Role != want {
			t.Errorf("%q: %+v, %v", header, p, err)
		}
	}
}
