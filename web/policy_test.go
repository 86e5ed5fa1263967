package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/viewer"
)

func TestBytesOfACameraNeverRunAsAPage(t *testing.T) {
	url := serve(t)
	expect := func(path string, h http.Header) {
		if h.Get("Content-Security-Policy") != "sandbox" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
	s, err := viewer.Open(t.Context(), url+"/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	expect("stream", s.Header)
	for _, path := range []string{"next.jpg", "next.raw"} {
		resp, _ := get(t, url+"/cameras/gate/"+path)
		expect(path, resp.Header)
	}
	for extension := range snapshotFormats {
		resp, _ := get(t, url+"/cameras/gate/snapshot."+extension)
		expect(extension, resp.Header)
	}
}

func TestEveryAnswerHasAPolicy(t *testing.T) {
	url := serve(t)
	for _, path := range []string{
		"/api/cameras", "/api/cameras/gate", "/api/cameras/away", "/api/config", "/api/hardware", "/cameras/away/stream", "/cameras/gate/stream?fps=x",
		"/healthz", "/readyz", "/metrics", "/static/cameras.js", "/static/none", "/none", "/api/none",
	} {
		resp, _ := get(t, url+path)
		if h := resp.Header; h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != defaultPolicy {
			t.Errorf("%s: %v", path, h)
		}
	}
	for _, path := range []string{"/", "/cameras/gate/"} {
		resp, _ := get(t, url+path)
		if policy := resp.Header.Get("Content-Security-Policy"); policy == "" {
			t.Errorf("%s has no policy", path)
		}
	}
}

func TestPagesAreFramedByAllowedOriginsOnly(t *testing.T) {
	config := configs.Default()
	config.EmbedOrigins = []string{"https://wall.example"}
	for url, want := range map[string]string{
		serve(t):                    "frame-ancestors 'self'",
		serveConfig(t, config, nil): "frame-ancestors 'self' https://wall.example",
	} {
		resp, _ := get(t, url+"/")
		policy := strings.Split(resp.Header.Get("Content-Security-Policy"), "; ")
		if got := strings.Join(policy[1:], ", "); got != "base-uri 'none', form-action 'none', "+want {
			t.Errorf("%q", policy)
		}
		for _, path := range []string{"/setup", "/setup/users", "/setup/links"} {
			if resp, _ := get(t, url+path); resp.StatusCode != http.StatusOK || !strings.HasSuffix(resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'") {
				t.Errorf("%s: %d %q", path, resp.StatusCode, resp.Header.Get("Content-Security-Policy"))
			}
		}
	}
}
