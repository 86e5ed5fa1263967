package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
)

// What a fuzzed request is made of. The fuzzer chooses among these, and adds texts of its own.
var (
	fuzzMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
	fuzzPaths   = []string{
		"/", "/cameras/gate/", "/cameras/gate/stream", "/cameras/away/stream", "/cameras/off/stream", "/cameras/gate/snapshot.jpg",
		"/cameras/gate/snapshot.png", "/cameras/gate/snapshot.webp", "/cameras/gate/next.jpg", "/cameras/gate/next.raw", "/api/cameras",
		"/api/cameras/gate", "/api/hardware", "/api/config", "/healthz", "/readyz", "/metrics", "/static/cameras.js", "/static/", "",
	}
	fuzzHosts   = []string{"127.0.0.1:8080", "localhost", "[::1]", "evil.example", "", "a b", "127.0.0.1:99999"}
	fuzzHeaders = []string{
		"Range", "If-None-Match", "If-Modified-Since", "Origin", "Accept", "User-Agent", "Content-Type", "X-Forwarded-Host", "X-Forwarded-Prefix",
		"Sec-Fetch-Dest", "Access-Control-Request-Method", "Cookie",
	}
)

// FuzzRequests sends requests to every route, from this machine. Nothing may fail, and every answer has its headers.
func FuzzRequests(f *testing.F) {
	config, err := configs.Parse("test.yaml", []byte("cors_origins: ['https://wall.example']\ncameras: [{id: gate, url: 'rtsp://h/gate', idle_timeout: 0s}, {id: away, url: 'rtsp://h/away'}, {id: 'off', url: 'rtsp://h/off', disabled: true}]"), nil)
	if err != nil {
		f.Fatal(err)
	}
	handler, stop := newHandler(f, config, nil, time.Now)
	defer stop()
	f.Add(byte(0), byte(2), byte(0), "", "width=640&fps=5&quality=80", byte(4), "image/avif", "")
	f.Add(byte(0), byte(5), byte(0), "", "max_age=2&download=1", byte(0), "bytes=0-1,5-", "")
	f.Add(byte(2), byte(10), byte(0), "", "", byte(6), "application/json", `{"id": "shed", "url": "rtsp://h/shed"}`)
	f.Add(byte(4), byte(11), byte(3), "", "", byte(3), "https://evil.example", `{"name": null}`)
	f.Add(byte(0), byte(19), byte(0), "cameras/%2e%2e/gate/stream", "crop=0,0,1,1&after=1&rotate=90&upscale=1", byte(8), "/a//b", "")
	f.Fuzz(func(t *testing.T, method, path, host byte, rest, query string, header byte, value, body string) {
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method = fuzzMethods[int(method)%len(fuzzMethods)]
		r.URL = &url.URL{Path: "/" + strings.TrimPrefix(fuzzPaths[int(path)%len(fuzzPaths)]+rest, "/"), RawQuery: query}
		r.Host, r.RemoteAddr = fuzzHosts[int(host)%len(fuzzHosts)], "127.0.0.1:1234"
		r.Header.Set(fuzzHeaders[int(header)%len(fuzzHeaders)], value)
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
		if h := w.Result().Header; w.Code == http.StatusInternalServerError || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: %d %v %.200s", r.Method, r.URL, w.Code, h, w.Body)
		}
		if w.Code >= 400 && w.Body.Len() > 8<<10 {
			t.Errorf("%s %s: %d with %d bytes", r.Method, r.URL, w.Code, w.Body.Len())
		}
		if r.Host == "evil.example" && w.Code == http.StatusOK && path%20 != 14 {
			t.Errorf("%s %s is answered under a foreign name", r.Method, r.URL)
		}
	})
}
