package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

// serveHosts serves a camera under the names of hosts.
func serveHosts(t *testing.T, hosts string) (url string) {
	t.Helper()
	config, err := configs.Parse("site.yaml", []byte(hosts+"\ncameras: [{id: gate, url: 'rtsp://h/gate'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return serveConfig(t, config, nil)
}

func TestForeignNamesAreRefusedOnEveryRoute(t *testing.T) {
	url := serveHosts(t, "hosts: [cams.example, Other.Example]")
	for _, path := range []string{
		"/", "/cameras/gate", "/cameras/gate/stream", "/cameras/gate/snapshot.jpg", "/api/cameras", "/api/cameras/gate", "/api/hardware",
		"/api/config", "/metrics", "/healthz", "/readyz", "/static/wall.js", "/nothing",
	} {
		for _, host := range []string{"rebound.attacker.example", "rebound.attacker.example:8080", "cams.example.attacker.example", "127.0.0.1.attacker.example", "other.local"} {
			resp, body := send(t, http.MethodGet, url+path, "", map[string]string{"Host": host})
			if resp.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(body, "hosts: [") || strings.Contains(body, "gate\"") {
				t.Errorf("%s of %s: %s %s", path, host, resp.Status, body)
			}
		}
	}
}

func TestNamesThatNobodyCanTakeAreServed(t *testing.T) {
	url := serveHosts(t, "hosts: [cams.example, Other.Example]\nlisten: box.example:8080")
	short, _, _ := strings.Cut(machineName, ".")
	for _, host := range []string{
		"127.0.0.1", "192.0.2.1:8080", "[::1]:8080", "[2001:db8::1]", "localhost:8080", "LOCALHOST.", "a.localhost", "mybox:8080", "framegate",
		"cams.example", "CAMS.example.:443", "other.example", "box.example:8080", machineName, short + ".local",
	} {
		resp, body := send(t, http.MethodGet, url+"/api/cameras", "", map[string]string{"Host": host})
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", host, resp.Status, body)
		}
	}
}

func TestPageOfAForeignNameGetsNothingThroughAProxyByNamingAnotherHost(t *testing.T) {
	url := serveHosts(t, "hosts: [cams.example]\nauth: {open: true}\ntrusted_proxies: [192.0.2.1]")
	for _, c := range []struct {
		host, forwarded string
		status          int
	}{
		{"rebound.attacker.example", "cams.example", 421},
		{"cams.example", "rebound.attacker.example", 421},
		{"127.0.0.1:8080", "cams.example", 200},
		{"cams.example", "cams.example", 200},
	} {
		resp, body := send(t, http.MethodGet, url+"/api/cameras", "", map[string]string{
			"Host": c.host, "Test-From": "192.0.2.1:1", "X-Forwarded-For": "198.51.100.1", "X-Forwarded-Host": c.forwarded})
		if resp.StatusCode != c.status || c.status == 421 && !strings.Contains(body, "hosts: [rebound.attacker.example]") {
			t.Errorf("%+v: %s %s", c, resp.Status, body)
		}
	}
}

func TestRefusedNameSaysWhatToConfigure(t *testing.T) {
	url := serveHosts(t, "")
	resp, body := send(t, http.MethodGet, url+"/", "", map[string]string{"Host": "cams.example:8080", "Accept": "text/html,application/xhtml+xml"})
	if resp.StatusCode != 421 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(body, "hosts: [cams.example]") {
		t.Errorf("%s %v %s", resp.Status, resp.Header, body)
	}
	resp, body = send(t, http.MethodGet, url+"/", "", map[string]string{"Host": "cams.example:8080"})
	if resp.StatusCode != 421 || resp.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, "hosts: [cams.example]") {
		t.Errorf("%s %v %s", resp.Status, resp.Header, body)
	}
	if _, body = send(t, http.MethodGet, url+"/", "", map[string]string{"Host": "a<b>.example", "Accept": "text/html"}); strings.Contains(body, "<b>") {
		t.Error(body)
	}
}
