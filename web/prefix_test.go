package web

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/viewer"
)

// below serves a server below the path /cams, as a proxy does that strips it, until the test ends. It returns the URL of the wall.
func below(t *testing.T, server string) string {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	mux := http.NewServeMux()
	mux.Handle("/cams/", http.StripPrefix("/cams", proxy))
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return front.URL + "/cams/"
}

// reference finds what a page refers to. A template's tile has no link yet.
var reference = regexp.MustCompile(`<\w+ [^<>]*?(?:href|src)="([^"]+)"`)

func TestLinksLeadBelowThePathOfAProxy(t *testing.T) {
	wall := below(t, serve(t))
	for _, page := range []string{"", "cameras/gate", "cameras/gate/"} {
		base, _ := url.Parse(wall + page)
		resp, body := get(t, base.String())
		links := reference.FindAllStringSubmatch(string(body), -1)
		if resp.StatusCode != 200 || len(links) < 4 {
			t.Fatalf("%s: %s, %d links", base, resp.Status, len(links))
		}
		for _, link := range links {
			to, err := base.Parse(link[1])
			if err != nil {
				t.Fatal(err)
			}
			if resp, _ := get(t, to.String()); resp.StatusCode != 200 || !strings.HasPrefix(to.String(), wall) {
				t.Errorf("%s: %s leads to %s: %s", base, link[1], to, resp.Status)
			}
		}
	}
}

func TestWallNeedsNoPath(t *testing.T) {
	server := strings.TrimPrefix(serve(t), "http://")
	for _, line := range []string{"GET http://x HTTP/1.1", "OPTIONS * HTTP/1.1"} {
		conn, err := net.Dial("tcp", server)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "%s\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n", line)
		if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode >= 500 {
			t.Errorf("%s: %v, %v", line, resp, err)
		}
	}
	for _, path := range []string{"", "*", "/"} {
		if way := root(&http.Request{URL: &url.URL{Path: path}}); way != "" {
			t.Errorf("%q: %q", path, way)
		}
	}
}

func TestStreamPassesThroughAProxyAtOnce(t *testing.T) {
	s, err := viewer.Open(t.Context(), below(t, serve(t))+"cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Header.Get("X-Accel-Buffering"); got != "no" {
		t.Errorf("X-Accel-Buffering: %q", got)
	}
	for range 3 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
}
