package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/web/auth/proxy"
)

// behind is the start of a configuration whose proxy is 192.0.2.1.
const behind = "trusted_proxies: [192.0.2.1]\n"

// through returns the headers of a request through the proxy of behind, with more of them, names and values in turn.
func through(more ...string) map[string]string {
	all := map[string]string{"Test-From": "192.0.2.1:1"}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// watch opens a stream of gate with headers, and keeps it until the test ends. It returns the status.
func watch(t *testing.T, url string, headers map[string]string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/cameras/gate/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp.StatusCode
}

func TestClientsOfAProxyAreLimitedByTheirOwnAddresses(t *testing.T) {
	url, _ := serveText(t, behind+"auth: {open: true}\nmax_viewers_per_address: 1\n"+site)
	for _, step := range []struct {
		headers map[string]string
		status  int
	}{
		{through("X-Forwarded-For", "198.51.100.1"), 200},
		{through("X-Forwarded-For", "198.51.100.1"), 429},
		{through("X-Forwarded-For", "198.51.100.2"), 200},
		{through("X-Forwarded-For", "198.51.100.3, 198.51.100.2"), 429}, // the client has made the first one up
		{map[string]string{"Test-From": "198.51.100.9:1", "X-Forwarded-For": "198.51.100.4"}, 200},
		{map[string]string{"Test-From": "198.51.100.9:1", "X-Forwarded-For": "198.51.100.5"}, 429}, // no proxy
	} {
		if got := watch(t, url, step.headers); got != step.status {
			t.Errorf("%v: %d, want %d", step.headers, got, step.status)
		}
	}
}

func TestRequestThroughATrustedProxyIsNeverFromThisMachine(t *testing.T) {
	url, _ := serveText(t, "trusted_proxies: [127.0.0.1]\n"+site)
	for _, headers := range []map[string]string{
		nil,
		{"X-Forwarded-For": "127.0.0.1"},
		{"X-Forwarded-For": "::1"},
		{"X-Forwarded-For": "192.0.2.7"},
		{"X-Forwarded-For": "127.0.0.1, 192.0.2.7"},
	} {
		if resp, body := send(t, http.MethodGet, url+"/api/cameras", "", headers); resp.StatusCode != 403 {
			t.Errorf("%v: %s %s", headers, resp.Status, body)
		}
		if resp, body := send(t, http.MethodDelete, url+"/api/cameras/gate", "", headers); resp.StatusCode != 403 {
			t.Errorf("%v changes: %s %s", headers, resp.Status, body)
		}
	}
}

func TestClientsOfAProxyOnAUnixSocketHaveTheirOwnAddresses(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "@"
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.UnixAddr{Net: "unix"}))
		r = proxy.Forward(r, configs.Proxies{Unix: trusted})
		want := unixClients
		if trusted {
			want = "192.0.2.7"
		}
		if got := addressOf(r); got != want || fromLoopback(r) == trusted {
			t.Errorf("trusted %v: %s, from this machine %v", trusted, got, fromLoopback(r))
		}
	}
}

func TestUserWhomAProxyNamesIsLetIn(t *testing.T) {
	const users = "auth: {proxy: {user_header: Remote-User, role_header: Remote-Role, cameras_header: Remote-Cameras, secret: 0123456789abcdef}}\n"
	url, _ := serveText(t, behind+users+"hosts: [cams.example]\n"+site)
	const secret = "X-Framegate-Secret"
	ann := through("Remote-User", "ann", "Remote-Cameras", "gate", secret, "0123456789abcdef")
	admin := through("Remote-User", "bob", "Remote-Role", "admin", secret, "0123456789abcdef")
	for _, test := range []struct {
		path    string
		headers map[string]string
		status  int
	}{
		{"/api/cameras/gate", ann, 200},
		{"/api/cameras/yard", ann, 403},
		{"/metrics", ann, 403},
		{"/metrics", admin, 200},
		{"/api/cameras/gate", through("Remote-User", "ann", "Remote-Cameras", "gate"), 403},
		{"/api/cameras/gate", through("Remote-User", "ann", "Remote-Cameras", "gate", secret, "0123456789abcdeF"), 403},
		{"/api/cameras/gate", map[string]string{"Test-From": "198.51.100.1:1", "Remote-User": "ann", "Remote-Cameras": "gate", secret: "0123456789abcdef"}, 403},
		{"/api/cameras/gate", through(secret, "0123456789abcdef"), 403},
		{"/api/cameras/gate", through("Remote-User", "ann", "Remote-Role", "root", "Remote-Cameras", "gate", secret, "0123456789abcdef"), 403},
	} {
		if resp, body := send(t, http.MethodGet, url+test.path, "", test.headers); resp.StatusCode != test.status {
			t.Errorf("%s %v: %s %s", test.path, test.headers, resp.Status, body)
		}
	}
	admin["X-Forwarded-Host"], admin["X-Forwarded-Proto"], admin["Origin"] = "cams.example", "https", "https://cams.example"
	admin["X-Forwarded-Prefix"] = "/cams"
	resp, body := send(t, http.MethodPost, url+"/api/cameras", `{"id": "new", "url": "rtsp://h/new"}`, admin)
	if resp.StatusCode != 201 || resp.Header.Get("Location") != "/cams/api/cameras/new" {
		t.Errorf("an admin adds a camera: %s %v %s", resp.Status, resp.Header, body)
	}
	resp, body = send(t, http.MethodPost, url+"/api/links", `{"path": "/cameras/gate/stream"}`, admin)
	if resp.StatusCode != 201 || !strings.Contains(body, `"/cams/cameras/gate/stream?`) {
		t.Errorf("an admin makes a link: %s %s", resp.Status, body)
	}
	admin["Origin"] = "https://evil.example"
	if resp, body := send(t, http.MethodDelete, url+"/api/cameras/new", "", admin); resp.StatusCode != 403 {
		t.Errorf("a page of another origin removes it: %s %s", resp.Status, body)
	}
}

