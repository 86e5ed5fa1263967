package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/viewer"

	"github.com/coder/websocket"
)

// documented returns the nth block of a language in docs/access.md, from 0.
func documented(t *testing.T, language string, n int) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1)
	if n >= len(blocks) {
		t.Fatalf("docs/access.md has %d blocks of %s", len(blocks), language)
	}
	return string(blocks[n][1])
}

// nginx serves with locations until the test ends. It returns where.
func nginx(t *testing.T, locations string) string {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("SKIPPED: it needs nginx, which make test installs")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	dir := t.TempDir()
	temporary := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	account := ""
	if os.Geteuid() == 0 {
		account = "user root root;" // by default it is nobody, who may not enter the folder
	}
	text := fmt.Sprintf("daemon off;\nworker_processes 1;\n%s\npid %s/pid;\nevents {}\nhttp {\naccess_log off;\n%sserver {\nlisten %s;\n%s}\n}\n",
		account, dir, temporary, l.Addr(), locations)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	cmd.ExtraFiles, cmd.Env = []*os.File{file}, append(os.Environ(), "NGINX=3;") // the socket that it takes over, which listens already
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }     // its worker ends too
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // t.Context has ended it
		err := cmd.Wait()
		if t.Failed() {
			t.Logf("nginx ended with %v and said:\n%s", err, &log)
		}
	})
	return "http://" + l.Addr().String()
}

// from returns a client with an address of its own on this machine.
func from(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// askAs makes a request with headers, names and values in turn, and returns status and body.
func askAs(t *testing.T, client *http.Client, url string, headers ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestNginxPassesStreamsOnAsDocumented(t *testing.T) {
	p := start(t, "--config", config(t, "trusted_proxies: [127.0.0.1]\nmax_viewers_per_address: 1\nauth: {open: true}\ncameras: [{id: a, url: 'test://smpte'}]"))
	front := nginx(t, strings.ReplaceAll(documented(t, "nginx", 0), "127.0.0.1:8080", strings.TrimPrefix(p.URL, "http://")))
	p2, p3 := from("127.0.0.2"), from("127.0.0.3")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The second picture comes 10 s after the first one. A buffer would hold back the first until it has more.
	late := time.AfterFunc(9*time.Second, cancel)
	s, err := viewer.OpenVia(ctx, p2, front+"/cams/cameras/a/stream?width=64&fps=0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	late.Stop()
	if status, body := askAs(t, p2, front+"/cams/cameras/a/stream"); status != 429 || !strings.Contains(body, "127.0.0.2 already has 1 viewers") {
		t.Errorf("a second stream: %d %s", status, body)
	}
	if status, body := askAs(t, p2, front+"/cams/cameras/a/stream", "X-Forwarded-For", "127.0.0.9"); status != 429 {
		t.Errorf("a second stream of who makes an address up: %d %s", status, body)
	}
	other, err := viewer.OpenVia(ctx, p3, front+"/cams/cameras/a/stream?width=64")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for range 3 {
		if _, err := other.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if status, body := askAs(t, p2, front+"/cams/cameras/a"); status != 200 || !strings.Contains(body, ">"+front+"/cams/cameras/a/stream<") {
		t.Errorf("the page of a camera: %d %s", status, body)
	}
	socket, _, err := websocket.Dial(ctx, front+"/cams/api/live", &websocket.DialOptions{HTTPClient: p3, HTTPHeader: http.Header{"Origin": {front}}})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	if _, first, err := socket.Read(ctx); err != nil || !strings.Contains(string(first), `{"cameras":[{"id":"a"`) {
		t.Errorf("the WebSocket begins with %s %v", first, err)
	}
	if status, _ := askAs(t, p2, front+"/cams/metrics"); status != 403 {
		t.Errorf("/metrics: %d", status)
	}
}

func TestNginxSignsUsersInAsDocumented(t *testing.T) {
	authenticator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch cookie, _ := r.Cookie("session"); {
		case r.URL.Path == "/": // where people sign in
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, r.URL.Query().Get("rd"))
		case cookie == nil:
			w.WriteHeader(401)
		case cookie.Value == "ann":
			w.Header().Set("Remote-User", "ann")
			w.Header().Set("Remote-Groups", "users")
		case cookie.Value == "bob":
			w.Header().Set("Remote-User", "bob")
			w.Header().Set("Remote-Groups", "users,admins")
		}
	}))
	defer authenticator.Close()
	p := start(t, "--config", config(t, `
trusted_proxies: [127.0.0.1]
auth: {proxy: {user_header: Remote-User, groups_header: Remote-Groups, admin_groups: [admins], secret: the secret of auth.proxy}}
cameras: [{id: a, url: 'test://smpte'}]`))
	front := nginx(t, strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(p.URL, "http://"),
		"127.0.0.1:9091", authenticator.Listener.Addr().String(), "https://auth.example", authenticator.URL).Replace(documented(t, "nginx", 1)))
	client := from("127.0.0.2")
	for _, test := range []struct {
		url     string
		headers []string
		status  int
	}{
		{front + "/cams/api/cameras", nil, 418},
		{front + "/cams/api/cameras", []string{"Remote-User", "bob"}, 418},
		{front + "/cams/api/cameras", []string{"Cookie", "session=ann"}, 200},
		{front + "/cams/metrics", []string{"Cookie", "session=ann"}, 403},
		{front + "/cams/metrics", []string{"Cookie", "session=ann", "Remote-User", "bob", "Remote-Groups", "admins"}, 403},
		{front + "/cams/metrics", []string{"Cookie", "session=bob"}, 200},
		{front + "/cams/api/cameras", []string{"Cookie", "session=nobody", "Remote-User", "bob"}, 403},                                                  // the authenticator names nobody
		{p.URL + "/api/cameras", []string{"Remote-User", "bob", "X-Framegate-Secret", "the secret of auth.proxy", "X-Forwarded-For", "127.0.0.1"}, 403}, // no trusted proxy
	} {
		if status, body := askAs(t, client, test.url, test.headers...); status != test.status {
			t.Errorf("%s %v: %d %s", test.url, test.headers, status, body)
		}
	}
	if _, back := askAs(t, client, front+"/cams/cameras/a"); back != front+"/cams/cameras/a" {
		t.Errorf("after the sign-in people come to %s", back)
	}
}
