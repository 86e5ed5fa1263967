package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/auth/links"
)

const (
	linkSecret = "0123456789abcdef0123456789abcdef"
	linkKey    = "link_keys: [{id: wall, secret: " + linkSecret + "}]"
)

// serveLinked serves the cameras gate and yard, to others than this machine by links only, and collects the log.
func serveLinked(t testing.TB, auth string) (url string, handler *Handler, log *logText) {
	t.Helper()
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	config, err := configs.Parse("test.yaml", []byte("auth: {"+auth+"}\ncameras: [{id: gate, url: 'rtsp://h/gate', idle_timeout: 100ms}, {id: yard, url: 'rtsp://h/yard', idle_timeout: 100ms}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandler(t, config, nil, time.Now)
	log = &logText{}
	handler.server.Log = slog.New(slog.NewTextHandler(log, nil))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("Test-From"); from != "" {
			r.RemoteAddr = from
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		stop()
		server.Close()
	})
	return server.URL, handler, log
}

// logText is what was logged.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// ask sends a request from another machine, or from this one, with headers in pairs.
func ask(t testing.TB, method, url, from, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Test-From", from)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var content []byte
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "multipart/") { // a stream has no end
		if content, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	return resp, string(content)
}

// signedAs is a link that somebody else has signed, as docs/access.md says.
func signedAs(path string, expires time.Time, key, secret string) string {
	picture, query, _ := strings.Cut(path, "?")
	parts := strings.Split(query, "&")
	slices.Sort(parts)
	query = strings.Join(parts, "&")
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "framegate-link-1\n%s\n%s\n%d\n%s\n", picture, query, expires.Unix(), key)
	return fmt.Sprintf("%s?%s&expires=%d&key=%s&signature=%s", picture, query, expires.Unix(), key, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

func TestLinkShowsItsPictureToOtherMachines(t *testing.T) {
	url, _, _ := serveLinked(t, linkKey)
	link := signedAs("/cameras/gate/stream?width=160", time.Now().Add(time.Hour), "wall", linkSecret)
	_, signature, _ := strings.Cut(link, "?")
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", link, 200},
		{"HEAD", link, 200},
		{"GET", signedAs("/cameras/gate/snapshot.png?width=160", time.Now().Add(time.Hour), "wall", linkSecret), 200},
		{"GET", "/cameras/gate/stream?width=160", 403},
		{"GET", strings.Replace(link, "width=160", "width=161", 1), 403},
		{"GET", strings.Replace(link, "gate", "yard", 1), 403},
		{"GET", "/api/cameras?" + signature, 403},
		{"GET", "/?" + signature, 403},
		{"GET", "/cameras/gate/?" + signature, 403},
		{"GET", "/metrics?" + signature, 403},
		{"GET", "/healthz?" + signature, 200},
		{"POST", "/api/links?" + signature, 403},
		{"GET", signedAs("/cameras/gate/stream?width=160", time.Now().Add(-time.Second), "wall", linkSecret), 410},
		{"GET", signedAs("/cameras/gate/stream?width=160", time.Now().Add(-time.Second), "wall", "x"+linkSecret[1:]), 403},
		{"GET", signedAs("/cameras/gate/stream?width=0", time.Now().Add(time.Hour), "wall", linkSecret), 400},
	} {
		if resp, body := ask(t, test.method, url+test.path, elsewhere, ""); resp.StatusCode != test.status || test.status >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %v %.200s", test.method, test.path, resp.StatusCode, resp.Header, body)
		}
	}
}

func TestEveryPictureOfACameraMayHaveALink(t *testing.T) {
	_, handler, _ := serveLinked(t, "")
	for _, to := range handler.server.routes() {
		rest, picture := strings.CutPrefix(to.pattern, "/cameras/{id}/")
		if _, covered := links.Covers(strings.Replace(to.pattern, "{id}", "gate", 1)); covered != (picture && rest != "") {
			t.Errorf("a link for %s: %v", to.pattern, covered)
		}
	}
	for _, name := range links.Parameters {
		if len(withoutCredentials(&http.Request{URL: &url.URL{RawQuery: name + "=1"}}).URL.RawQuery) > 0 {
			t.Errorf("handlers see the parameter %s", name)
		}
	}
}