func TestPageNamesTheAddressThatTheClientOfAProxySees(t *testing.T) {
	url, _ := serveText(t, behind+"auth: {open: true}\nhosts: [cams.example]\n"+site)
	forwarded := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "cams.example", "X-Ingress-Path", "/api/hassio_ingress/x"}
	_, body := send(t, http.MethodGet, url+"/cameras/gate", "", through(forwarded...))
	if !strings.Contains(body, ">https://cams.example/api/hassio_ingress/x/cameras/gate/stream<") {
		t.Error(body)
	}
	stranger := through(forwarded...)
	stranger["Test-From"] = "198.51.100.1:1"
	_, body = send(t, http.MethodGet, url+"/cameras/gate", "", stranger)
	if strings.Contains(body, "https://") || strings.Contains(body, "hassio") {
		t.Errorf("a stranger's headers are believed: %s", body)
	}
	resp, _ := send(t, http.MethodGet, url+"/", "", through("X-Forwarded-Host", "evil.example"))
	if resp.StatusCode != 421 {
		t.Errorf("a name that is not served: %s", resp.Status)
	}
}

func TestRoutesAnswerBelowBasePath(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("base_path: /site/cams\ncameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := serveConfig(t, config, nil)
	for path, status := range map[string]int{
		"/site/cams/": 200, "/site/cams": 200, "/site/cams/api/cameras": 200, "/site/cams/healthz": 200, "/healthz": 200, "/readyz": 503,
		"/": 404, "/api/cameras": 404, "/site/camsapi/cameras": 404, "/site/cams/none": 404, "/site/cams/../../api/cameras": 404,
	} {
		resp, body := get(t, server+path)
		if resp.StatusCode != status && path != "/readyz" || status == 404 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %v %s", path, resp.Status, resp.Header, body)
		}
	}
	wall := server + "/site/cams/"
	for _, page := range []string{"", "cameras/gate", "cameras/gate/"} {
		base, _ := url.Parse(wall + page)
		_, body := get(t, base.String())
		links := reference.FindAllStringSubmatch(string(body), -1)
		if len(links) < 3 {
			t.Fatalf("%s: %d links", base, len(links))
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
	s, err := viewer.Open(t.Context(), wall+"cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Error(err)
	}
}

func TestLogSaysOnceThatAProxyWithTLSIsNotTrusted(t *testing.T) {
	config := configs.Default()
	config.Proxies.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	handler, stop := newHandler(t, config, nil, time.Now)
	t.Cleanup(stop)
	log := &logText{}
	handler.server.Log = slog.New(slog.NewTextHandler(log, nil))
	for _, c := range []struct {
		from, scheme string
		lines        int
	}{{"192.0.2.1:1", "https", 0}, {"198.51.100.1:1", "", 0}, {"198.51.100.1:1", "http", 0}, {"198.51.100.1:1", "https", 1}, {"198.51.100.2:1", "https", 1}} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://cams/healthz", nil)
		r.RemoteAddr = c.from
		r.Header.Set("X-Forwarded-Proto", c.scheme)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if got := strings.Count(log.String(), "one of trusted_proxies"); got != c.lines {
			t.Errorf("%+v: %d lines", c, got)
		}
	}
	if !strings.Contains(log.String(), "from=198.51.100.1") {
		t.Error(log.String())
	}
}

func TestCookieOfASessionIsSecureBehindAProxyWithTLS(t *testing.T) {
	config := configs.Default()
	config.Proxies.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	for _, test := range []struct {
		from, scheme string
		secure       bool
	}{{"192.0.2.1:1", "https", true}, {"192.0.2.1:1", "http", false}, {"192.0.2.1:1", "", false}, {"198.51.100.1:1", "https", false}} {
		r := httptest.NewRequest(http.MethodPost, "/sign-in", nil)
		r.RemoteAddr = test.from
		r.Header.Set("X-Forwarded-Proto", test.scheme)
		if got := overTLS(proxy.Forward(r, config.Proxies)); got != test.secure {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
