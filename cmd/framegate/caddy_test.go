package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/viewer"
)

// caddy serves the site cams.example over TLS until the test ends, with a certificate that it makes. It returns a client that reaches it from
// 127.0.0.2, and the port.
func caddy(t *testing.T, site string) (client *http.Client, port int) {
	t.Helper()
	path, err := exec.LookPath("caddy")
	if err != nil {
		t.Skip("SKIPPED: it needs Caddy, which make test installs")
	}
	// Caddy takes over no socket. Nobody else has this address of loopback.
	address := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), 1+rand.IntN(250), 1+rand.IntN(250))
	port = 20000 + rand.IntN(10000)
	dir := t.TempDir()
	text := fmt.Sprintf("{\nadmin off\nauto_https disable_redirects\nlocal_certs\nskip_install_trust\ndefault_bind %s\nhttps_port %d\n}\n%s", address, port, site)
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // t.Context has ended it
		err := cmd.Wait()
		if t.Failed() {
			t.Logf("Caddy ended with %v and said:\n%s", err, &log)
		}
	})
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
	client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, net.JoinHostPort(address, fmt.Sprint(port)))
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
	}}
	t.Cleanup(client.CloseIdleConnections) // Caddy waits for them
	camtest.Until(t, "Caddy serves", func() bool {
		resp, err := client.Get(fmt.Sprintf("https://cams.example:%d/healthz", port))
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return client, port
}

func TestCaddyPassesStreamsOnAsDocumented(t *testing.T) {
	p := start(t, "--config", config(t, "trusted_proxies: [127.0.0.1]\nhosts: [cams.example]\nmax_viewers_per_address: 1\nauth: {open: true}\ncameras: [{id: a, url: 'test://smpte'}]"))
	client, port := caddy(t, strings.ReplaceAll(documented(t, "caddy", 0), "127.0.0.1:8080", strings.TrimPrefix(p.URL, "http://")))
	front := fmt.Sprintf("https://cams.example:%d", port)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The second picture comes 10 s after the first one. A buffer would hold back the first until it has more.
	late := time.AfterFunc(9*time.Second, cancel)
	s, err := viewer.OpenVia(ctx, client, front+"/cameras/a/stream?width=64&fps=0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	late.Stop()
	for _, headers := range [][]string{nil, {"X-Forwarded-For", "127.0.0.9"}} {
		if status, body := askAs(t, client, front+"/cameras/a/stream", headers...); status != 429 || !strings.Contains(body, "127.0.0.2 already has 1 viewers") {
			t.Errorf("a second stream with %v: %d %s", headers, status, body)
		}
	}
	if status, body := askAs(t, client, front+"/cameras/a"); status != 200 || !strings.Contains(body, ">"+front+"/cameras/a/stream<") {
		t.Errorf("the page of a camera: %d %s", status, body)
	}
	if status, _ := askAs(t, client, front+"/metrics"); status != 403 {
		t.Errorf("/metrics: %d", status)
	}
}