var asJSON = []string{"Content-Type", "application/json"}

func TestAdminMakesALink(t *testing.T) {
	url, _, log := serveLinked(t, "")
	resp, body := ask(t, "POST", url+"/api/links", "127.0.0.1:1", `{"path": "/cameras/gate/snapshot.jpg?width=160", "for": "2h"}`, asJSON...)
	var made struct {
		URL     string    `json:"url"`
		Expires time.Time `json:"expires"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || resp.StatusCode != 201 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s %v", resp.StatusCode, body, err)
	}
	if left := time.Until(made.Expires); left > 2*time.Hour || left < time.Hour {
		t.Errorf("it expires in %v", left)
	}
	if resp, _ := ask(t, "GET", url+made.URL, elsewhere, ""); resp.StatusCode != 200 {
		t.Errorf("%s: %d", made.URL, resp.StatusCode)
	}
	line, _, _ := strings.Cut(log.String(), "\n")
	_, signature, _ := strings.Cut(made.URL, "signature=")
	for _, part := range []string{`msg="link made"`, "who=local", "from=127.0.0.1 ", `for="/cameras/gate/snapshot.jpg?width=160"`, "until="} {
		if !strings.Contains(line, part) {
			t.Errorf("%s lacks %s", line, part)
		}
	}
	if strings.Contains(log.String(), signature) {
		t.Errorf("the signature is in the log: %s", log)
	}
}

func TestLinkBelowABasePathIsMadeForThePathWithoutIt(t *testing.T) {
	url, handler, _ := serveLinked(t, linkKey)
	config := *handler.server.config.Load()
	config.BasePath = "/site/cams"
	handler.Configure(&config)
	_, body := ask(t, "POST", url+"/site/cams/api/links", "127.0.0.1:1", `{"path": "/cameras/gate/snapshot.jpg"}`, asJSON...)
	var made struct{ URL string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || !strings.HasPrefix(made.URL, "/site/cams/cameras/gate/snapshot.jpg?") {
		t.Fatalf("%s %v", body, err)
	}
	for _, link := range []string{made.URL, "/site/cams" + signedAs("/cameras/gate/snapshot.jpg?width=64", time.Now().Add(time.Hour), "wall", linkSecret)} {
		if resp, body := ask(t, "GET", url+link, elsewhere, ""); resp.StatusCode != 200 {
			t.Errorf("%s: %d %.200s", link, resp.StatusCode, body)
		}
	}
}

// TestLinkForAClientBehindATrustedProxyIsForTheClient sends requests by a proxy.
func TestLinkForAClientBehindATrustedProxyIsForTheClient(t *testing.T) {
	url, handler, _ := serveLinked(t, linkKey)
	signed, err := handler.server.links.Sign(links.Request{URL: "/cameras/gate/snapshot.jpg", Client: "203.0.113.9"})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := configs.Parse("test.yaml", []byte("trusted_proxies: [192.0.2.80]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config := *handler.server.config.Load()
	config.TrustedProxies, config.Proxies = parsed.TrustedProxies, parsed.Proxies
	handler.Configure(&config)
	for from, want := range map[string]int{"192.0.2.80:1": 200, "192.0.2.81:1": 403} {
		if resp, _ := ask(t, "GET", url+signed.URL, from, "", "X-Forwarded-For", "203.0.113.9"); resp.StatusCode != want {
			t.Errorf("by %s: %d, want %d", from, resp.StatusCode, want)
		}
	}
}

func TestLinksThatCannotBeMadeAreRefused(t *testing.T) {
	url, _, _ := serveLinked(t, "open: true")
	body := `{"path": "/cameras/gate/stream"}`
	for _, test := range []struct {
		from, body string
		headers    []string
		status     int
		part       string
	}{
		{elsewhere, body, asJSON, 403, "only an admin"},
		{"127.0.0.1:1", body, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"127.0.0.1:1", body, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}, 403, "another origin"},
		{"127.0.0.1:1", body, []string{"Content-Type", "application/json", "X-Forwarded-For", "192.0.2.1"}, 403, "only an admin"},
		{"127.0.0.1:1", `{"path": "/cameras/none/stream"}`, asJSON, 404, `"camera":"none"`},
		{"127.0.0.1:1", `{"path": "/cameras/gate/stream", "for": "soon"}`, asJSON, 400, `"parameter":"for"`},
		{"127.0.0.1:1", `{"path": "/cameras/gate/stream", "client": "x"}`, asJSON, 400, `"parameter":"client"`},
		{"127.0.0.1:1", `{"path": "/cameras/gate/stream?quality=0"}`, asJSON, 400, "quality is"},
		{"127.0.0.1:1", `{"path": "/cameras/gate/"}`, asJSON, 400, `"parameter":"path"`},
		{"127.0.0.1:1", `{"path": "https://cams.example/cameras/gate/stream"}`, asJSON, 400, `"parameter":"path"`},
		{"127.0.0.1:1", `{"path": "/cameras/gate/stream", "seconds": 5}`, asJSON, 400, `{\"path\": \"/cameras/gate/stream\", \"for\"`},
		{"127.0.0.1:1", body + body, asJSON, 400, "a JSON object"},
		{"127.0.0.1:1", "", asJSON, 400, "a JSON object"},
		{"127.0.0.1:1", `{"path": "` + strings.Repeat("x", maxBody) + `"}`, asJSON, 413, "larger than 64 KiB"},
	} {
		resp, answer := ask(t, "POST", url+"/api/links", test.from, test.body, test.headers...)
		if resp.StatusCode != test.status || !strings.Contains(answer, test.part) {
			t.Errorf("%+.200v: %d %s", test, resp.StatusCode, answer)
		}
	}
}

// finder is a finder of one principal.
type finder struct{ auth.Principal }

func (f finder) Find(*http.Request) (auth.Principal, bool, error) { return f.Principal, true, nil }

func TestAdminOfSomeCamerasMakesNoLinkForOthers(t *testing.T) {
	url, handler, _ := serveLinked(t, "")
	handler.server.finders = []auth.Finder{finder{auth.Principal{Kind: auth.User, Name: "ann", Role: auth.Admin, Cameras: []string{"yard"}}}}
	for camera, want := range map[string]int{"yard": 201, "gate": 403, "none": 403} {
		if resp, body := ask(t, "POST", url+"/api/links", elsewhere, `{"path": "/cameras/`+camera+`/stream"}`, asJSON...); resp.StatusCode != want {
			t.Errorf("%s: %d %s", camera, resp.StatusCode, body)
		}
	}
}

func TestKeysOfLinksAreRotatedAndRevoked(t *testing.T) {
	url, handler, log := serveLinked(t, "")
	keys := func() (all []links.Key) {
		resp, body := ask(t, "GET", url+"/api/links/keys", "127.0.0.1:1", "")
		if err := json.Unmarshal([]byte(body), &all); err != nil || resp.StatusCode != 200 || strings.Contains(body, "secret") {
			t.Errorf("%d %s %v", resp.StatusCode, body, err)
		}
		return all
	}
	if all := keys(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	signed, err := handler.server.links.Sign(links.Request{URL: "/cameras/gate/snapshot.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	for _, refused := range [][]string{{"Content-Type", "text/plain"}, {"Content-Type", "application/json", "Origin", "https://evil.example"}} {
		for _, change := range []struct{ method, path string }{{"POST", "/api/links/keys/rotate"}, {"DELETE", "/api/links/keys/" + signed.Key}} {
			if resp, body := ask(t, change.method, url+change.path, "127.0.0.1:1", "", refused...); resp.StatusCode != 415 && resp.StatusCode != 403 {
				t.Errorf("%v %v: %d %s", change, refused, resp.StatusCode, body)
			}
		}
	}
	if resp, body := ask(t, "POST", url+"/api/links/keys/rotate", "127.0.0.1:1", "", asJSON...); resp.StatusCode != 201 || strings.Contains(body, "secret") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	all := keys()
	if len(all) != 2 || !all[0].Signs || all[1].ID != signed.Key {
		t.Fatalf("%+v", all)
	}
	if resp, _ := ask(t, "GET", url+signed.URL, elsewhere, ""); resp.StatusCode != 200 {
		t.Errorf("%d after the rotation", resp.StatusCode)
	}
	if resp, body := ask(t, "DELETE", url+"/api/links/keys/"+signed.Key, "127.0.0.1:1", "", asJSON...); resp.StatusCode != 204 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := ask(t, "GET", url+signed.URL, elsewhere, ""); resp.StatusCode != 410 || !strings.Contains(body, "the link was revoked") {
		t.Errorf("%d %s after its key was revoked", resp.StatusCode, body)
	}
	if resp, _ := ask(t, "DELETE", url+"/api/links/keys/none", "127.0.0.1:1", "", asJSON...); resp.StatusCode != 404 {
		t.Errorf("%d for a key that is not there", resp.StatusCode)
	}
	for _, line := range []string{`msg="link key rotated" who=local from=127.0.0.1 key=` + all[0].ID, `msg="link key revoked" who=local from=127.0.0.1 key=` + signed.Key} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("%s lacks %s", log, line)
		}
	}
}

func TestKeysOfLinksInTheConfigurationAreChangedThere(t *testing.T) {
	url, _, _ := serveLinked(t, linkKey)
	if resp, body := ask(t, "GET", url+"/api/links/keys", "127.0.0.1:1", ""); resp.StatusCode != 200 || strings.Join(strings.Fields(body), "") != `[{"id":"wall","made":null,"signs":true,"revoked":null}]` {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	for path, method := range map[string]string{"rotate": "POST", "wall": "DELETE"} {
		if resp, body := ask(t, method, url+"/api/links/keys/"+path, "127.0.0.1:1", "", asJSON...); resp.StatusCode != 409 || !strings.Contains(body, "auth.link_keys") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestAdminRevokesALink(t *testing.T) {
	url, handler, log := serveLinked(t, "")
	sign := func(path string) string {
		signed, err := handler.server.links.Sign(links.Request{URL: path})
		if err != nil {
			t.Fatal(err)
		}
		return signed.URL
	}
	gone, stays := sign("/cameras/gate/snapshot.jpg?width=160"), sign("/cameras/gate/snapshot.jpg?width=320")
	body := func(link string) string { return `{"url": "` + link + `"}` }
	for _, test := range []struct {
		from, body string
		headers    []string
		status     int
		part       string
	}{
		{elsewhere, body(gone), asJSON, 403, ""},
		{"127.0.0.1:1", body(gone), []string{"Content-Type", "application/json", "Origin", "https://evil.example"}, 403, "another origin"},
		{"127.0.0.1:1", body(strings.Replace(gone, "width=160", "width=161", 1)), asJSON, 400, `"parameter":"url"`},
		{"127.0.0.1:1", body("/cameras/gate/snapshot.jpg"), asJSON, 400, `"parameter":"url"`},
		{"127.0.0.1:1", `{"link": "x"}`, asJSON, 400, `with these keys only: {\"url\"`},
		{"127.0.0.1:1", body("https://cams.example/cams" + gone), asJSON, 204, ""},
	} {
		if resp, answer := ask(t, "POST", url+"/api/links/revoke", test.from, test.body, test.headers...); resp.StatusCode != test.status || !strings.Contains(answer, test.part) {
			t.Errorf("%+v: %d %s", test, resp.StatusCode, answer)
		}
	}
	for link, want := range map[string]int{gone: 410, stays: 200} {
		if resp, answer := ask(t, "GET", url+link, elsewhere, ""); resp.StatusCode != want {
			t.Errorf("%s: %d %.200s", link, resp.StatusCode, answer)
		}
	}
	_, signature, _ := strings.Cut(gone, "signature=")
	if text := log.String(); !strings.Contains(text, `msg="link revoked" who=local from=127.0.0.1 camera=gate`) || strings.Contains(text, signature) {
		t.Error(text)
	}
}
