package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestCamerasAreServedAndChangedOverAUnixSocketToo(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "framegate.sock")
	p := start(t, "--config", config(t, "cameras: [{id: a, url: 'test://ball', connect: on_demand}]"), "--listen", "127.0.0.1:0", "--listen", "unix:"+socket)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		method, url, body string
		status            int
	}{
		{"GET", "http://localhost/cameras/a/next.raw?format=gray", "", 200},
		{"GET", "http://attacker.example/api/cameras", "", 421},
		{"PATCH", "http://localhost/api/cameras/a", `{"name": "Ball"}`, 200},
		{"PATCH", "http://attacker.example/api/cameras/a", `{"name": "Ball"}`, 403},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %s: %s", c.method, c.url, resp.Status)
		}
	}
	if stdout, stderr, status := run(t, "health", "unix:"+socket); status != 0 || stdout != "ok\n" {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	client.CloseIdleConnections()
	p.Stop()
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAddressOfTheCommandLineIsCheckedLikeThatOfTheConfiguration(t *testing.T) {
	for _, address := range []string{"unix:f", "unix:@x", "8080"} {
		_, stderr, status := run(t, "serve", "--config", config(t, "{}"), "--listen", address)
		if status == 0 || !strings.Contains(stderr, "--listen is "+strconv.Quote(address)+"; ") {
			t.Errorf("%s: status %d, %s", address, status, stderr)
		}
	}
}
