package web

import (
	"context"
	testflags "flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"

	"golang.org/x/sync/errgroup"
)

// What a fuzzed request is made of. The fuzzer chooses among these, and adds texts of its own.
var (
	fuzzMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
	fuzzHosts   = []string{"127.0.0.1:8080", "localhost", "[::1]", "evil.example", "", "a b", "127.0.0.1:99999"}
	fuzzHeaders = []string{
		"Range", "If-None-Match", "If-Modified-Since", "Origin", "Accept", "User-Agent", "Content-Type", "X-Forwarded-Host", "X-Forwarded-Prefix",
		"Sec-Fetch-Dest", "Access-Control-Request-Method", "Cookie", "Authorization",
	}
	fuzzFrom = []string{"127.0.0.1:1234", "192.0.2.1:1234"}
)

// fuzzPaths returns a path for each route and camera, and some that are nowhere.
func fuzzPaths() []string {
	paths := []string{"", "/", "/static/", "/none", "/api/none"}
	for _, to := range new(server).routes() {
		for _, id := range []string{"gate", "away", "off", "none"} {
			path := strings.NewReplacer("{id}", id, "{key}", id, "*", "cameras.js").Replace(to.pattern)
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// randomSite are cameras that are there, away and disabled, and all that lets somebody in.
func randomSite(t testing.TB) *configs.Config {
	config, err := configs.Parse("test.yaml", []byte(`
cors_origins: ['https://wall.example']
auth:
  open: true
  jwt: {secret: `+jwtSecret+`}
  link_keys: [{id: wall, secret: `+string(linkSecret)+`}]
cameras: [{id: gate, url: 'rtsp://h/gate', idle_timeout: 0s}, {id: away, url: 'rtsp://h/away'}, {id: 'off', url: 'rtsp://h/off', disabled: true}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Auth.Users = []configs.User{userOf(t, "ann", "ann's", configs.AdminRole), userOf(t, "bob", "bob's", configs.ViewerRole, "ga*")}
	return config
}

// localSite is one without users, which admits everybody on this machine to everything.
func localSite(t testing.TB) *configs.Config {
	config := *randomSite(t)
	config.Auth = configs.Auth{}
	return &config
}

// FuzzRequests sends requests to every route, from this machine and from elsewhere. Nothing may fail, and every answer has its headers.
func FuzzRequests(f *testing.F) {
	handlers, paths := randomHandlers(f), fuzzPaths()
	f.Add(byte(0), byte(2), byte(0), byte(0), "", "width=640&fps=5&quality=80", byte(4), "image/avif", "")
	f.Add(byte(0), byte(15), byte(0), byte(1), "", "max_age=2&download=1", byte(0), "bytes=0-1,5-", "")
	f.Add(byte(2), byte(30), byte(0), byte(2), "", "", byte(6), "application/json", `{"id": "shed", "url": "rtsp://h/shed"}`)
	f.Add(byte(4), byte(31), byte(3), byte(3), "", "", byte(3), "https://evil.example", `{"name": null}`)
	f.Add(byte(0), byte(0), byte(0), byte(0), "cameras/%2e%2e/gate/stream", "crop=0,0,1,1&after=1&rotate=90&upscale=1", byte(8), "/a//b", "")
	f.Add(byte(0), byte(12), byte(0), byte(1), "", "", byte(12), "Basic YW5uOmFubidz", "")
	f.Add(byte(0), byte(12), byte(0), byte(1), "", "width=64&expires=1800000000&key=wall&any=1&ip=::1&signature="+strings.Repeat("A", 43), byte(4), "image/avif", "")
	f.Fuzz(func(t *testing.T, method, path, host, from byte, rest, query string, header byte, value, body string) {
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method = of(fuzzMethods, method)
		r.URL = &url.URL{Path: "/" + strings.TrimPrefix(of(paths, path)+rest, "/"), RawQuery: query}
		r.Host, r.RemoteAddr = of(fuzzHosts, host), of(fuzzFrom, from)
		r.Header.Set(of(fuzzHeaders, header), value)
		expectAnswer(t, of(handlers, from/2), r)
	})
}

func of[T any](values []T, n byte) T { return values[int(n)%len(values)] }

// randomHandlers returns those of a site with users and of one without, until the test ends.
func randomHandlers(t testing.TB) (handlers []*Handler) {
	for _, config := range []*configs.Config{localSite(t), randomSite(t)} {
		handler, stop := newHandler(t, config, nil, time.Now)
		t.Cleanup(stop)
		handlers = append(handlers, handler)
	}
	return handlers
}

// expectAnswer sends a request to a handler. Nothing may fail, and every answer has its headers.
func expectAnswer(t *testing.T, handler *Handler, r *http.Request) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // a stream does not end by itself
	defer cancel()
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler { // as net/http allows
				panic(fault)
			}
		}()
		handler.ServeHTTP(w, r.WithContext(ctx))
	}()
	failed := w.Code >= 500 && w.Code != http.StatusServiceUnavailable
	if h := w.Result().Header; failed || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" {
		t.Errorf("%s %s: %d %v %.200s", r.Method, r.URL, w.Code, h, w.Body)
	}
	if w.Code >= 400 && w.Body.Len() > 8<<10 && w.Result().Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%s %s: %d with %d bytes", r.Method, r.URL, w.Code, w.Body.Len())
	}
	if r.Host == "evil.example" && w.Code == http.StatusOK && !strings.HasPrefix(r.URL.Path, "/healthz") {
		t.Errorf("%s %s is answered under a foreign name", r.Method, r.URL)
	}
}

var randomRequests = testflags.Int("requests", 200, "how many random requests each route gets")

func TestRandomRequestsAreAnswered(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, random.IntN(12))
		for i := range b {
			b[i] = byte(random.IntN(256))
		}
		return string(b)
	}
	credentials := []string{
		"Basic YW5uOmFubidz", "Basic Ym9iOmJvYidz", "Bearer " + token(t, "viewer", "gate"), "Bearer " + token(t, "admin", "*"), "Basic ", "Bearer x", "",
	}
	queries := []string{"", "width=64", "scale=0.1&fps=5", "max_age=1", "after=1&wait=0", "token=x", "signature=x&expires=1&key=wall", "format=gray", "crop=0,0,1,1"}
	handlers := randomHandlers(t)
	var sending errgroup.Group
	sending.SetLimit(64) // streams end after a while only
	defer sending.Wait()
	for _, to := range new(server).routes() {
		for range *randomRequests {
			id := []string{"gate", "away", "off", "none", text()}[random.IntN(5)]
			r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(text()))
			r.Method = to.method
			if random.IntN(8) == 0 {
				r.Method = of(fuzzMethods, byte(random.IntN(256)))
			}
			path := strings.NewReplacer("{id}", id, "{key}", id, "*", "cameras.js").Replace(to.pattern)
			r.URL = &url.URL{Path: path, RawQuery: of(queries, byte(random.IntN(256)))}
			if random.IntN(4) == 0 {
				r.URL.RawQuery += text()
			}
			r.Host, r.RemoteAddr = "127.0.0.1:8080", of(fuzzFrom, byte(random.IntN(2)))
			r.Header.Set("Authorization", of(credentials, byte(random.IntN(256))))
			r.Header.Set(of(fuzzHeaders, byte(random.IntN(256))), text())
			if random.IntN(2) == 0 {
				r.Header.Set("Content-Type", "application/json")
			}
			handler := of(handlers, byte(random.IntN(2)))
			sending.Go(func() error {
				expectAnswer(t, handler, r)
				return nil
			})
		}
	}
}
